; Code that changes while it is hot: in each pass of a loop, or in some; ahead of the store, behind it, in the storing instruction
; itself; through other mappings, from rings 0 and 3, by string instructions, by CALL's return addresses; jumps and their targets;
; instructions on two pages; data beside code. Each line ends in a sum over all passes. In 32-bit mode with paging.
%include "metal.inc"
%define PD TABLES
%define PT (TABLES + 0x1000)
%define V 0x400000
%define FUNC 0x300000           ; free pages: the functions under test
start:
    mov ebx, main
    jmp to_protected
bits 32
%macro sum 1
    show %1, ebx, 8
    nl
%endmacro
; a function at %1: mov eax, %2; ret
%macro function 2
    mov byte [%1], 0xb8
    mov dword [%1 + 1], %2
    mov byte [%1 + 5], 0xc3
%endmacro
main:
    say "hot self-modifying code", 10
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov dword [PD], 0x87
    mov dword [PD + 4], PT + 7
    mov dword [PT], FUNC + 7            ; V: three times the same page, the last one read-only
    mov dword [PT + 4], FUNC + 7
    mov dword [PT + 8], FUNC + 5
    mov dword [PT + 12], FUNC + 0x1007  ; V + 3000: the two pages in turn
    mov dword [PT + 16], FUNC + 0x2007
    mov eax, PD
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    call in_the_loop
    call itself
    call functions
    call jumps
    call writers
    call two_pages
    call stack_in_code
    call rings
    exit 0x10

; --- stores into the running loop ---
in_the_loop:
    xor ebx, ebx
    mov ecx, 60
.a1:
    inc dword [.a2 + 2]
    rol ebx, 1
    nop
.a2:
    add ebx, strict dword 1
    loop .a1
    sum "ahead "
    xor ebx, ebx
    mov ecx, 60
.b1:
    add ebx, strict dword 1
    rol ebx, 3
    inc dword [.b1 + 2]
    loop .b1
    sum "behind "
    ; in one pass of eight only
    xor ebx, ebx
    mov ecx, 400
.c1:
    test cl, 7
    jnz .c2
    add dword [.c2 + 2], 0x1001
.c2:
    add ebx, strict dword 1
    loop .c1
    sum "now and then "
    ; one store over two instructions: imm of the first, opcode of the second (inc esi <-> dec esi)
    xor ebx, ebx
    mov esi, 5
    mov ecx, 50
.d1:
    mov eax, [.d2 + 2]
    xor eax, 0x08000000
    inc al
    mov [.d2 + 2], eax
.d2:
    add ebx, strict byte 1
    db 0x90                             ; the dword's second byte
    db 0x90
    inc esi
    add ebx, esi
    loop .d1
    sum "two instructions "
    ; data in the same page, in the bytes right after the loop
    xor ebx, ebx
    mov ecx, 3000
.e1:
    add [.data], ecx
    add ebx, [.data]
    loop .e1
    jmp .e2
.data: dd 0
.e2:
    sum "data beside code "
    ret

; --- instructions that change themselves ---
itself:
    ; the immediate is added to itself; what was there when it started counts
    xor ebx, ebx
    mov ecx, 40
.a1:
    add dword [.a1 + 6], strict dword 0x01010101
    add ebx, [.a1 + 6]
    loop .a1
    sum "own immediate "
    ; 80 and 82 mean the same
    xor ebx, ebx
    mov ecx, 40
.b1:
    db 0x80, 0x35                       ; xor byte [.b1], 2
    dd .b1
    db 2
    add bl, [.b1]
    rol ebx, 1
    loop .b1
    sum "own opcode "
    ; XOR becomes ADD, and ADD becomes XOR
    xor ebx, ebx
    mov ecx, 40
.c1:
    db 0x80, 0x35                       ; xor byte [.c1 + 1], 30h
    dd .c1 + 1
    db 0x30
    add bl, [.c1 + 1]
    rol ebx, 1
    loop .c1
    sum "own operation "
    ; its own displacement: each pass writes elsewhere
    xor ebx, ebx
    mov ecx, 30
    mov edi, 0x9000
    mov eax, 0x11
.d1:
    inc dword [.d2 + 2]
.d2:
    db 0x88, 0x87                       ; mov [edi + 0], al
    dd 0
    add al, 7
    loop .d1
    mov ecx, 31
.d3:
    add bl, [edi + ecx - 1]
    rol ebx, 1
    loop .d3
    sum "displacement "
    ret

; --- functions that are called often ---
functions:
    mov edi, FUNC
    function edi, 0
    xor ebx, ebx
    mov ecx, 200
.a1:
    call edi
    add ebx, eax
    test cl, 3
    jnz .a2
    inc dword [edi + 1]
.a2:
    loop .a1
    sum "function "
    ; called at three linear addresses, written at a fourth
    mov dword [FUNC + 1], 1
    xor ebx, ebx
    mov ecx, 160
.b1:
    mov esi, V
    call esi
    add ebx, eax
    add esi, 0x1000
    call esi
    add ebx, eax
    add esi, 0x1000
    call esi
    add ebx, eax
    rol ebx, 1
    test cl, 7
    jnz .b2
    inc dword [FUNC + 1]
.b2:
    test cl, 15
    jnz .b3
    add dword [V + 1], 0x100
.b3:
    loop .b1
    sum "mappings "
    ; two bodies of different lengths, copied over each other by REP MOVSB
    xor ebx, ebx
    mov edx, 60
.c1:
    mov esi, body1
    test dl, 4
    jz .c2
    mov esi, body2
.c2:
    test dl, 3
    jnz .c3
    mov edi, FUNC
    mov ecx, 16
    rep movsb
.c3:
    mov eax, edx
    call [.pointer]
    add ebx, eax
    dec edx
    jnz .c1
    sum "bodies "
    ret
