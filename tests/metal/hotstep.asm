; Hot loops whose jumps wrap around the end of a 16-bit code segment; and single steps through hot code: TF is set in one pass of many,
; the handler adds up where it traps and clears it after a number of steps.
%include "metal.inc"
%define SEGMENT 0x2000                  ; of the code that wraps around
%define BEFORE 0xffd0                   ; offsets of its parts
%define AFTER 0x0010
%define FUNCTION 0x0040
%define LOOP_TOP 0xfff0
%define LOOP_END 0x0002
%macro put 3                            ; offset, from, end
    mov si, %2
    mov di, %1
    mov cx, %3 - %2
    rep movsb
%endmacro
%macro sum 1
    show %1, ebx, 8
    nl
%endmacro
start:
    mov ax, SEGMENT
    mov es, ax
    cld
    put BEFORE, before, before_end
    put AFTER, after, after_end
    put FUNCTION, function, function_end
    put LOOP_TOP, loop_top, loop_top_end
    put LOOP_END, loop_end, loop_end_end
    xor ax, ax
    mov es, ax
    xor ebx, ebx
    mov cx, 500
    call SEGMENT:BEFORE
    sum "jumps over the end "
    xor ebx, ebx
    mov cx, 500
    call SEGMENT:LOOP_TOP
    sum "loop over the end "
    mov ebx, main
    jmp to_protected
%define relative(from, to) (((to) - (from)) & 0xffff)
before:
    add bx, 3
    db 0xe8                             ; call FUNCTION
    dw relative(BEFORE + .after_call - before, FUNCTION)
.after_call:
    dec cx
    db 0x0f, 0x85                       ; jnz AFTER
    dw relative(BEFORE + .out - before, AFTER)
.out:
    retf
before_end:
after:
    rol ebx, 1
    xor bx, cx
    db 0xe9                             ; jmp BEFORE
    dw relative(AFTER + after_end - after, BEFORE)
after_end:
function:
    push cx
    and cl, 7
    rol ebx, cl
    pop cx
    inc bx
    ret
function_end:
loop_top:
    add ebx, ecx
    rol ebx, 5
    db 0xeb                             ; jmp short LOOP_END
    db relative(LOOP_TOP + loop_top_end - loop_top, LOOP_END)
loop_top_end:
loop_end:
    db 0xe2                             ; loop LOOP_TOP
    db relative(LOOP_END + .out - loop_end, LOOP_TOP) & 0xff
.out:
    retf
loop_end_end:

bits 32
trap:
    push eax
    mov eax, [esp + 4]
    sub eax, main
    add [.places], eax
    rol dword [.places], 3
    inc dword [.steps]
    dec dword [.left]
    jnz .on
    and dword [esp + 12], ~0x100
.on:
    mov eax, 0xffff0ff0
    mov dr6, eax
    pop eax
    iretd
.places: dd 0
.steps: dd 0
.left: dd 0
other:
    add ebx, 0x10000
    iretd
main:
    gate32 1, trap
    gate32 0x40, other
    xor ebx, ebx
    xor edx, edx
    mov ecx, 400
.next:
    test cl, 31
    jnz .body
    mov eax, ecx                        ; so many steps, up to 30
    shr eax, 3
    and eax, 30
    or al, 1
    mov [trap.left], eax
    pushfd
    or dword [esp], 0x100
    popfd
.body:
    lea eax, [ebx + ecx]
    call .function
    mov edi, 0x9000
    mov esi, 0x2000
    push ecx
    mov ecx, 3
    rep movsb
    pop ecx
    cmp al, bl
    jb .below
    rol ebx, 1
.below:
    adc ebx, [0x9000]
    test cl, 63
    jnz .no_interrupt
    int 0x40
.no_interrupt:
    dec ecx
    jnz .next
    sum "steps "
    show "places ", [trap.places], 8
    show " count ", [trap.steps], 4
    nl
    exit 0x10
.function:
    imul eax, eax, 77
    xor ebx, eax
    push ebx
    ror dword [esp], 3
    pop ebx
    ret
