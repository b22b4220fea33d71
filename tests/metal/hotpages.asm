; Hot code on two pages whose second page, or first, is mapped elsewhere between two runs or within one: by INVLPG, by loads of CR3,
; by the code itself; pages that are not present until a fault brings them. In 32-bit mode. hotcross.asm has instructions across the border.
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
    say "hot code on two pages", 10
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
    call falling
    call spaces
    call loops
    call by_itself
    call first_page
    call missing
    exit 0x10

; --- the first page's last instruction ends with the page ---
head:
    add ebx, 5
    ror ebx, 1
head_end:
tail1:
    add ebx, 3
    ret
tail1_end:
tail2:
    rol ebx, 7
    xor ebx, 0x1234
    ret
tail2_end:
falling:
    place P1, head, head_end, end
    place P1, tail1, tail1_end, start
    place Q1, tail2, tail2_end, start
    xor ebx, ebx
    mov ecx, 300
.next:
    test cl, 3
    jnz .call
    mov eax, [PT + 4]
    xor eax, (P1 ^ Q1)
    or al, 7
    second eax
.call:
    mov eax, V + 0x1000 - (head_end - head)
    call eax
    loop .next
    sum "invlpg "
    mov ecx, 300
.again:
    test cl, 7
    jnz .run
    mov eax, [PT + 4]
    xor eax, (P1 ^ Q1)
    mov [PT + 4], eax
    mov eax, cr3
    mov cr3, eax
.run:
    mov eax, V + 0x1000 - (head_end - head)
    call eax
    loop .again
    sum "cr3 "
    ret

; --- two address spaces, in turn ---
spaces:
    second P1 + 7
    mov dword [PT2 + 4], Q1 + 7
    xor ebx, ebx
    mov ecx, 300
.next:
    mov edx, PD
    test cl, 2
    jnz .load
    mov edx, PD2
.load:
    mov cr3, edx
    mov eax, V + 0x1000 - (head_end - head)
    call eax
    call eax
    loop .next
    mov edx, PD
    mov cr3, edx
    sum "spaces "
    ret

; --- a loop over both pages, long enough to be hot in one call ---
loop_head:
    add ebx, ecx
    db 0xe9                             ; jmp to the second page
    dd 0
loop_head_end:
loop_tail1:
    rol ebx, 1
    dec ecx
    db 0x0f, 0x85                       ; jnz loop_head, at V + 1000 - its length
    dd -(loop_head_end - loop_head) - (.next - loop_tail1)
.next:
    ret
loop_tail1_end:
loop_tail2:
    xor ebx, 0x5aa5
    lea ebx, [ebx + ebx * 2]
    dec ecx
    db 0x0f, 0x85
    dd -(loop_head_end - loop_head) - (.next - loop_tail2)
.next:
    ret
loop_tail2_end:
loops:
    place P1, loop_head, loop_head_end, end
    place P1, loop_tail1, loop_tail1_end, start
    place Q1, loop_tail2, loop_tail2_end, start
    xor ebx, ebx
    mov edx, 40
.next:
    mov ecx, 50
    mov eax, V + 0x1000 - (loop_head_end - loop_head)
    call eax
    mov ecx, [PT + 4]
    xor ecx, (P1 ^ Q1)
    or cl, 7
    second ecx
    dec edx
    jnz .next
    sum "loops "
    ret

; --- the running code maps what it goes on with; edx toggles ---
own_head:
    mov [PT + 4], edx
    invlpg [V + 0x1000]
    xor edx, P1 ^ Q1
own_head_end:
own_tail1:
    add ebx, 0x101
    ret
own_tail1_end:
own_tail2:
    rol ebx, 3
    inc ebx
    ret
own_tail2_end:
by_itself:
    place P1, own_head, own_head_end, end
    place P1, own_tail1, own_tail1_end, start
    place Q1, own_tail2, own_tail2_end, start
    xor ebx, ebx
    mov edx, P1 + 7
    mov ecx, 200
.next:
    mov eax, V + 0x1000 - (own_head_end - own_head)
    call eax
    loop .next
    sum "by itself "
    ret

; --- the first page changes while the second one is called ---
first_page:
    second P1 + 7
    place P1, tail1, tail1_end, start
    xor ebx, ebx
    mov ecx, 200
.next:
    test cl, 3
    jnz .call
    mov eax, [PT]
    xor eax, (P0 ^ Q1)
    or al, 7
    mov [PT], eax
    invlpg [V]
.call:
    mov eax, V + 0x1000
    call eax
    add ebx, [V]
    loop .next
    mov dword [PT], P0 + 7
    invlpg [V]
    sum "first page "
    ret

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
missing:
    gate32 14, bring
    place P1, head, head_end, end
    place P1, tail1, tail1_end, start
    place Q1, tail2, tail2_end, start
    xor ebx, ebx
    mov dword [bring.wanted], P1 + 7
    mov ecx, 200
.next:
    test cl, 3
    jnz .call
    xor dword [bring.wanted], P1 ^ Q1
    second 0
.call:
    mov eax, V + 0x1000 - (head_end - head)
    call eax
    loop .next
    say "missing, falling into it "
    call report_faults
    place P1, loop_head, loop_head_end, end
    place P1, loop_tail1, loop_tail1_end, start
    place Q1, loop_tail2, loop_tail2_end, start
    mov edx, 60
.again:
    second 0
    xor dword [bring.wanted], P1 ^ Q1
    mov ecx, 7
    mov eax, V + 0x1000 - (loop_head_end - loop_head)
    call eax
    dec edx
    jnz .again
    say "missing, jumping to it "
    call report_faults
    ret
