; 64-bit mode: the way in, 4-level paging with 1 GiB pages, NX, SMEP, SMAP; canonical addresses, null segments, IST, IRET, compatibility
; mode and back, call gates, segment bases, CR8, SYSCALL and SYSRET, SYSENTER and SYSEXIT, the way out to protected and real mode.
%include "metal.inc"
start:
    call setup_ivt
    mov ebx, main32
    jmp to_protected
bits 32
main32:
    mov ebx, main
    jmp to_long
bits 64
%macro user 0
    mov eax, %%user
    mov ebx, 0x9000
    jmp to_user64
%%user:
%endmacro
%macro user_try 2+
    say %1, ": "
    mov dword [resume], %%after
    mov dword [mark], %%here
    mov eax, %%here
    mov ebx, 0x9000
    jmp to_user64
%%here:
    %2
    int 0x40
%%after:
%endmacro
back:
    mov esp, STACK
    say "no fault", 10
    mov eax, [resume]
    jmp rax
show64:                         ; rax
    push rax
    shr rax, 32
    mov cl, 8
    call hex64
    pop rax
    mov cl, 8
    call hex64
    ret
main:
    gate64 0x40, back, 0xee
    ; user mode prints too: the map allows e9
    mov word [tss + 0x66], 0x68
    mov byte [tss + 0x68 + (0xe9 >> 3)], 0xfd
    mov word [tss_descriptor], 0x87
    mov byte [tss_descriptor + 5], 0x89
    mov ax, TSS32
    ltr ax
    say "long mode", 10
    mov ecx, 0xc0000080
    rdmsr
    show "efer ", eax, 4
    nl
    mov rbx, 0x800000000000
    try "read not canonical", mov al, [rbx]
    mov rbp, rbx
    try "stack not canonical", mov al, [rbp]
    ; a fault on the stack needs another: IST
    mov qword [tss + 0x24], 0xa000
    gate64 12, stubs64 + 12 * 16, 0x8e, 1
    gate64 13, stubs64 + 13 * 16, 0x8e, 1
    say "push not canonical: "
    lea rsp, [rbx + 0x100]
    fault push rax
    say "pop not canonical: "
    lea rsp, [rbx + 0x100]
    fault pop rax
    gate64 12, stubs64 + 12 * 16
    gate64 13, stubs64 + 13 * 16
    mov rax, rbx
    try "jmp not canonical", jmp rax
    try "lgdt not canonical", lgdt [rbx]
    mov rbx, 0x40000000
    try "read not present", mov al, [rbx]
    mov rbx, 0xffff800000000000
    try "read not present, high", mov [rbx], al
    xor eax, eax
    mov ds, ax
    mov al, [0x1000]
    say "null ds read", 10
    xor eax, eax
    try "mov ss null", mov ss, ax
    mov eax, DATA32
    mov ss, ax
    mov eax, sel(31)
    try "mov ds null descriptor", mov ds, ax
    strict "cr0 pg off", call pg_off
    strict "cr4 pae off", call pae_off
    strict "efer lme off", call lme_off
    strict "efer reserved", call efer_reserved
    strict "cr3 reserved", call cr3_reserved
    try "cr8 too large", call cr8_large
    mov ecx, 0xc0000100
    mov edx, 0x8000
    xor eax, eax
    try "fs base not canonical", wrmsr
    ; segment bases
    mov ecx, 0xc0000100
    mov eax, 0x2000
    xor edx, edx
    wrmsr
    mov rax, [fs:0]
    cmp rax, [0x2000]
    setz al
    show "fs base ", eax, 1
    mov ecx, 0xc0000101
    mov eax, 0x3000
    wrmsr
    mov ecx, 0xc0000102
    mov eax, 0x4000
    wrmsr
    swapgs
    mov ecx, 0xc0000101
    rdmsr
    show " swapgs ", eax, 4
    mov ecx, 0xc0000102
    rdmsr
    show " ", eax, 4
    nl
    ; cs and ds overrides mean nothing; the fs base is added to 32-bit addresses too
    mov ebx, 0x10
    mov eax, [fs:ebx]
    cmp eax, [0x2010]
    setz al
    show "fs:ebx ", eax, 1
    nl

    say "paging", 10
