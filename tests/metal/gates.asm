; Privilege changes in 32-bit protected mode: call gates with stack switch and parameters, RETF and IRET to the outer ring, interrupts from
; ring 3, stack faults (#TS, #SS), I/O permissions, IOPL (SDM vol. 3A 5.8, 6.12; vol. 1 19.5).
%include "metal.inc"
start:
    mov ebx, main
    jmp to_protected
bits 32
%macro callgate 5 ; index, selector, offset, parameters, access
    mov word [own_descriptors + (%1) * 8], %3
    mov word [own_descriptors + (%1) * 8 + 2], %2
    mov byte [own_descriptors + (%1) * 8 + 4], %4
    mov byte [own_descriptors + (%1) * 8 + 5], %5
    mov word [own_descriptors + (%1) * 8 + 6], 0
%endmacro
; runs the rest in ring 3 with the stack at 9000
%macro user 0
    mov eax, %%user
    mov ebx, 0x9000
    jmp to_user32
%%user:
%endmacro
; back to ring 0: a gate that everyone may call
%macro kernel 0
    int 0x40
%endmacro
; in ring 3: one faulting instruction; the handler comes back in ring 0
%macro user_try 2+
    say %1, ": "
    user
    fault %2
    mov ax, ds
    cmp ax, USERD32
    jne %%kernel
    kernel
%%kernel:
%endmacro
back_to_kernel:
    pop eax
    mov bx, DATA32
    mov ds, bx
    mov es, bx
    mov esp, STACK
    jmp eax
main:
    say "gates", 10
    gate32 0x40, back_to_kernel, 0xee
    ; user code must be able to print
    mov dword [tss + 0x66], 0x68
    mov word [tss_descriptor], 0x87
    mov byte [tss_descriptor + 5], 0x89
    mov ax, TSS32
    ltr ax
    mov byte [tss + 0x68 + (0xe9 >> 3)], 0xfd   ; port e9 allowed

    callgate 0, CODE32, target, 2, 0xec         ; DPL 3, two parameters
    callgate 1, CODE32, target, 0, 0x8c         ; DPL 0
    callgate 2, CODE32, target, 0, 0x6c         ; not present
    callgate 3, DATA32, target, 0, 0xec         ; data
    callgate 4, 0, target, 0, 0xec              ; null
    callgate 5, CODE16, target16, 2, 0xe4       ; 16-bit gate
    callgate 6, sel(8), target, 0, 0xec         ; code not present
    callgate 7, sel(9), target, 2, 0xec         ; conforming: no stack switch
    descriptor 8, 0x0000ffff, 0x00cf1b00
    descriptor 9, 0x0000ffff, 0x00cf9f00

    user
    mov eax, cs
    show "user cs=", eax, 4
    mov eax, ss
    show " ss=", eax, 4
    show " esp=", esp, 4
    nl
    push dword 0x11111111
    push dword 0x22222222
    call sel(0):0
    say "returned", 10
    show "esp=", esp, 4
    nl
    push dword 0x33333333
    push dword 0x44444444
    call sel(7) | 3:0
    say "returned from conforming", 10
    push word 0x5555
    push word 0x6666
    call sel(5):0
    show "returned from 16 bits, esp=", esp, 4
    nl
    kernel
    user_try "gate dpl 0", call sel(1):0
    user_try "gate not present", call sel(2):0
    user_try "gate to data", call sel(3):0
    user_try "gate to null", call sel(4):0
    user_try "gate to absent code", call sel(6):0
    user_try "jmp through a gate inwards", jmp sel(0):0
    user_try "call ring 0 code", call CODE32:0
    user_try "mov ds, ring 0 data", mov ds, [ring0_data]
    user_try "mov ss, ring 0 data", mov ss, [ring0_data]
    user_try "int dpl 0", int 0x20
    user_try "hlt", hlt
    user_try "cli", cli
    user_try "in", in al, 0x80
    user_try "in at allowed port", in al, 0xe9
    user_try "word out across", out 0xe8, ax
    mov edx, 0x400                   ; beyond the TSS limit
    user_try "port past the map", in al, dx
    user_try "mov cr3", mov eax, cr3
    user_try "lgdt", lgdt [gdtr]
    user_try "invlpg", invlpg [0]
    user_try "sgdt", sgdt [scratch]
    user_try "smsw", smsw eax
    user_try "rdtsc", rdtsc
    mov eax, cr4
    or eax, 4
    mov cr4, eax
    user_try "rdtsc with tsd", rdtsc
    user_try "rdpmc", rdpmc
    ; IOPL 3: CLI, STI and ports
    say "iopl 3", 10
    push dword USERD32
    push dword 0x9000
    push dword 0x3002
    push dword USERC32
    push dword .iopl
    iretd
.iopl:
    sti
    pushfd
    pop eax
    cli
    show "sti: ", eax, 4
    push dword 0x0202
    popfd
    pushfd
    pop eax
    show " popf keeps iopl: ", eax, 4
    cli
    in al, 0x80
    nl
    ; IRET in ring 3 cannot raise IOPL or leave ring 3; it goes on here
    pushfd
    push dword USERC32
    push dword .same
    iretd
.same:
    say "iret within ring 3", 10
    int 0x40
    ; POPF at IOPL 0 in ring 3 leaves IF
    user
    push dword 0x3202
    popfd
    pushfd
    pop eax
    show "popf at iopl 0: ", eax, 4
    nl
    kernel

    exit 0x10

target:
    ; ring 0, on the TSS's stack: eip, cs, parameters, esp, ss
    mov ebp, esp
    mov ax, ss
    show "gate: ss=", eax, 4
    show " esp=", esp, 4
    mov eax, cs
    show " cs=", eax, 4
    show " parameters ", [ebp + 8], 8
    show " ", [ebp + 12], 8
    show " old esp ", [ebp + 16], 4
    show " ss ", [ebp + 20], 4
    nl
    retf 8
bits 16
target16:
    mov bp, sp
    show "16-bit gate: ", [ss:bp + 4], 4
    show " ", [ss:bp + 6], 4
    show " sp ", [ss:bp + 8], 4
    show " cs ", [ss:bp + 2], 4
    nl
    retf 4
bits 32
ring0_data: dw DATA32
scratch: dq 0, 0
