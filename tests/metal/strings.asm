; String instructions that fault in the middle and go on after the handler has mapped the page (SDM vol. 2B, REP: registers show the
; iterations done); other instructions restart too.
%include "metal.inc"
%define PD TABLES
%define PT (TABLES + 0x1000)
%define V 0x400000
start:
    mov ebx, main
    jmp to_protected
bits 32
faults: dd 0
; maps the page of CR2 to 20_0000 + its offset, and notes the registers
pf_handler:
    push eax
    push ebx
    mov eax, cr2
    mov ebx, eax
    inc dword [faults]
    show " [cr2 ", eax, 8
    show " e ", [esp + 16], 2
    show " ecx ", ecx, 4
    show " esi ", esi, 6
    show " edi ", edi, 6
    say "]"
    mov eax, ebx
    shr eax, 12
    and eax, 0x3ff
    mov ebx, eax
    shl ebx, 12
    add ebx, 0x200000 + 7
    mov [PT + eax * 4], ebx
    pop ebx
    pop eax
    add esp, 4
    iretd
clear:
    push eax
    push ecx
    push edi
    mov edi, PT
    xor eax, eax
    mov ecx, 1024
    rep stosd
    mov eax, cr3
    mov cr3, eax
    pop edi
    pop ecx
    pop eax
    ret
done:
    nl
    show "  ecx ", ecx, 4
    show " esi ", esi, 6
    show " edi ", edi, 6
    pushfd
    pop eax
    and eax, 0x4d5
    show " flags ", eax, 4
    nl
    cld
    call clear
    ret
main:
    say "restartable strings", 10
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov dword [PD], 0x87
    mov dword [PD + 4], PT + 7
    mov eax, PD
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    gate32 14, pf_handler
    call clear
    mov edi, 0x200000
    mov ecx, 0x4000
    mov eax, 0x5a5a5a5a
    rep stosd
    say "rep movsd up"
    mov esi, V + 0xff8
    mov edi, V + 0x3ff0
    mov ecx, 10
    rep movsd
    call done
    say "rep movsb down"
    mov esi, V + 0x1003
    mov edi, V + 0x3002
    mov ecx, 10
    std
    rep movsb
    call done
    say "rep stosw, unaligned"
    mov edi, V + 0x1ffb
    mov ecx, 6
    mov eax, 0x1234
    rep stosw
    call done
    show "  memory ", [0x201ffc], 8
    show " ", [0x202000], 8
    nl
    mov dword [0x201ffc], 0x5a5a5a5a
    mov dword [0x201ff8], 0x5a5a5a5a
    mov dword [0x202000], 0x5a5a5a5a
    mov dword [0x202004], 0x5a5a5a5a
    say "repe scasb"
    mov edi, V + 0xffa
    mov ecx, 100
    mov al, 0x5a
    mov byte [0x201005], 0
    repe scasb
    call done
    say "repe cmpsd"
    mov esi, V + 0xff0
    mov edi, V + 0x2ff4
    mov ecx, 20
    mov dword [0x20300c], 1
    repe cmpsd
    call done
    say "rep lodsd"
    mov esi, V + 0x1ff6
    mov ecx, 6
    rep lodsd
    call done
    say "rep outsb"
    mov esi, V + 0xffe
    mov ecx, 4
    mov dx, 0x80
    rep outsb
    call done
    say "rep insw"
    mov edi, V + 0xffc
    mov ecx, 4
    rep insw
    call done
    say "code across pages"
    ; mov eax, imm32; ret, over a page border, at 20_0ffd
    mov byte [0x200ffd], 0xb8
    mov dword [0x200ffe], 0x12345678
    mov byte [0x201002], 0xc3
    mov eax, V + 0xffd
    call eax
    mov ecx, eax
    call done
    say "fld and fstp across"
    fninit
    mov dword [0x200ffc], 0
    mov dword [0x201000], 0x3ff00000
    fld qword [V + 0xffc]
    fstp tword [V + 0x2ffa]
    show " result ", [0x202ffa + 6], 8
    call done
    exit 0x10
