; Hardware task switches (SDM vol. 3A ch. 7): JMP, CALL with IRET, task gates by INT and by exceptions with error codes, what the new task
; faults on (#TS, #NP), busy bits, NT, CR0.TS, the debug trap bit; #TS for a bad inner stack; double fault by task gate.
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
tss_a: times 0x68 db 0
tss_b: times 0x68 db 0
; a TSS at %1: starts at %2 with stack %3
%macro task 3
    mov edi, %1
    mov ecx, 0x68 / 4
    xor eax, eax
    rep stosd
    mov dword [%1 + 0x20], %2
    mov dword [%1 + 0x24], 2
    mov dword [%1 + 0x38], %3
    mov dword [%1 + 0x48], DATA32
    mov dword [%1 + 0x4c], CODE32
    mov dword [%1 + 0x50], DATA32
    mov dword [%1 + 0x54], DATA32
    mov dword [%1 + 0x58], DATA32
    mov dword [%1 + 0x5c], DATA32
    mov dword [%1 + 0x64], 0x680000
    mov dword [%1 + 0x28], 0xa0a0a0a0
    mov dword [%1 + 0x2c], 0xc1c1c1c1
%endmacro
%macro tss_at 3 ; index, address, access
    mov dword [own_descriptors + (%1) * 8], 0x67
    mov dword [own_descriptors + (%1) * 8 + 4], (%3) << 8
    mov word [own_descriptors + (%1) * 8 + 2], %2
%endmacro
%macro busy 0
    call show_busy
%endmacro
show_busy:
    push eax
    movzx eax, byte [tss_descriptor + 5]
    show " main ", eax, 2
    movzx eax, byte [own_descriptors + 5]
    show " a ", eax, 2
    movzx eax, byte [own_descriptors + 8 + 5]
    show " b ", eax, 2
    pushfd
    pop eax
    show " flags ", eax, 4
    str eax
    show " tr ", eax, 4
    mov eax, cr0
    show " cr0 ", eax, 2
    clts
    nl
    pop eax
    ret
main:
    say "tasks", 10
    tss_at 0, tss_a, 0x89
    tss_at 1, tss_b, 0x89
    ; call and IRET
    task tss_a, task_a, 0xa000
    mov edx, 0xd00d
    call sel(0):0
    say "back:"
    busy
    show "edx ", edx, 4
    show " link ", [tss_a], 4
    show " esp in the task's TSS ", [tss_a + 0x38], 4
    nl
    ; again: it goes on after its IRET
    call sel(0):0
    say "back again:"
    busy
    ; JMP there and back
    task tss_a, task_jump, 0xa000
    jmp sel(0):0
    say "jumped back:"
    busy
    ; INT through a task gate
    task tss_a, task_int, 0xa000
    mov dword [IDT + 0x42 * 8], sel(0) << 16
    mov dword [IDT + 0x42 * 8 + 4], 0x8500
    int 0x42
    say "back from int:"
    busy
    ; nested: a calls b
    task tss_a, task_nest, 0xa000
    task tss_b, task_inner, 0xb000
    call sel(0):0
    say "back from two:"
    busy
    ; #GP through a task gate: the error code is on the new stack, EIP in the old TSS is the fault's
    task tss_b, task_fault, 0xb000
    mov dword [IDT + 13 * 8], sel(1) << 16
    mov dword [IDT + 13 * 8 + 4], 0x8500
    mov eax, 0xfff0
bad_load:
    mov ds, ax
    mov ax, DATA32
    mov ds, ax
    say "back from the fault:"
    busy
    gate32 13, stubs32 + 13 * 16

    say "bad targets", 10
    mov byte [own_descriptors + 5], 0x8b
    try "busy", call sel(0):0
    mov byte [own_descriptors + 5], 0x09
    try "not present", call sel(0):0
    mov byte [own_descriptors + 5], 0x89
    mov byte [own_descriptors], 0x66
    try "short limit", call sel(0):0
    mov byte [own_descriptors], 0x67
    ; IRET with NT and a bad link
    pushfd
    or dword [esp], 0x4000
    popfd
    mov dword [tss], 0
    try "iret, null link", iretd
    pushfd
    or dword [esp], 0x4000
    popfd
    mov dword [tss], sel(1)
    try "iret, link not busy", iretd
    pushfd
    and dword [esp], ~0x4000
    popfd
    ; faults in the new task
%macro in_new 3
    task tss_a, task_a, 0xa000
    mov dword [tss_a + %2], %3
    task tss_b, task_report, 0xb000
    mov dword [report_back], %%after
    say %1, ": "
    call sel(0):0
    say "no fault", 10
    call to_main
%%after:
%endmacro
    ; a handler cannot rely on CS and SS then: #TS, #NP and #SS go through a task gate
%assign v 10
%rep 3
    mov dword [IDT + v * 8], sel(1) << 16
    mov dword [IDT + v * 8 + 4], 0x8500
%assign v v+1
%endrep
    descriptor 3, 0x0000ffff, 0x00cf1b00            ; code, not present
    descriptor 4, 0x0000ffff, 0x00cf1300            ; data, not present
    descriptor 5, 0x0000ffff, 0x00cf9100            ; data, read only
    in_new "cs null", 0x4c, 0
    in_new "cs data", 0x4c, DATA32
    in_new "cs not present", 0x4c, sel(3)
    in_new "ss null", 0x50, 0
    in_new "ss not present", 0x50, sel(4)
    in_new "ss read only", 0x50, sel(5)
    in_new "ds code not readable", 0x54, sel(3)
    in_new "ds not present", 0x54, sel(4)
    in_new "fs beyond the table", 0x58, 0xfff8
    in_new "ldt beyond the table", 0x60, 0xfff8
    in_new "ldt code", 0x60, CODE32
    ; the T bit: #DB before the first instruction, BT in DR6
    task tss_a, task_a, 0xa000
    mov dword [tss_a + 0x64], 0x680001
    say "t bit: "
    mov dword [resume], .t_after
    mov dword [mark], task_a
    call sel(0):0
.t_after:
    mov eax, dr6
    show "dr6 ", eax, 8
    nl
    mov eax, 0xffff0ff0
    mov dr6, eax
    call to_main

    say "inner stacks", 10
    ; #TS for a bad SS0 is taken through a task gate, double faults too
    task tss_b, task_report, 0xb000
    mov dword [IDT + 8 * 8], sel(1) << 16
    mov dword [IDT + 8 * 8 + 4], 0x8500
    descriptor 6, 0x00000fff, 0x00409300            ; data, limit fff
%macro inner 3
    task tss_b, task_report, 0xb000
    mov dword [report_back], %%after
    mov word [tss + 8], %2
    mov dword [tss + 4], %3
    say %1, ": "
    mov eax, user_int
    mov ebx, 0x9000
    jmp to_user32
%%after:
%endmacro
    gate32 0x43, stubs32, 0xee
    inner "ss0 null", 0, STACK
    inner "ss0 code", CODE32, STACK
    inner "ss0 not present", sel(4), STACK
    inner "ss0 beyond the table", 0xfff8, STACK
    inner "ss0 rpl 3", DATA32 | 3, STACK
    inner "ss0 dpl 3", USERD32 & ~3, STACK
    ; a double fault: the handler of #UD cannot be entered
    mov word [tss + 8], DATA32
    mov dword [tss + 4], STACK
    mov byte [IDT + 11 * 8 + 5], 0
    mov byte [IDT + 13 * 8 + 5], 0
    mov dword [report_back], .double
    task tss_b, task_report, 0xb000
    say "double fault: "
    int 0x50
.double:
    exit 0x10

; in the context of a task after a fault: makes the main task current again
to_main:
    pop ebx
    mov byte [own_descriptors + 5], 0x89
    mov byte [own_descriptors + 8 + 5], 0x89
    mov byte [tss_descriptor + 5], 0x89
    mov ax, TSS32
    ltr ax
    xor eax, eax
    lldt ax
    push dword 2
    popfd
    clts
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    mov esp, STACK
    jmp ebx
report_back: dd 0
user_int:
    int 0x43
; prints the error code on its stack and what the other task was doing
task_report:
    mov ebp, esp
    show "error ", [ebp], 4
    show " cs ", [tss + 0x4c], 4
    mov eax, [tss + 0x20]
    sub eax, user_int
    cmp eax, 16
    jae .elsewhere
    show " eip+", eax, 4
.elsewhere:
    show " link ", [tss_b], 4
    nl
    mov ebx, [report_back]
    push ebx
    jmp to_main
task_a:
    show "task a: eax ", eax, 8
    show " edx ", edx, 4
    busy
    iretd
    say "task a again:"
    busy
    iretd
task_jump:
    say "task by jmp:"
    busy
    jmp TSS32:0
task_int:
    say "task by int:"
    busy
    iretd
task_nest:
    say "outer:"
    busy
    call sel(1):0
    say "outer again:"
    busy
    iretd
task_inner:
    say "inner:"
    busy
    iretd
task_fault:
    mov ebp, esp
    show "task by fault: error ", [ebp], 4
    mov eax, [tss + 0x20]
    sub eax, bad_load
    show " eip+", eax, 4
    busy
    add dword [tss + 0x20], 2
    pop eax
    iretd
