; Segments in 32-bit protected mode: loads, limits and types, table instructions; error codes (SDM vol. 3A ch. 5 and 6).
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
main:
    say "protected mode", 10
    descriptor 0, 0x0000ffff, 0x00cf1300 | 0x8000   ; data, present (58)
    descriptor 1, 0x0000ffff, 0x00cf1300            ; data, not present (60)
    descriptor 2, 0x0000ffff, 0x00cf9900            ; code, execute only (68)
    descriptor 3, 0x0000ffff, 0x00cf9100            ; data, read only (70)
    descriptor 4, 0x20000fff, 0x00409300            ; data at 2000 (low part), limit fff (78)
    descriptor 5, 0x00000fff, 0x00409700            ; expand-down above fff, big (80)
    descriptor 6, 0x00000fff, 0x00009700            ; expand-down above fff, 64 KiB (88)
    descriptor 7, 0x0000ffff, 0x00cff300            ; data, DPL 3 (90)
    descriptor 8, 0x0000ffff, 0x00cffb00            ; code, DPL 3 (98)
    descriptor 9, 0x0000ffff, 0x00cf9f00            ; code, conforming, DPL 0 (a0)
    descriptor 10, 0x0000ffff, 0x00cf1b00           ; code, not present (a8)
    descriptor 11, 0x0000001f, 0x00008200           ; LDT at 0 (b0)
    descriptor 12, 0x00000067, 0x00008900           ; TSS, available, at 0 (b8)
    descriptor 13, 0x00000067, 0x00008b00           ; TSS, busy (c0)
    descriptor 14, 0x00000067, 0x00000900           ; TSS, not present (c8)
    descriptor 15, 0x00000000, 0x00008c00           ; call gate to null (d0)
    descriptor 16, 0x00000fff, 0x00409b00           ; code, limit fff at 0 (d8)

    say "loading segments", 10
%macro load 2
    mov eax, %2
    try %1, mov ds, ax
    mov ax, DATA32
    mov ds, ax
%endmacro
    load "null", 0
    load "null 3", 3
    load "data", sel(0)
    load "not present", sel(1)
    load "execute only", sel(2)
    load "read only", sel(3)
    load "system", sel(11)
    load "beyond the table", 0xfff8
    load "rpl 3, dpl 0", sel(0) + 3
    load "rpl 3, dpl 3", sel(7) + 3
    load "conforming, rpl 3", sel(9) + 3
    load "ldt none", 0x0c
    mov eax, sel(1) + 2
    try "es not present, rpl 2", mov es, ax
    mov ax, DATA32
    mov es, ax
%macro stack 2
    mov eax, %2
    try %1, mov ss, ax
    mov ax, DATA32
    mov ss, ax
%endmacro
    say "stack segments", 10
    stack "null", 0
    stack "not present", sel(1)
    stack "read only", sel(3)
    stack "code", CODE32
    stack "dpl 3", sel(7)
    stack "rpl 3", sel(0) + 3
    stack "good", sel(0)
    ; the accessed bit is set by a load
    mov al, [own_descriptors + 5]
    show "accessed ", eax, 2
    nl

    say "far transfers", 10
    try "jmp null", jmp 0:0
    try "jmp data", jmp sel(0):0
    try "jmp not present", jmp sel(10):0
    try "jmp dpl 3", jmp sel(8):0
    try "jmp beyond the table", jmp 0xfff0:0
    try "jmp past the limit", jmp sel(16):0x1000
    try "jmp ldt descriptor", jmp sel(11):0
    try "jmp tss not present", jmp sel(14):0
    try "jmp tss busy", jmp sel(13):0
    try "jmp gate to null", jmp sel(15):0
    try "call data", call sel(0):0
    try "call not present", call sel(10):0
    try "retf to null", call far_return
    mov dword [resume], .conforming
    jmp sel(9):.in_conforming
.in_conforming:
    mov eax, cs
    show "conforming cs=", eax, 4
    nl
.conforming:
    jmp CODE32:.flat_again
.flat_again:
    say "descriptor tables", 10
    mov eax, CODE32
    try "lldt code", lldt ax
    mov eax, sel(11)
    try "lldt", lldt ax
    sldt eax
    show "sldt ", eax, 4
    nl
    xor eax, eax
    try "lldt null", lldt ax
    try "ltr null", ltr ax
    mov eax, sel(13)
    try "ltr busy", ltr ax
    mov eax, sel(14)
    try "ltr not present", ltr ax
    mov eax, sel(12)
    try "ltr", ltr ax
    mov eax, [own_descriptors + 12 * 8 + 4]
    show "now busy ", eax, 8
    nl
    mov byte [tss_descriptor + 5], 0x89
    mov ax, TSS32
    ltr ax
    str eax
    show "str ", eax, 4
    nl