%define PDPT4 (TABLES + 0x1000)
%define PD4 (TABLES + 0x2000)
%define PT4 (TABLES + 0x3000)
%define V 0x40000000
    ; 1 GiB page at 8000_0000, a 4 KiB one at V
    mov qword [PDPT4 + 16], 0x87
    mov dword [0x200700], 0x77777777
    mov rbx, 0x80000000
    mov eax, [rbx + 0x200700]
    show "1 GiB page ", eax, 8
    show " entry ", [PDPT4 + 16], 8
    nl
    mov edi, PT4
    mov ecx, 0x2000 / 4
    xor eax, eax
    rep stosd
    mov qword [PDPT4 + 8], PT4 + 0x1000 + 7
    mov qword [PT4 + 0x1000], PT4 + 7
    mov qword [PT4], 0x300007
    mov byte [0x300000], 0xc3
    mov ebx, V
    try "call", call rbx
    show "entry ", [PT4], 8
    show " directory ", [PT4 + 0x1000], 8
    show " pointer ", [PDPT4 + 8], 8
    show " top ", [TABLES], 8
    nl
    mov dword [PT4 + 4], 0x80000000
    invlpg [V]
    say "call nx: "
    fault_at V, call rbx
    mov dword [PT4 + 4], 0x00080000
    invlpg [V]
    try "reserved", mov al, [rbx]
    mov dword [PT4 + 4], 0
    mov qword [PDPT4 + 24], 0x2087         ; reserved in a 1 GiB page
    mov ecx, 0xc0000000
    try "reserved in 1 GiB", mov al, [rcx]
    ; SMEP and SMAP with our own pages for the supervisor: V and the page after are the user's
    mov qword [PD4], 0x83
    mov qword [PT4 + 8], 0x301007
    mov byte [0x301000], 0xc3
    mov rax, cr3
    mov cr3, rax
    mov rax, cr4
    or eax, 0x100000
    mov cr4, rax
    say "smep call: "
    fault_at V, call rbx
    try "smep read", mov al, [rbx]
    mov qword [PT4 + 8], 0
    mov dword [V + 0xffc], 0x44444444
    mov rax, cr4
    or eax, 0x200000
    mov cr4, rax
    try "smap read", mov al, [rbx]
    try "smap write", mov [rbx], al
    gate64 14, stubs64 + 14 * 16, 0x8e, 1
    say "smap push: "
    mov rsp, V + 0x800
    fault push rax
    gate64 14, stubs64 + 14 * 16
    stac
    try "smap read, ac", mov al, [rbx]
    clac
    try "smap read, clac", mov al, [rbx]
    mov rax, cr4
    and eax, ~0x300000
    mov cr4, rax
    mov qword [PD4], 0x87
    mov rax, cr3
    mov cr3, rax
    user_try "stac in user mode", stac

    say "interrupts", 10
    ; the frame: SS and RSP always, RSP aligned
    gate64 0x41, frame
    mov rsp, STACK - 3
    int 0x41
    mov rsp, STACK
    ; IST
    mov qword [tss + 0x24], 0xa000
    gate64 0x42, frame, 0x8e, 1
    int 0x42
    mov word [idtr64], 0x3f * 16 - 1
    lidt [idtr64]
    try "int past the idt", int 0x3f
    mov word [idtr64], 256 * 16 - 1
    lidt [idtr64]
    gate64 0x3f, frame, 0x0e
    try "gate not present", int 0x3f
    gate64 0x3f, frame, 0x8e
    mov word [IDT + 0x3f * 16 + 2], CODE32
    try "gate to 32-bit code", int 0x3f
    mov word [IDT + 0x3f * 16 + 2], CODE64
    mov dword [IDT + 0x3f * 16 + 8], 0x8000
    try "gate not canonical", int 0x3f
    mov dword [IDT + 0x3f * 16 + 8], 0
    gate64 0x3f, frame, 0x8f
    int 0x3f
    ; IRET: to a null SS in ring 0 is good; to ring 3 it is not
    push qword 0
    push qword STACK
    push qword 2
    push qword CODE64
    push qword .iret0
    iretq
