; Code that changes itself: the next instruction, the own block, a block run before, through another linear address, an instruction across
; a page border, by string instructions and by a device-like write of the same value. In 32-bit mode with paging.
%include "metal.inc"
%define PD TABLES
%define PT (TABLES + 0x1000)
%define V 0x400000
start:
    mov ebx, main
    jmp to_protected
bits 32
main:
    say "self-modifying code", 10
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov dword [PD], 0x87
    mov dword [PD + 4], PT + 7
    mov dword [PT], 0x7                 ; the kernel's first page again, at V
    mov dword [PT + 4], 0x300007
    mov dword [PT + 8], 0x300007        ; the same page twice
    mov dword [PT + 12], 0x301007
    mov eax, PD
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    ; the very next instruction
    xor eax, eax
    mov byte [.n1 + 1], 0x11
.n1:
    mov al, 0
    show "next instruction ", eax, 2
    nl
    ; further on in the block, in a loop: each time another immediate
    xor ebx, ebx
    mov ecx, 5
.l1:
    inc byte [.l2 + 2]
    nop
    nop
.l2:
    add ebx, byte 0
    loop .l1
    show "in a loop ", ebx, 4
    nl
    ; an earlier instruction of the running block
    mov ecx, 4
    xor ebx, ebx
.e1:
    add ebx, byte 1
    add byte [.e1 + 2], 1
    loop .e1
    show "backwards ", ebx, 4
    nl
    ; a function that has run often
    mov edi, 0x300000
    mov dword [edi], 0x000000b8         ; mov eax, imm32
    mov dword [edi + 4], 0xc300         ; ret at +5
    xor ebx, ebx
    mov ecx, 200
.f1:
    call edi
    add ebx, eax
    inc dword [edi + 1]
    loop .f1
    show "function ", ebx, 8
    nl
    ; the same by another mapping: run at V + 1000, written at V + 2000
    mov dword [V + 0x1001], 5
    mov eax, V + 0x1000
    call eax
    mov ebx, eax
    mov dword [V + 0x2001], 7
    mov eax, V + 0x1000
    call eax
    show "alias ", ebx, 2
    show " ", eax, 2
    mov dword [0x300001], 9
    mov eax, V + 0x1000
    call eax
    show " ", eax, 2
    nl
    ; across a page border: mov eax, imm32 at 2ffd of V (pages 300 and 301)
    mov byte [V + 0x2ffd], 0xb8
    mov dword [V + 0x2ffe], 0x11111111
    mov byte [V + 0x3002], 0xc3
    mov esi, V + 0x2ffd
    call esi
    show "across ", eax, 8
    mov byte [0x301000], 0x22           ; in the second page
    call esi
    show " ", eax, 8
    mov byte [0x300ffe], 0x33           ; in the first
    call esi
    show " ", eax, 8
    mov dword [V + 0x2ffe], 0x44444444
    call esi
    show " ", eax, 8
    nl
    ; the mapping of the second page changes
    mov dword [0x302000], 0xc3c35555
    mov dword [PT + 12], 0x302007
    invlpg [V + 0x3000]
    call esi
    show "remapped ", eax, 8
    nl
    ; string instructions write code
    mov edi, 0x300100
    mov esi, code1
    mov ecx, 6
    rep movsb
    mov eax, 0x300100
    call eax
    show "movs ", eax, 2
    mov edi, 0x300101
    mov eax, 0x66
    stosb
    mov eax, 0x300100
    call eax
    show " ", eax, 2
    nl
    ; by push, by an atomic operation, by SSE, by x87
    mov eax, cr4
    or eax, 0x600
    mov cr4, eax
    mov edi, 0x300200
    mov dword [edi], 0x000000b8
    mov dword [edi + 4], 0xc300
    call edi
    mov esp, 0x300205
    push dword 0x77
    mov esp, STACK
    call edi
    show "push ", eax, 2
    lock add dword [edi + 1], 1
    call edi
    show " lock ", eax, 2
    mov eax, 0x99
    movd xmm0, eax
    movss [edi + 1], xmm0
    call edi
    show " movss ", eax, 2
    fninit
    mov dword [0x9000], 0xaa
    fild dword [0x9000]
    fistp dword [edi + 1]
    call edi
    show " fistp ", eax, 2
    mov eax, 0xbb
    xchg [edi + 1], eax
    call edi
    show " xchg ", eax, 2
    nl
    ; a jump target and a branch direction
    mov ecx, 3
    xor ebx, ebx
.j1:
    jmp short .j2
.j2:
    inc ebx
    mov byte [.j1 + 1], .j3 - .j2
    loop .j1
.j3:
    add ebx, 0x10
    show "jump ", ebx, 2
    nl
    mov ecx, 4
    xor ebx, ebx
.c1:
    test ecx, ecx
.c2:
    jz .c3
    inc ebx
    xor byte [.c2], 1                   ; jz <-> jnz
    loop .c1
.c3:
    show "branch ", ebx, 2
    nl
    exit 0x10
code1:
    mov eax, 0x55
    ret