%macro verify 2
    mov ecx, %2
    xor eax, eax
    verr cx
    setz al
    verw cx
    setz ah
    show %1, eax, 4
    mov eax, 0xdead
    lar eax, ecx
    jz %%good
    mov eax, 0xdead
%%good:
    show " lar ", eax, 8
    mov eax, 0xdead
    lsl eax, ecx
    show " lsl ", eax, 8
    nl
%endmacro
    verify "null: ", 0
    verify "code: ", CODE32
    verify "data: ", DATA32
    verify "read only: ", sel(3)
    verify "execute only: ", sel(2)
    verify "not present: ", sel(1)
    verify "rpl 3: ", sel(0) + 3
    verify "conforming, rpl 3: ", sel(9) + 3
    verify "tss: ", sel(12)
    verify "ldt: ", sel(11)
    verify "gate: ", sel(15)
    verify "limit fff: ", sel(4)
    mov eax, 0x10
    mov ebx, 0x13
    arpl ax, bx
    setz cl
    show "arpl ", eax, 4
    show " ", ecx, 1
    arpl ax, bx
    setz cl
    show " ", ecx, 1
    nl

    say "interrupts", 10
    try "int, empty gate", int 0x50
    mov word [idtr32], 0x40 * 8 - 1
    lidt [idtr32]
    try "int past the idt", int 0x40
    mov word [idtr32], 256 * 8 - 1
    lidt [idtr32]
    gate32 0x30, stubs32, 0x0e
    try "int, gate not present", int 0x30
    gate32 0x31, stubs32, 0x8e
    mov word [IDT + 0x31 * 8 + 2], 0
    try "int, null code", int 0x31
    mov word [IDT + 0x31 * 8 + 2], sel(10)
    try "int, code not present", int 0x31
    mov word [IDT + 0x31 * 8 + 2], sel(0)
    try "int, data for code", int 0x31
    mov word [IDT + 0x31 * 8 + 2], 0xfff8
    try "int, code beyond the table", int 0x31
    mov byte [IDT + 0x31 * 8 + 5], 0x8c
    try "int, call gate", int 0x31
    mov byte [IDT + 0x31 * 8 + 5], 0x85
    mov word [IDT + 0x31 * 8 + 2], DATA32
    try "int, task gate to data", int 0x31

    say "control registers", 10
    mov eax, 0x80000000
    strict "pg without pe", mov cr0, eax
    mov eax, 0x20000021
    strict "nw without cd", mov cr0, eax
    mov eax, 0x80000000
    strict "cr4 reserved", mov cr4, eax
    try "cr1", db 0x0f, 0x20, 0xc8
    mov ecx, 0x12345
    try "rdmsr", rdmsr
    try "wrmsr", wrmsr
    try "syscall without sce", syscall
    try "sysret without sce", db 0x0f, 0x07
    mov ecx, 0x174
    xor eax, eax
    xor edx, edx
    wrmsr
    try "sysenter, cs 0", sysenter
    try "sysexit, cs 0", sysexit
    mov eax, cr0
    or eax, 8
    mov cr0, eax
    try "fpu with ts", fld1
    try "sse with ts", movaps xmm0, xmm1
    and eax, ~8
    or eax, 4
    mov cr0, eax
    try "fpu with em", fld1
    try "sse with em", movaps xmm0, xmm1
    and eax, ~4
    mov cr0, eax
    try "sse without osfxsr", movaps xmm0, xmm1
    clts

    say "limits and types", 10
    mov ax, sel(4)
    mov fs, ax
    try "last byte", mov al, [fs:0xfff]
    try "last word", mov ax, [fs:0xfff]
    try "dword at end", mov eax, [fs:0xffd]
    try "write past", mov [fs:0x1000], al
    mov ax, sel(5)
    mov fs, ax
    try "expand-down below", mov al, [fs:0xfff]
    try "expand-down above", mov al, [fs:0x1000]
    try "expand-down wraps", mov ax, [fs:0xffffffff]
    mov ax, sel(6)
    mov fs, ax
    try "16-bit expand-down top", mov al, [fs:0xffff]
    try "16-bit expand-down past", mov al, [fs:0x10000]
    mov ax, sel(3)
    mov fs, ax
    try "read of read-only", mov al, [fs:0]
    try "write to read-only", mov [fs:0x500], al
    try "read of code", mov al, [cs:0]
    try "write to code", mov [cs:0x500], al
    xor eax, eax
    mov fs, ax
    try "null", mov al, [fs:0]
    mov ax, DATA16
    mov ss, ax
    mov sp, 0x8001
    mov ebp, 0x10000
    try "ss past the limit", mov al, [ebp]
    exit 0x10
far_return:
    mov dword [mark], .here
    push dword 0
    push dword 0
.here:
    retf