.iret0:
    mov eax, ss
    show "iret with null ss ", eax, 4
    nl
    mov eax, DATA32
    mov ss, ax
%macro bad_iret 6
    mov rsp, STACK
    mov rax, %6
    push qword %2
    push qword STACK
    push qword %3
    push qword %4
    push rax
    try %1, iretq
%endmacro
    bad_iret "iret, null ss for ring 3", 3, 2, USERC64, 0, back
    bad_iret "iret, null cs", DATA32, 2, 0, 0, back
    bad_iret "iret, data cs", DATA32, 2, DATA32, 0, back
    bad_iret "iret, inner cs", DATA32, 2, USERC64 & ~3, 0, back
    bad_iret "iret, rip not canonical", DATA32, 2, CODE64, 0, 0x800000000000
    mov rsp, STACK
    pushfq
    or dword [rsp], 0x4000
    popfq
    try "iret with nt", iretq
    pushfq
    and dword [rsp], ~0x4000
    popfq
    try "call far direct", db 0x9a, 0, 0, 0, 0, 0, 0
    ; a 64-bit call gate from ring 3
    mov word [own_descriptors], callee
    mov word [own_descriptors + 2], CODE64
    mov dword [own_descriptors + 4], 0xec00
    mov qword [own_descriptors + 8], 0
    user
    mov eax, cs
    show "user ", eax, 4
    call far dword [gate_pointer]
    show " back, rsp ", esp, 4
    nl
    int 0x40
after_gate:

    say "compatibility mode", 10
    ; null so far, which only 64-bit mode lets pass
    mov eax, DATA32
    mov ss, ax
    mov ds, ax
    mov es, ax
    push qword CODE32
    push qword compat
    retfq
bits 32
compat:
    mov eax, cs
    show "cs ", eax, 4
    mov ecx, 0xc0000080
    rdmsr
    show " efer ", eax, 4
    ; REX prefixes are INC and DEC here
    mov eax, 1
    inc eax
    db 0x48                     ; dec eax
    show " dec ", eax, 2
    mov ebx, 0xfffffff0
    mov al, [ebx + 0x1010]      ; wraps at 4 GiB
    nl
    jmp CODE64:.back64
bits 64
.back64:
    ; a fault and an interrupt taken from compatibility mode of ring 3
    mov dword [resume], .after_ud
    mov dword [mark], .ud
    say "ud2 in compatibility mode: "
    push qword USERD32
    push qword 0x9000
    push qword 2
    push qword USERC32
    push qword .ud
    iretq
.ud:
    ud2
.after_ud:

    say "syscall", 10
    mov ecx, 0xc0000081
    xor eax, eax
    mov edx, ((USERC32 & ~3) << 16) | CODE64      ; SYSRET64: CS + 16 = USERC64, SS + 8 = USERD32
    wrmsr
    mov ecx, 0xc0000082
    mov eax, sys_entry
    xor edx, edx
    wrmsr
    mov ecx, 0xc0000084
    mov eax, 0x4700
    wrmsr
    user
    std
    stc
    syscall
after_syscall:
    cld
    mov eax, cs
    show " back: cs ", eax, 4
    mov eax, ss
    show " ss ", eax, 4
    pushfq
    pop rax
    show " flags ", eax, 4
    nl
    int 0x40
after_gate2:
    push qword USERD32
    push qword 0x9000
    push qword 2
    push qword USERC32
    push qword user32
    iretq
bits 32
user32:
    mov eax, USERD32
    mov ds, ax
    ; Intel's processors know it in 64-bit mode only (AMD's and QEMU use CSTAR)
%ifdef QEMU
    say "syscall in compatibility mode: not in qemu, "
%else
    say "syscall in compatibility mode: "
    mov dword [resume], sysenter_tests
    mov dword [mark], .here
.here:
    syscall
%endif
    mov dword [resume], sysenter_tests
    int 0x40
