; Virtual-8086 mode (SDM vol. 3A ch. 20): entry by IRET, interrupts and faults out of it, IOPL-sensitive instructions, I/O permissions,
; segments by paragraph, the way back.
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
; enters V86 code %1 with IOPL %2
%macro v86 2
    mov dword [resume], %%after
    mov eax, %1
    mov ebx, 0x20002 | (%2) << 12
    jmp enter_v86
%%after:
%endmacro
enter_v86:
    push dword 0x0060           ; gs
    push dword 0x0050           ; fs
    push dword 0x0000           ; ds
    push dword 0x0000           ; es
    push dword 0x0000           ; ss
    push dword 0x9000           ; esp
    push ebx
    push dword 0x0000           ; cs
    push eax
    iretd
; a handler of our own for what leaves V86 mode: prints the frame, goes to [resume]
leave_v86:
    ; vector, error, eip, cs, eflags, esp, ss, es, ds, fs, gs
    mov ax, DATA32
    mov ebx, ds
    mov ds, ax
    mov es, ax
    mov ebp, esp
    show "#", [ebp], 2
    show " e=", [ebp + 4], 4
    mov eax, [ebp + 8]
    sub eax, [mark]
    show " ip+", eax, 4
    show " cs ", [ebp + 12], 4
    and dword [ebp + 16], ~0x10000  ; RF: set for faults, which the instruction tests check; not in QEMU 7.2
    show " flags ", [ebp + 16], 8
    show " sp ", [ebp + 20], 4
    show " ss ", [ebp + 24], 4
    show " es ", [ebp + 28], 4
    show " ds ", [ebp + 32], 4
    show " fs ", [ebp + 36], 4
    show " gs ", [ebp + 40], 4
    show " ds in the handler ", ebx, 4
    nl
    mov esp, STACK
    jmp [resume]
%assign v 0
%rep 64
stub_v86_ %+ v:
    %if !(v == 8 || (v >= 10 && v <= 14) || v == 17)
    push byte 0
    %endif
    push byte v
    jmp leave_v86
%assign v v+1
%endrep
main:
    say "v86", 10
    gate32 0, stub_v86_0
    gate32 1, stub_v86_1
    gate32 6, stub_v86_6
    gate32 12, stub_v86_12
    gate32 13, stub_v86_13
    gate32 0x21, stub_v86_33, 0xee
    gate32 0x22, stub_v86_34, 0x8e
    gate32 3, stub_v86_3, 0xee
    mov word [tss_descriptor], 0x87
    mov byte [tss_descriptor + 5], 0x89
    mov ax, TSS32
    ltr ax
    mov byte [tss + 0x68 + (0xe9 >> 3)], 0xfd
%macro v86_try 3+ ; name, IOPL, instruction
    say %1, ": "
    mov dword [mark], %%code
    v86 %%code, %2
    jmp %%over
bits 16
%%code:
    %3
    int 0x21
bits 32
%%over:
%endmacro
    v86_try "int, iopl 3", 3, nop
    v86_try "int, iopl 0", 0, nop
    v86_try "int dpl 0, iopl 3", 3, int 0x22
    v86_try "int3, iopl 0", 0, int3
    v86_try "cli, iopl 0", 0, cli
    v86_try "cli, iopl 3", 3, cli
    v86_try "sti, iopl 3", 3, sti
    v86_try "pushf, iopl 0", 0, pushf
    v86_try "pushf, iopl 3", 3, pushf
    v86_try "popf, iopl 0", 0, popf
    v86_try "iret, iopl 0", 0, iret
    v86_try "hlt", 3, hlt
    v86_try "in", 3, in al, 0x80
    v86_try "in allowed", 0, in al, 0xe9
    v86_try "mov cr0", 3, mov eax, cr0
    v86_try "lgdt", 3, lgdt [0]
    v86_try "sldt", 3, sldt ax
    v86_try "lar", 3, lar ax, bx
    v86_try "divide", 3, div byte [zero]
    v86_try "ud2", 3, ud2
    v86_try "past the limit", 3, mov al, [dword 0x10000]
    v86_try "lock", 3, db 0xf0, 0x90
    v86_try "sysenter", 3, sysenter
    v86_try "push [sp wrap]", 3, mov sp, 1
    ; a longer piece: segments, far calls, strings; its results in memory
    say "program: "
    mov dword [mark], program
    v86 program, 3
    show "result ", [result], 8
    show " ", [result + 4], 8
    show " ", [result + 8], 8
    nl
    ; #GP, the monitor emulates, and IRET goes back in
    gate32 13, monitor
    say "monitor: "
    mov dword [mark], guest
    v86 guest, 0
    show "emulated ", [emulated], 2
    nl
    exit 0x10
; skips a two-byte instruction of the guest and returns into it
monitor:
    pushad
    mov ax, DATA32
    mov ds, ax
    inc dword [emulated]
    add dword [esp + 32 + 4], 1
    cmp dword [emulated], 3
    jae .end
    popad
    add esp, 4
    iretd
.end:
    popad
    push byte 13
    jmp leave_v86
emulated: dd 0
bits 16
guest:
    cli
    sti
    cli
    jmp $
program:
    mov ax, 0x0040
    mov es, ax
    mov word [es:0x0200], 0x4444
    mov ax, [0x0600]
    mov [result], ax
    mov ax, fs
    mov [result + 2], ax
    call 0x0010:(far_v86 - 0x100)
    mov [result + 4], ax
    pushf
    pop ax
    mov [result + 6], ax
    mov si, result
    mov di, result + 8
    push ds
    pop es
    mov cx, 4
    rep movsb
    push word 0x3246            ; popf: IOPL and VM stay
    popf
    int 0x21
far_v86:
    mov ax, cs
    retf
align 4
result: dq 0, 0
zero: db 0