.pointer: dd FUNC
body1:
    inc eax
    shl eax, 4
    ret
    times 16 - ($ - body1) int3
body2:
    xor eax, 0x5555
    imul eax, eax, 77
    rol eax, 9
    ret
    times 16 - ($ - body2) int3

; --- jumps, calls and their targets ---
jumps:
    xor ebx, ebx
    mov ecx, 100
.a1:
    test cl, 3
    jnz .a2
    xor dword [.a2 + 1], (.a4 - .a3) ^ (.a5 - .a3)
.a2:
    db 0xe9                             ; jmp .a4
    dd .a4 - .a3
.a3:
    nop
.a4:
    add ebx, 0x100
.a5:
    inc ebx
    loop .a1
    sum "jump "
    xor ebx, ebx
    mov ecx, 100
.b1:
    test cl, 7
    jnz .b2
    xor byte [.b3], 1                   ; jc <-> jnc
.b2:
    bt ecx, 1
.b3:
    jc .b4
    add ebx, 0x100
.b4:
    inc ebx
    loop .b1
    sum "condition "
    xor ebx, ebx
    mov ecx, 100
.c1:
    test cl, 7
    jnz .c2
    xor dword [.c2 + 1], (.f1 - .c3) ^ (.f2 - .c3)
.c2:
    call .f1
.c3:
    loop .c1
    sum "call "
    ; the loop's own end: LOOP becomes JECXZ, and the loop is left
    xor ebx, ebx
    mov ecx, 100
.d1:
    inc ebx
    cmp ebx, 77
    jne .d2
    mov byte [.d2], 0xe3
.d2:
    loop .d1
    sum "loop "
    ret
.f1:
    inc ebx
    ret
.f2:
    add ebx, 0x100
    ret

; --- by instructions of all kinds: each adds to the immediate at FUNC + 1 ---
writers:
    mov eax, cr4
    or eax, 0x600
    mov cr4, eax
    fninit
    mov edi, FUNC
    function edi, 0
    xor ebx, ebx
    mov esi, 20
.next:
    call edi
    add ebx, eax
    mov edx, 0x101
    xadd [edi + 1], edx
    call edi
    add ebx, eax
    mov eax, [edi + 1]
    lea edx, [eax + 3]
    lock cmpxchg [edi + 1], edx
    call edi
    add ebx, eax
    bts dword [edi + 1], 20
    call edi
    add ebx, eax
    btr dword [edi + 1], 20
    mov eax, [edi + 1]
    inc eax
    movd xmm0, eax
    movss [edi + 1], xmm0
    call edi
    add ebx, eax
    mov [0x9000], eax
    fild dword [0x9000]
    fld1
    faddp
    fistp dword [edi + 1]
    call edi
    add ebx, eax
    mov eax, [edi + 1]
    xchg ah, al
    mov ebp, esp
    mov esp, FUNC + 5
    push eax
    mov esp, ebp
    call edi
    add ebx, eax
    push dword 0x12345
    pop dword [edi + 1]
    call edi
    add ebx, eax
    mov eax, [edi + 1]
    add eax, esi
    push edi
    inc edi
    stosd
    pop edi
    call edi
    add ebx, eax
    movq mm0, [edi]
    pxor mm1, mm1
    paddd mm0, mm1
    movntq [edi], mm0
    emms
    call edi
    add ebx, eax
    setz [edi + 2]
    call edi
    add ebx, eax
    dec esi
    jnz .next
    sum "writers "
    ret

; --- an instruction on two pages: mov eax, imm32 at V + 3ffd ---
two_pages:
    mov esi, V + 0x3ffd
    function esi, 0x10
    xor ebx, ebx
    mov ecx, 120
.next:
    call esi
    add ebx, eax
    rol ebx, 1
    test cl, 3
    jnz .second
    inc byte [FUNC + 0x2000]            ; imm's third byte
.second:
    test cl, 7
    jnz .both
    inc byte [FUNC + 0x1ffe]            ; the first one
.both:
    test cl, 15
    jnz .done
    add dword [V + 0x3ffe], 0x7f80      ; over the border
.done:
    loop .next
    sum "two pages "
    ret

; --- the stack below running code: every CALL and PUSH writes into its page ---
stack_in_code:
    mov edi, FUNC + 0x800
    mov esi, .code
    mov ecx, .end - .code
    rep movsb
    mov ebp, esp
    mov esp, FUNC + 0x800
    mov eax, FUNC + 0x800
    call eax
    mov esp, ebp
    sum "stack beside code "
    ret
.code:
    xor ebx, ebx
    mov ecx, 150
.again:
    push ecx
    call .inner
    pop eax
    add ebx, eax
    loop .again
    ret
.inner:
    pushad
    xor ebx, ecx
    popad
    add ebx, ecx
    ret
.end:

; --- one function for rings 0 and 3, which both change it ---
rings:
    gate32 0x40, .from_user, 0xee
    mov ebp, esp
    lea eax, [esp - 64]
    mov [tss + 4], eax
    mov ax, USERD32                     ; of use in both rings
    mov ds, ax
    mov es, ax
    mov edi, FUNC
    function edi, 0
    xor ebx, ebx
    mov dword [.passes], 40
.next:
    call edi
    add ebx, eax
    inc dword [edi + 1]
    push dword USERD32
    push dword 0x9000
    push dword 2
    push dword USERC32
    push dword .user
    iretd
.user:
    call edi
    add ebx, eax
    rol ebx, 1
    test byte [.passes], 3
    jnz .leave
    add dword [V + 1], 0x10
.leave:
    int 0x40
.from_user:
    mov esp, ebp
    dec dword [.passes]
    jnz .next
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    sum "rings "
    ret
.passes: dd 0
