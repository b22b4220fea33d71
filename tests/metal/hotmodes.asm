; The same bytes as hot code of real mode, of 16-bit and 32-bit segments, of 64-bit and of compatibility mode, in turn, and changed
; now and then: they mean something else in each.
%include "metal.inc"
%define SHARED 0xd000
%macro sum 1
    show %1, ebx, 8
    show " ", edx, 4
    nl
%endmacro
start:
    cld
    mov si, body
    mov di, SHARED
    mov cx, body_end - body
    rep movsb
    xor eax, eax
    xor ebx, ebx
    xor edx, edx
    mov ecx, 200
.next:
    mov si, SHARED
    call si
    test cl, 15
    jnz .more
    inc word [SHARED + body.imm - body]
.more:
    loop .next
    sum "real mode "
    mov ebx, main32
    jmp to_protected

; 16 bits: inc ax; add bx, ax; add ax, imm; mov dx, ax; dec ax; rol bx, 1; ret
; 32 bits: inc eax; add ebx, eax; add eax, 0xc289 and imm; dec eax; rol ebx, 1; ret
; 64 bits: add ebx, eax; add eax, 0xc289 and imm; rol rbx, 1; ret
body:
    db 0x40
    db 0x01, 0xc3
    db 0x05
.imm:
    dw 0x1234
    db 0x89, 0xc2
    db 0x48
    db 0xd1, 0xc3
    db 0xc3
body_end:

bits 16
from32:
    mov si, SHARED
    call si
    o32 retf
bits 32
from64:
    mov esi, SHARED
    call esi
    retf
main32:
    xor eax, eax
    xor ebx, ebx
    xor edx, edx
    mov ecx, 300
.next:
    call CODE16:from32
    rol ebx, 3
    mov esi, SHARED
    call esi
    call CODE16:from32
    test cl, 15
    jnz .more
    add dword [SHARED + body.imm - body - 1], 0x300 ; the opcode byte stays
.more:
    loop .next
    sum "16 and 32 bits "
    mov ebx, main64
    jmp to_long
bits 64
main64:
    xor eax, eax
    xor ebx, ebx
    xor edx, edx
    mov ecx, 300
.next:
    mov esi, SHARED
    call rsi
    call dword far [.pointer]
    add rdx, rbx
    test cl, 15
    jnz .more
    inc word [SHARED + body.imm - body]
.more:
    dec ecx
    jnz .next
    sum "64 bits and compatibility "
    rol rbx, 32
    show "upper half ", ebx, 8
    nl
    exit 0x10
.pointer:
    dd from64
    dw CODE32
