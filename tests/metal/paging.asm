; 32-bit paging (SDM vol. 3A 4.3) and PAE (4.4): accessed and dirty bits, error codes, WP, large pages, reserved bits, NX, INVLPG, global
; pages, accesses across pages, page-table bits of user mode.
%include "metal.inc"
%define PD TABLES
%define PT (TABLES + 0x1000)
%define V 0x400000              ; the page under test
start:
    mov ebx, main
    jmp to_protected
bits 32
show_bits:                      ; page-table entry at esi
    show " entry ", [esi], 8
    nl
    ret
%macro invalidate 0
    invlpg [V]
    invlpg [V + 0x1000]
%endmacro
; in ring 3: one instruction; back by INT 40
%macro user_try 2+
    say %1, ": "
    mov dword [resume], %%after
    mov dword [mark], %%here
    mov eax, %%here
    mov ebx, 0x9000
    jmp to_user32
%%here:
    %2
    int 0x40
%%after:
%endmacro
; the same with ip shown from %2 on
%macro user_try_at 3+
    say %1, ": "
    mov dword [resume], %%after
    mov dword [mark], %2
    mov eax, %%here
    mov ebx, 0x9000
    jmp to_user32
%%here:
    %3
    int 0x40
%%after:
%endmacro
back:
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    mov esp, STACK
    say "no fault", 10
    jmp [resume]
main:
    gate32 0x40, back, 0xee
    say "32-bit paging", 10
    mov edi, PD
    mov ecx, 0x4000 / 4
    xor eax, eax
    rep stosd
    ; low 4 MiB by a large page; V by a table
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
    mov esi, PT
    try "not present, read", mov al, [V]
    try "not present, write", mov [V], al
    mov dword [PT], 0x200003
    mov dword [PT + 4], 0x300003
    try "read", mov al, [V]
    call show_bits
    try "write", mov [V], al
    call show_bits
    show "directory ", [PD + 4], 8
    nl
    mov dword [V + 0xffc], 0x11223344
    mov dword [V + 0x1000], 0x55667788
    mov eax, [V + 0xffe]
    show "across pages ", eax, 8
    show " physical ", [0x200ffc], 8
    nl
    mov dword [V + 0xffe], 0xaabbccdd
    show "written across ", [0x200ffc], 8
    show " ", [0x300000], 8
    nl
    ; the second page cannot be written: nothing is
    mov dword [PT + 4], 0
    invalidate
    try "write across into a hole", mov dword [V + 0xffe], 0x12345678
    show "first page ", [0x200ffc], 8
    nl
    try "read across into a hole", mov eax, [V + 0xffd]
    try "add across into a hole", add dword [V + 0xffd], 1
    ; read-only for the supervisor: by WP
    mov dword [PT], 0x200001
    invalidate
    try "write to read-only, wp 0", mov [V], al
    call show_bits
    mov eax, cr0
    or eax, 0x10000
    mov cr0, eax
    try "write to read-only, wp 1", mov [V], al
    try "rmw on read-only, wp 1", inc byte [V]
    ; user
    mov dword [PT], 0x200003
    invalidate
    user_try "user reads supervisor", mov al, [V]
    user_try "user writes supervisor", mov [V], al
    mov dword [PT], 0x200005
    invalidate
    user_try "user reads user", mov al, [V]
    user_try "user writes read-only", mov [V], al
    mov dword [PD + 4], PT + 3
    mov dword [PT], 0x200007
    invalidate
    user_try "supervisor directory", mov al, [V]
    mov dword [PD + 4], PT + 7
    invalidate
    user_try_at "user jumps to a hole", V + 0x2000, jmp V + 0x2000
    ; moving a page
    mov dword [0x200000], 0x2222
    mov dword [0x300000], 0x3333
    mov eax, [V]
    mov dword [PT], 0x300007
    invlpg [V]
    mov eax, [V]
    show "after invlpg ", eax, 4
    mov dword [PT], 0x200007
    mov eax, cr3
    mov cr3, eax
    mov eax, [V]
    show " after cr3 ", eax, 4
    ; global pages stay over CR3 (and may not be looked at), go with CR4.PGE
    mov eax, cr4
    or eax, 0x80
    mov cr4, eax
    mov dword [PT], 0x200107
    invlpg [V]
    mov eax, [V]
    mov dword [PT], 0x300107
    mov eax, cr4
    and eax, ~0x80
    mov cr4, eax
    mov eax, [V]
    show " after pge ", eax, 4
    nl
    ; large pages
    mov dword [PD + 8], 0x000083
    mov eax, [0x800500]
    show "large page entry ", [PD + 8], 8
    mov [0x800500], eax
    show " ", [PD + 8], 8
    nl
    mov dword [PD + 12], 0x200083         ; bit 21 is reserved
    try "reserved bit", mov al, [0xc00000]
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax

    say "pae", 10
%define PDPT TABLES
%define PD2 (TABLES + 0x1000)
%define PT2 (TABLES + 0x2000)
%define W 0x600000
    mov edi, TABLES
    mov ecx, 0x4000 / 4
    xor eax, eax
    rep stosd
    mov dword [PDPT], PD2 + 1
    mov dword [PD2], 0x87
    mov dword [PD2 + 8], 0x200087
    mov dword [PD2 + 24], PT2 + 7
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov eax, PDPT
    mov cr3, eax
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x800
    wrmsr
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    mov esi, PT2
    try "not present", mov al, [W]
    mov dword [PT2], 0x300007
    try "read", mov al, [W]
    call show_bits
    mov byte [0x300000], 0xc3              ; ret
    try "call", call W
    mov dword [PT2 + 4], 0x80000000
    invlpg [W]
    say "call nx: "
    fault_at W, call W
    try "read nx", mov al, [W]
    user_try_at "user call nx", W, call W
    mov dword [PT2 + 4], 0x00100000        ; beyond the physical addresses
    invlpg [W]
    try "reserved", mov al, [W]
    user_try "reserved, user write", mov [W], al
    mov dword [PT2 + 4], 0
    mov dword [PD2 + 24 + 4], 0x80000000
    mov eax, cr3
    mov cr3, eax
    say "nx in the directory: "
    fault_at W, call W
    ; NXE off: the bit is reserved
    mov ecx, 0xc0000080
    rdmsr
    and eax, ~0x800
    wrmsr
    try "nx without nxe", mov al, [W]
    mov dword [PD2 + 24 + 4], 0
    ; 2 MiB pages
    mov dword [PD2 + 32], 0x200083
    mov dword [0x200700], 0x77777777
    mov eax, [0x800700]
    show "2 MiB ", eax, 8
    show " entry ", [PD2 + 32], 8
    nl
    mov dword [PD2 + 32], 0x202083         ; bit 13 is reserved
    invlpg [0x800000]
    try "reserved in 2 MiB", mov al, [0x800000]
    ; directory pointers are loaded with CR3: a reserved bit gives #GP then
    mov dword [PDPT + 8], PD2 + 1
    mov eax, cr3
    mov cr3, eax
    mov eax, [0x40000700]
    show "second pointer ", eax, 8
    nl
    mov dword [PDPT + 8], 0
    mov eax, [0x40000700]
    show "still ", eax, 8
    nl
    mov dword [PDPT + 8], PD2 + 7
    mov eax, cr3
    try "reserved pointer bits", mov cr3, eax
    mov dword [PDPT + 8], 0
    mov eax, cr3
    mov cr3, eax
    try "pointer not present", mov al, [0x40000700]
    exit 0x10
