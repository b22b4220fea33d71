; When interrupts come in: port f5 asks the test host (metal.ts) for one: bits 0-7 the vector, 0 for NMI; bits 8-31 after how many
; instructions. STI and MOV SS shadows, HLT, NMI blocking until IRET, interrupts within REP, priority over traps. Not for QEMU.
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
where: dd 0
nmis: dd 0
%macro ask 1
    mov dx, 0xf5
    mov eax, %1
    out dx, eax
%endmacro
handler:
    pop dword [where]
    push dword [where]
    iretd
nmi_handler:
    inc dword [nmis]
    cmp dword [nmis], 1
    jne .end
    ask 0                           ; blocked until IRET
    nop
    nop
    show " in nmi: ", [nmis], 2
.end:
    iretd
%macro report 0
    mov eax, [where]
    sub eax, [mark]
    show "+", eax, 4
    nl
%endmacro
main:
    say "interrupts", 10
    gate32 0x60, handler
    gate32 0x61, hlt_handler
    gate32 2, nmi_handler
    say "at once: "
    sti
    mov dword [mark], .a
    ask 0x60
.a:
    nop
    nop
    report
    say "after sti: "
    cli
    ask 0x60
    nop
    mov dword [mark], .s
    sti
.s:
    nop
    nop
    nop
    report
    say "sti, sti: "
    cli
    ask 0x60
    mov dword [mark], .ss
    sti
.ss:
    sti
    nop
    nop
    report
    say "sti, cli: "
    cli
    mov dword [where], 0
    ask 0x60
    sti
    cli
    nop
    show "", [where], 4
    mov dword [mark], .p
    sti
.p:
    nop
    nop
    report
    say "popf: "
    cli
    ask 0x60
    push dword 0x202
    mov dword [mark], .f
    popfd
.f:
    nop
    nop
    report
    say "mov ss: "
    cli
    mov cx, ss
    ask 0x60
    mov dword [mark], .m
    push dword 0x202
    sti
    mov ss, cx
.m:
    nop
    nop
    report
    pop eax
    say "iret: "
    cli
    ask 0x60
    pushfd
    or dword [esp], 0x200
    push dword CODE32
    push dword .i
    mov dword [mark], .i
    iretd
.i:
    nop
    nop
    report
    say "after counts:"
    mov ebx, 1
.counts:
    mov dword [mark], .c
    mov eax, ebx
    shl eax, 8
    mov al, 0x60
    mov dx, 0xf5
    out dx, eax
.c:
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    mov eax, [where]
    sub eax, [mark]
    show " +", eax, 2
    inc ebx
    cmp ebx, 6
    jb .counts
    nl
    say "hlt: "
    mov dword [mark], .h
    cli
    ask 0x61
    sti
    hlt
.h:
    nop
    report
    ; REP OUTSB writes the requests itself: an interrupt after each iteration, with the registers so far
    say "rep:"
    mov dword [mark], .r
    gate32 0x60, rep_handler
    mov esi, requests
    mov ecx, 3
    mov dx, 0xf5
.r:
    rep outsb
    nop
    nl
    ; the same with interrupts off: all at the end
    say "rep, cli:"
    mov dword [mark], .q
    mov esi, requests
    mov ecx, 3
    cli
.q:
    rep outsb
    sti
    nop
    nop
    nl
    say "nmi:"
    cli
    ask 0
    nop
    nop
    show " after: ", [nmis], 2
    nl
    exit 0x10
requests: db 0x60, 0x60, 0x60
hlt_handler:
    pop dword [where]
    push dword [where]
    iretd
rep_handler:
    push eax
    mov eax, [esp + 4]
    sub eax, [mark]
    show " +", eax, 2
    show " ecx ", ecx, 2
    pop eax
    iretd
