; Process-context identifiers (SDM vol. 3A 4.10.1): when CR4.PCIDE may be set, CR3 with a PCID and with bit 63, INVPCID's checks.
; QEMU's TCG has no PCIDs, so the expectations are the manual's.
%include "metal.inc"
start:
    call setup_ivt
    mov ebx, main32
    jmp to_protected
bits 32
main32:
    mov eax, cr4
    or eax, 1 << 17
    try "pcide outside long mode", mov cr4, eax
    mov ebx, main
    jmp to_long
bits 64
align 16
context: dq 0, 0
main:
    mov eax, 1
    cpuid
    shr ecx, 17
    and ecx, 1
    show "cpuid ", ecx, 1
    nl
    mov rbx, cr3
    mov rdx, cr4
    bts rdx, 17
    lea rax, [rbx + 0x18]
    mov cr3, rax
    try "pcide with bits 0-11 of cr3", mov cr4, rdx
    mov cr3, rbx
    try "pcide", mov cr4, rdx
    lea rax, [rbx + 0x123]
    try "pcid 123", mov cr3, rax
    mov rax, cr3
    sub rax, rbx
    show "cr3 low ", eax, 3
    nl
    bts rax, 63
    or rax, rbx
    try "no flush", mov cr3, rax
    mov rax, cr3
    shr rax, 32
    show "cr3 high ", eax, 8
    nl
    mov rax, rbx
    bts rax, 62
    try "a reserved bit", mov cr3, rax
    mov rax, cr0
    btr rax, 31
    try "paging off", mov cr0, rax
%macro invalidate 4             ; label, type, PCID, address
    mov rax, %3
    mov [context], rax
    mov rax, %4
    mov [context + 8], rax
    mov eax, %2
    try %1, invpcid rax, [context]
%endmacro
    invalidate "one address", 0, 0x123, 0x1000
    invalidate "one address, not canonical", 0, 0x123, 0x8000000000000000
    invalidate "one context", 1, 0xfff, 0
    invalidate "one context, reserved bit", 1, 0x1000, 0
    invalidate "all contexts", 2, 0, 0
    invalidate "all but global", 3, 0, 0
    invalidate "type 4", 4, 0, 0
    mov rax, cr4
    btr rax, 17
    try "pcide off", mov cr4, rax
    invalidate "one context without pcide", 1, 1, 0
    exit 0x10
