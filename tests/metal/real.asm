; Real mode: address wrap, segment limits, interrupt frames, faults at their instruction, 32-bit operands and addresses, single-step.
%include "metal.inc"
start:
    call setup_ivt
    say "real mode", 10
    ; 16-bit address arithmetic wraps at 64 KiB
    mov word [0x0500], 0x1234
    mov bx, 0xff00
    mov si, 0x0600
    mov ax, [bx + si]
    show "wrap bx+si: ", eax, 4
    nl
    ; one mebibyte and beyond: FFFF:0510 is 10_0500 (A20 is on)
    mov ax, 0xffff
    mov es, ax
    mov word [es:0x0510], 0xbeef
    mov ax, [0x0500]
    show "ffff:0510 aliases 0:0500 if a20 is off: ", eax, 4
    nl
    ; string moves wrap in SI and DI
    xor ax, ax
    mov es, ax
    mov byte [0x7ff0], 0xaa
    mov byte [0x7ff1], 0xbb
    mov si, 0x7ff0
    mov di, 0x7ffe
    mov cx, 2
    rep movsb
    show "movs: ", [0x7ffe], 4
    show " si=", esi, 4
    show " di=", edi, 4
    nl
    ; stack wrap: SP = 0 pushes at FFFE
    mov bp, sp
    mov sp, 0
    push word 0x5678
    mov ax, sp
    mov sp, bp
    show "push at 0: sp=", eax, 4
    nl
    ; 32-bit operands and addresses
    mov eax, 0x12345678
    mov ebx, 0x500
    mov [ebx + 4], eax
    mov ecx, [dword 0x504]
    show "32-bit: ", ecx, 8
    nl
    ; INT pushes FLAGS, CS, IP and clears IF and TF
    mov word [0x60 * 4], int60
    mov word [0x60 * 4 + 2], 0
    push word 0xf202 & 0x0fd7
    popf
    sti
    stc
    int 0x60
after_int:
    pushf
    pop ax
    and ax, 0x0fff
    show "flags after iret: ", eax, 4
    nl
    cli
    try "divide", div byte [zero]
    try "bound", bound ax, [bounds]
    try "ud2", ud2
    try "aam 0", db 0xd4, 0
    try "int3", int3
    mov al, 0x7f
    add al, 1
    try "into", into
    try "lock", db 0xf0, 0x90
    try "ltr", ltr ax
    try "arpl", arpl ax, bx
    try "sysenter in real mode", sysenter
    ; far calls
    mov ax, 0x1111
    call 0x0010:(far_routine - 0x100)
    show "far call: ", eax, 4
    nl
    push cs
    push word .back
    push word 0x0020
    push word (far_jump - 0x200)
    retf
.back:
    say "retf", 10
    ; the same paragraph by another segment
    mov ax, 0x0050
    mov fs, ax
    mov gs, [fs:4]
    mov ax, [fs:4]
    show "fs:4 ", eax, 4
    mov ax, gs
    show " gs=", eax, 4
    nl
    lds bx, [pointer]
    mov dx, ds
    push word 0
    pop ds
    show "lds: ", edx, 4
    show ":", ebx, 4
    nl
    ; ENTER with levels, PUSHA, POPA
    mov bp, 0x9000
    mov word [0x8ffe], 0x1111
    mov word [0x8ffc], 0x2222
    mov bx, sp
    enter 6, 3
    mov ax, bp
    sub ax, bx
    mov cx, sp
    sub cx, bx
    mov dx, [bp - 4]
    mov sp, bx
    show "enter: bp", eax, 4
    show " sp", ecx, 4
    show " copied ", edx, 4
    nl
    mov cx, 5
    mov sp, STACK
    pusha
    mov bp, sp
    mov ax, [bp + 6]
    mov sp, STACK
    show "pusha sp: ", eax, 4
    nl
    ; SMSW, a MOV to CR0 that stays real; the 386's PE bit stays set until cleared by MOV
    smsw ax
    show "smsw: ", eax, 1
    nl
    ; single-step: TF set by POPF traps after the next instruction
    mov word [1 * 4], step
    mov word [1 * 4 + 2], 0
    mov dword [steps], 0
    mov word [0x61 * 4], plain_iret
    mov word [0x61 * 4 + 2], 0
    pushf
    pop ax
    or ax, 0x100
    push ax
    popf
    nop
    mov bx, 1
    rep lodsb                ; CX = 5: a trap for each iteration
    int 0x61                 ; no trap in the handler
    pushf
    pop ax
    and ax, ~0x100
    push ax
    popf
    nop
    show "steps: ", [steps], 2
    nl
    ; segment limits: what crosses offset FFFF faults
    mov bx, 0xffff
    try "word at ffff", mov ax, [bx]
    mov bp, 0xffff
    try "word at ss:ffff", mov ax, [bp]
    mov ebx, 0x10000
    try "32-bit offset 10000", mov al, [ebx]
    exit 0x10
zero: db 0
bounds: dw 5, 6
pointer: dw 0x4321, 0x8765
steps: dd 0
step:
    inc word [cs:steps]
    iret
plain_iret:
    iret
int60:
    push bp
    mov bp, sp
    push eax
    mov ax, [bp + 6]
    and ax, 0x0fff
    show "int: flags ", eax, 4
    pushf
    pop ax
    and ax, 0x0fff
    show " in the handler ", eax, 4
    mov ax, [bp + 2]
    sub ax, after_int
    show " ip", eax, 4
    nl
    pop eax
    pop bp
    iret
far_routine:
    mov ax, cs
    retf
far_jump:
    retf