bits 64
sys_entry:
    mov r8, rcx
    sub r8, after_syscall
    mov r9, rsp
    mov rsp, STACK
    show "entry: rip ", r8d, 4
    show " r11 ", r11d, 4
    mov eax, cs
    show " cs ", eax, 4
    mov eax, ss
    show " ss ", eax, 4
    pushfq
    pop rax
    show " flags ", eax, 4
    mov dword [resume], after_gate2
    mov rsp, r9
    lea rcx, [r8 + after_syscall]
    o64 sysret
sysenter_tests:
    mov rcx, 0x800000000000
    strict "sysret not canonical", o64 sysret
    mov ecx, 0x174
    mov eax, CODE64
    xor edx, edx
    wrmsr
    mov ecx, 0x175
    mov eax, STACK
    wrmsr
    mov ecx, 0x176
    mov eax, sysenter_entry
    wrmsr
    ; sysexit takes CS + 32 and CS + 40 in 64-bit mode: give it descriptors there
    mov rax, [gdt + USERC64 - 3]
    mov [gdt + CODE64 + 32], rax
    mov rax, [gdt + USERD32 - 3]
    mov [gdt + CODE64 + 40], rax
    user
    sysenter
.back:
sysenter_entry:
    mov eax, cs
    show "sysenter: cs ", eax, 4
    mov eax, ss
    show " ss ", eax, 4
    show " rsp ", esp, 4
    nl
    mov edx, .exited
    mov ecx, 0x9000
    o64 sysexit
.exited:
    mov eax, cs
    show "sysexit: cs ", eax, 4
    mov eax, ss
    show " ss ", eax, 4
    nl
    mov dword [resume], leaving
    int 0x40

leaving:
    say "leaving", 10
    push qword CODE32
    push qword .compat
    retfq
bits 32
.compat:
    mov ax, DATA32
    mov ss, ax
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    mov ecx, 0xc0000080
    rdmsr
    show "efer ", eax, 4
    and eax, ~0x100
    wrmsr
    mov eax, cr4
    and eax, ~0x20
    mov cr4, eax
    nl
    jmp CODE16:.sixteen
bits 16
.sixteen:
    mov eax, cs
    show "16-bit protected cs ", eax, 4
    nl
    mov ax, DATA16
    mov ss, ax
    mov es, ax
    lidt [ivtr]
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp 0:.real
.real:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov es, ax
    mov sp, STACK
    try "real mode", ud2
    ; FS kept its flat limit: big real mode
    mov eax, [fs:dword 0x200700]
    show "big real ", eax, 8
    nl
    exit 0x10
bits 64
frame:
    mov rbp, rsp
    show "frame: rsp ", ebp, 4
    show " ss ", [rbp + 32], 4
    show " old rsp ", [rbp + 24], 4
    show " flags ", [rbp + 16], 4
    show " cs ", [rbp + 8], 4
    pushfq
    pop rax
    show " now ", eax, 4
    nl
    iretq
callee:
    mov rbp, rsp
    mov eax, cs
    show " gate: cs ", eax, 4
    mov eax, ss
    show " ss ", eax, 4
    show " rsp ", ebp, 4
    show " cs ", [rbp + 8], 4
    show " rsp ", [rbp + 16], 4
    show " ss ", [rbp + 24], 4
    mov dword [resume], after_gate
    o64 retf
gate_pointer: dd 0
    dw sel(0)

pg_off:
    mov rax, cr0
    and eax, 0x7fffffff
    mov dword [mark], .here
.here:
    mov cr0, rax
    ret
pae_off:
    mov rax, cr4
    and eax, ~0x20
    mov dword [mark], .here
.here:
    mov cr4, rax
    ret
lme_off:
    mov ecx, 0xc0000080
    rdmsr
    and eax, ~0x100
    mov dword [mark], .here
.here:
    wrmsr
    ret
efer_reserved:
    mov ecx, 0xc0000080
    rdmsr
    or eax, 2
    mov dword [mark], .here
.here:
    wrmsr
    ret
cr3_reserved:
    mov rax, 0x10000000000000
    mov rbx, cr3
    or rax, rbx
    mov dword [mark], .here
.here:
    mov cr3, rax
    ret
cr8_large:
    mov eax, 0x10
    mov dword [mark], .here
.here:
    mov cr8, rax
    ret
