; Faults in hot loops: now and then an instruction in the middle of one cannot be done. The handler adds up all registers, the flags,
; where it happened, error code and CR2; it mends the cause, or skips the instruction, and the loop goes on. In 32-bit mode.
%include "metal.inc"
%define PD TABLES
%define PT (TABLES + 0x1000)
%define V 0x400000                      ; a page that is there, and one that is not always
%define M (V + 0x1000)
%define P 0x300000
%define FLAGS 0xcc5                     ; what the handler looks at: all but AF, which TEST leaves undefined
start:
    mov ebx, main
    jmp to_protected
bits 32
; the frame at ebp: registers as PUSHAD leaves them, error code, eip, cs, eflags
%define F_EDI ebp
%define F_ECX ebp + 24
%define F_ERROR ebp + 32
%define F_IP ebp + 36
%define F_FLAGS ebp + 44
%macro handler 3                        ; name, vector, whether it has an error code
%1:
%if !%3
    push dword 0
%endif
    pushad
    mov edx, %2
    jmp note_fault
%endmacro
handler fault_de, 0, 0
handler fault_of, 4, 0
handler fault_br, 5, 0
handler fault_ud, 6, 0
handler fault_gp, 13, 1
handler fault_pf, 14, 1
handler fault_xm, 19, 0
note_fault:
    mov ebp, esp
    and byte [F_ERROR], ~2              ; QEMU reads what an instruction changes before it asks to write it
    mov ecx, 9                          ; registers and error code
    mov eax, [hash]
.next:
    rol eax, 5
    add eax, [ebp + ecx * 4 - 4]
    loop .next
    add eax, [F_IP]
    rol eax, 5
    mov ecx, [F_FLAGS]
    and ecx, FLAGS
    add eax, ecx
    rol eax, 5
    add eax, edx
    cmp edx, 14
    jne .add
    mov ecx, cr2
    rol eax, 5
    add eax, ecx
.add:
    mov [hash], eax
    inc dword [count]
    call [fix]
    popad
    add esp, 4
    iretd
hash: dd 0
count: dd 0
fix: dd 0
bring:                                  ; the page is there again
    mov dword [PT + 4], P + 0x1007
    ret
five:                                   ; a divisor
    mov dword [F_ECX], 5
    ret
skip2:
    add dword [F_IP], 2
    ret
skip3:
    add dword [F_IP], 3
    ret
nothing: ret
%macro report 1
    show %1, ebx, 8
    show " hash ", [hash], 8
    show " faults ", [count], 4
    nl
    mov dword [hash], 0
    mov dword [count], 0
%endmacro
%macro take_away 0                      ; the second page
    mov dword [PT + 4], 0
    invlpg [M]
%endmacro
; %1 name, %2 passes: a loop around the instructions that follow up to `again`, without the second page in one pass of eight
%macro passes 2
    mov dword [fix], bring
    xor ebx, ebx
    mov ecx, %2
%1:
    test cl, 7
    jnz %%there
    take_away
%%there:
%endmacro
%macro again 1
    dec ecx
    jnz %1
%endmacro
main:
    say "faults in hot loops", 10
    gate32 0, fault_de
    gate32 4, fault_of
    gate32 5, fault_br
    gate32 6, fault_ud
    gate32 13, fault_gp
    gate32 14, fault_pf
    gate32 19, fault_xm
    mov eax, cr4
    or eax, 0x610
    mov cr4, eax
    mov dword [PD], 0x87
    mov dword [PD + 4], PT + 7
    mov dword [PT], P + 7
    mov dword [PT + 4], P + 0x1007
    mov dword [PT + 8], P + 0x2007
    mov eax, PD
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    fninit
    xor edx, edx
    call clear
    call accesses
    call stack
    call strings
    call floats
    call others
    exit 0x10
clear:
    mov edi, V
    mov ecx, 0x3000 / 4
    xor eax, eax
    rep stosd
    ret

accesses:
    passes .load, 200
    lea eax, [ecx * 4]
    sub ebx, [M + eax]
    adc ebx, ecx
    rol ebx, 1
    again .load
    report "load "
    passes .store, 200
    add ebx, 0x1234567
    mov [M + ecx * 4], ebx
    adc ebx, 0
    again .store
    report "store "
    passes .modify, 200
    add ebx, 0x87654321                 ; CF lives on
    adc [M + ecx], ebx
    rcl ebx, 1
    again .modify
    report "modify "
    passes .across, 200
    lea esi, [M - 2]
    inc dword [esi]
    add ebx, [esi]
    again .across
    report "across "
    passes .exchange, 200
    mov eax, ecx
    xchg eax, [M + 8]
    add ebx, eax
    lock xadd [M + 12], ebx
    add ebx, ecx
    again .exchange
    report "exchange "
    passes .compare, 200
    mov eax, [V]
    xor edx, edx
    push ebx
    push ecx
    mov ebx, ecx
    cmpxchg8b [M + 16]
    pop ecx
    pop ebx
    adc ebx, eax
    lea ebx, [ebx + edx * 2]
    again .compare
    report "compare "
    passes .cmov, 200
    cmp cl, 0x40
    cmovb eax, [M + 20]                 ; faults whatever the condition
    setb [M + 21]
    adc ebx, eax
    again .cmov
    report "conditional "
    passes .bits, 200
    bts [M], ecx
    adc ebx, ebx
    btc dword [M + 4], 5
    adc ebx, ecx
    again .bits
    report "bits "
    ret

