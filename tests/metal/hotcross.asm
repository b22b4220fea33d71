; A hot instruction across the border of two pages, after others on the first one: the second page shows other bytes, or is missing
; until a fault brings it. In 32-bit mode.
%include "metal.inc"
%define PD TABLES
%define PT (TABLES + 0x1000)
%define PD2 (TABLES + 0x2000)           ; another address space
%define PT2 (TABLES + 0x3000)
%define V 0x400000                      ; two linear pages
%define P0 0x300000                     ; what they show
%define P1 0x301000                     ; one second page
%define Q1 0x302000                     ; another one
start:
    mov ebx, main
    jmp to_protected
bits 32
%macro sum 1
    show %1, ebx, 8
    nl
%endmacro
; copies the code from %2 up to %3 so that it ends (%4 = end) or begins (%4 = start) at physical address %1
%macro place 4
%ifidn %4, end
    mov edi, %1 - (%3 - %2)
%else
    mov edi, %1
%endif
    mov esi, %2
    mov ecx, %3 - %2
    rep movsb
%endmacro
%macro second 1                         ; the second page shows %1
    mov dword [PT + 4], %1
    invlpg [V + 0x1000]
%endmacro
main:
    say "hot instructions across pages", 10
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov dword [PD], 0x87
    mov dword [PD + 4], PT + 7
    mov dword [PD2], 0x87
    mov dword [PD2 + 4], PT2 + 7
    mov dword [PT], P0 + 7
    mov dword [PT + 4], P1 + 7
    mov dword [PT2], P0 + 7
    mov dword [PT2 + 4], Q1 + 7
    mov eax, PD
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    call crossing
    exit 0x10

; --- the second page is brought by the fault ---
bring:
    push eax
    mov eax, cr2
    add [.addresses], eax
    mov eax, [esp + 8]
    add [.places], eax
    inc dword [.faults]
    mov eax, [.wanted]
    mov [PT + 4], eax
    pop eax
    add esp, 4
    iretd
.faults: dd 0
.addresses: dd 0
.places: dd 0
.wanted: dd 0
report_faults:
    sum ""
    show "   faults ", [bring.faults], 4
    show " at ", [bring.places], 8
    show " cr2 ", [bring.addresses], 8
    nl
    mov dword [bring.faults], 0
    mov dword [bring.addresses], 0
    mov dword [bring.places], 0
    ret

; --- an instruction whose last two bytes lie on the second page, after others on the first ---
cross_head:
    inc ebx
    db 0xb8                             ; mov eax, imm32
    dw 0x1111
cross_head_end:
cross_tail1:
    dw 0x2222
    add ebx, eax
    ret
cross_tail1_end:
cross_tail2:
    dw 0x3333
    rol eax, 1
    sub ebx, eax
    ret
cross_tail2_end:
crossing:
    gate32 14, bring
    mov dword [bring.wanted], P1 + 7
    place P1, cross_head, cross_head_end, end
    place P1, cross_tail1, cross_tail1_end, start
    place Q1, cross_tail2, cross_tail2_end, start
    xor ebx, ebx
    mov ecx, 200
.next:
    test cl, 3
    jnz .call
    xor dword [bring.wanted], P1 ^ Q1
    second 0
.call:
    mov eax, V + 0x1000 - (cross_head_end - cross_head)
    call eax
    loop .next
    say "crossing, missing "
    call report_faults
    xor ebx, ebx
    mov ecx, 200
.again:
    test cl, 3
    jnz .run
    mov eax, [PT + 4]
    xor eax, P1 ^ Q1
    or al, 7
    second eax
.run:
    mov eax, V + 0x1000 - (cross_head_end - cross_head)
    call eax
    loop .again
    sum "crossing "
    ret
