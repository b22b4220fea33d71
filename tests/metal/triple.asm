; Double fault with its error code, then the machine stops in shutdown: a triple fault (SDM vol. 3A 6.15, #DF).
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
main:
    say "double fault", 10
    ; #UD whose gate is not present, #NP whose gate is not present either: #DF
    gate32 6, stubs32, 0x0e
    try "ud2 without a gate", ud2
    gate32 11, stubs32, 0x0e
    try "nor one for #np", ud2
    gate32 13, stubs32, 0x0e
    try "nor for #gp, empty gate", int 0x50
    ; a page fault on delivering a page fault
    gate32 11, stubs32 + 11 * 16
    mov dword [TABLES], 0x87
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov eax, TABLES
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    say "triple fault", 10
    mov esp, 0x400010               ; not mapped: nothing can be delivered
    push eax
    mov esp, STACK
    say "still here", 10
    exit 0x11