stack:
    passes .push, 100
    push dword [M + 32]
    pop dword [M + 36]
    add ebx, [M + 36]
    inc dword [M + 32]
    again .push
    report "push, pop "
    passes .call, 100
    mov dword [M + 44], .function
    call [M + 44]
    again .call
    report "call "
    ret
.function:
    test cl, 4
    jnz .plain
    take_away
    add ebx, [M]
.plain:
    inc ebx
    ret

strings:
    ; into the missing page, out of it, over both; what is left in ECX, ESI and EDI counts
    mov edx, 48
    xor ebx, ebx
    mov dword [fix], bring
.movs:
    take_away
    mov esi, V + 0x100
    mov edi, M - 40
    add edi, edx
    mov ecx, edx
    add ecx, 20
    rep movsb
    add ebx, edi
    take_away
    mov esi, M - 61
    mov edi, V + 0x200
    mov ecx, edx
    rep movsd
    add ebx, esi
    take_away
    mov edi, M - 7
    mov eax, edx
    mov ecx, 20
    rep stosw
    add ebx, edi
    take_away
    mov edi, M + 9
    mov ecx, 30
    std
    rep stosb
    cld
    add ebx, edi
    take_away
    mov esi, M - 50
    mov edi, V + 0x300
    mov ecx, 60
    mov byte [V + 0x300 + 60], 1
    repe cmpsb
    adc ebx, ecx
    take_away
    mov edi, M - 30
    mov ecx, 100
    mov al, 0xee
    repne scasb
    sbb ebx, edi
    take_away
    mov esi, M - 2
    lodsd
    lodsd
    add ebx, eax
    dec edx
    jnz .movs
    report "strings "
    ret

floats:
    mov eax, 0x3f800000
    mov [V], eax
    passes .x87, 200
    fld dword [V]
    fadd dword [M]
    fld tword [M - 5]
    faddp
    fistp dword [V + 8]
    add ebx, [V + 8]
    fild word [M + 2]
    fistp qword [M - 4]
    again .x87
    report "x87 "
    passes .sse, 200
    cvtsi2sd xmm1, ecx
    addsd xmm1, [M + 64]
    movsd [M + 64], xmm1
    movups xmm2, [M - 8]
    paddd xmm2, xmm1
    movups [M - 12], xmm2
    movd eax, xmm2
    add ebx, eax
    again .sse
    report "sse "
    ; not aligned: #GP, and the instruction is skipped (7 bytes less 4 of skip3)
    mov dword [fix], skip3
    xor ebx, ebx
    mov ecx, 200
.aligned:
    lea esi, [V + 0x400]
    test cl, 7
    jnz .even
    inc esi
.even:
    db 0x0f, 0x28, 0x1e                 ; movaps xmm3, [esi]
    movd eax, xmm3
    lea ebx, [ebx + eax + 1]
    mov [V + 0x400], ebx
    dec ecx
    jnz .aligned
    report "alignment "
    ; division by zero, not masked
    mov dword [V], 0x1d80
    ldmxcsr [V]
    mov dword [fix], skip3
    xor ebx, ebx
    mov ecx, 100
    pxor xmm4, xmm4
    movd xmm4, [.eight]
.divide:
    movd xmm5, [.eight]
    test cl, 7
    jnz .divisor
    xorps xmm5, xmm5
.divisor:
    movaps xmm6, xmm4
    db 0xf3, 0x0f, 0x5e, 0xf5           ; divss xmm6, xmm5
    movd eax, xmm6
    rol ebx, 1
    add ebx, eax
    dec ecx
    jnz .divide
    mov dword [V], 0x1f80
    ldmxcsr [V]
    report "division "
    ret
.eight: dd 0x41000000

others:
    mov dword [fix], five
    xor ebx, ebx
    mov esi, 300
.divide:
    mov ecx, esi
    and ecx, 7
    mov eax, esi
    cdq
    add ebx, 0x70000000                 ; flags before it
    div ecx
    add ebx, eax
    add ebx, edx
    dec esi
    jnz .divide
    report "div "
    mov dword [fix], skip2
    xor ebx, ebx
    mov ecx, 200
.ud:
    add ebx, 0x12345678
    test cl, 7
    jnz .fine
    stc
    ud2
    adc ebx, 1
.fine:
    loop .ud
    report "ud2 "
    mov dword [fix], nothing
    xor ebx, ebx
    mov ecx, 200
.overflow:
    mov eax, ecx
    shl eax, 25
    add ebx, eax
    into
    loop .overflow
    report "into "
    mov dword [V], -50
    mov dword [V + 4], 120
    mov dword [fix], skip2
    xor ebx, ebx
    mov ecx, 200
    mov esi, V
.bound:
    db 0x62, 0x0e                       ; bound ecx, [esi]
    add ebx, ecx
    loop .bound
    report "bound "
    ret
