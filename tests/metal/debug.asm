; Debug exceptions (SDM vol. 3A ch. 17): single-step over all kinds of instructions, breakpoints on execution and data, RF, GD,
; INT1, what DR6 says.
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
align 4
log: times 64 dd 0
count: dd 0
clear_rf: dd 0
%macro reset_log 0
    mov dword [count], 0
    mov eax, 0xffff0ff0
    mov dr6, eax
%endmacro
; prints the offsets of the traps from [mark], and DR6
%macro show_log 0
    call print_log
%endmacro
print_log:
    xor ebx, ebx
.next:
    cmp ebx, [count]
    jae .end
    mov eax, [log + ebx * 8]
    sub eax, [mark]
    show " +", eax, 2
    show "/", [log + ebx * 8 + 4], 4
    inc ebx
    jmp .next
.end:
    nl
    reset_log
    ret
db_handler:
    push eax
    push ebx
    mov ebx, [count]
    cmp ebx, 30
    jae .full
    mov eax, [esp + 8]
    mov [log + ebx * 8], eax
    mov eax, dr6
    and eax, 0xf00f
    mov [log + ebx * 8 + 4], eax
    inc dword [count]
.full:
    mov eax, 0xffff0ff0
    mov dr6, eax
    cmp dword [resume_rf], 0
    je .end
    or dword [esp + 16], 0x10000
.end:
    pop ebx
    pop eax
    iretd
resume_rf: dd 0
%macro step_on 0
    pushfd
    or dword [esp], 0x100
    popfd
%endmacro
%macro step_off 0
    pushfd
    and dword [esp], ~0x100
    popfd
%endmacro
other: iretd
main:
    say "debug", 10
    gate32 1, db_handler
    gate32 0x44, other
    reset_log
    say "steps:"
    mov dword [mark], .s1
    step_on
.s1:
    nop
    mov eax, 1
    jmp .s2
    nop
.s2:
    step_off
    show_log
    say "rep:"
    mov dword [mark], .r1
    mov ecx, 3
    mov esi, 0x2000
    mov edi, 0x9000
    step_on
.r1:
    rep movsb
    nop
    step_off
    show_log
    say "int:"
    mov dword [mark], .i1
    step_on
.i1:
    int 0x44
    nop
    step_off
    show_log
    say "mov ss:"
    mov dword [mark], .m1
    mov ax, ss
    step_on
.m1:
    mov ss, ax
    nop
    nop
    step_off
    show_log
    say "cpuid, call, ret:"
    mov dword [mark], .c1
    step_on
.c1:
    call .c2
    jmp .c3
.c2:
    ret
.c3:
    step_off
    show_log
    ; execution breakpoints: before the instruction; RF lets it run
    mov dword [resume_rf], 1
    mov eax, .b1
    mov dr0, eax
    mov eax, .b2
    mov dr1, eax
    mov eax, 0x40a
    mov dr7, eax
    mov dword [mark], .b1
    say "execution:"
    mov ecx, 2
.b1:
    nop
.b2:
    inc eax
    loop .b1
    xor eax, eax
    mov dr7, eax
    show_log
    ; both at once: step and breakpoint
    mov eax, .x1
    mov dr2, eax
    mov eax, 0x420
    mov dr7, eax
    mov dword [mark], .x1
    say "step and execution:"
    step_on
    nop
.x1:
    nop
    step_off
    xor eax, eax
    mov dr7, eax
    show_log
    ; data: after the instruction
    mov dword [resume_rf], 0
    mov eax, 0x9100
    mov dr0, eax
    mov eax, 0xd0402                  ; write, 4 bytes
    mov dr7, eax
    mov dword [mark], .d1
    say "write:"
.d1:
    mov [0x9100], eax
    mov eax, [0x9100]
    mov [0x9103], al
    mov [0x9104], al
    mov [0x90fd], eax
    mov [0x90fc], eax
    inc byte [0x9101]
    push dword [0x9100]
    pop dword [0x9100]
    xor eax, eax
    mov dr7, eax
    show_log
    mov eax, 0x30402                  ; read or write, 1 byte
    mov dr7, eax
    mov dword [mark], .d2
    say "read or write, 1 byte:"
.d2:
    mov eax, [0x90fd]
    mov eax, [0x9101]
    mov al, [0x9100]
    mov edi, 0x90fe
    mov ecx, 5
    rep stosb
    xor eax, eax
    mov dr7, eax
    show_log
    mov eax, cr4
    or eax, 8
    mov cr4, eax
    ; with DE set, DR4 is #UD; without it is DR6
    gate32 1, stubs32 + 16
    try "dr4 with de", mov eax, dr4
    mov eax, cr4
    and eax, ~8
    mov cr4, eax
    mov eax, dr4
    show "dr4 ", eax, 8
    mov eax, dr5
    show " dr5 ", eax, 8
    nl
    ; GD: any access to a debug register
    mov eax, 0x2400
    mov dr7, eax
    try "gd", mov eax, dr0
    mov eax, dr6
    show "dr6 ", eax, 8
    mov eax, dr7
    show " dr7 ", eax, 8
    nl
    mov eax, 0xffff0ff0
    mov dr6, eax
    try "int1", db 0xf1
    mov eax, dr6
    show "dr6 ", eax, 8
    nl
    ; values written and read back
    xor eax, eax
    mov dr6, eax
    mov dr7, eax
    mov eax, dr6
    show "dr6 of 0: ", eax, 8
    mov eax, dr7
    show " dr7 of 0: ", eax, 8
    mov eax, 0xffffffff
    mov dr6, eax
    mov eax, dr6
    and eax, ~0xf800
    show " dr6 of ones: ", eax, 8
    nl
    exit 0x10
