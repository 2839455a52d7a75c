# From the BIOS into 64-bit mode, as the first sector of a disk. All of memory is where it is, but that from 8 MiB on every
# second 2 MiB are missing: who reads or writes there ends the machine, for there is nobody to handle the fault.
.section .boot, "awx"
.code16
.globl boot
boot:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    mov di, offset PIECES
2:
    # Extended read (int 13h, function 42h): 32 KiB at a time, to behind this sector.
    mov ah, 0x42
    mov si, offset packet
    int 0x13
    jc fault
    add word ptr [packet + 6], 0x800
    add word ptr [packet + 8], 64
    dec di
    jnz 2b

    # The line that is address bit 20.
    in al, 0x92
    or al, 2
    out 0x92, al

    # One table each of levels 4 and 3, one of pages of 2 MiB.
    mov di, 0x1000
    mov cx, 0x3000 / 2
    xor ax, ax
    rep stosw
    mov word ptr [0x1000], 0x2003
    mov word ptr [0x2000], 0x3003
    mov di, 0x3000
    mov eax, 0x83
    mov cx, 32
3:
    cmp cx, 32 - 4
    jae 4f
    test cx, 1
    jnz 5f
4:
    mov [di], eax
5:
    add di, 8
    add eax, 0x200000
    loop 3b

    # CR4: PAE, OSFXSR, OSXMMEXCPT, OSXSAVE.
    mov eax, 0x40620
    mov cr4, eax
    mov eax, 0x1000
    mov cr3, eax
    # EFER: LME.
    mov ecx, 0xc0000080
    rdmsr
    or ax, 0x100
    wrmsr
    # CR0: PG, WP, NE, MP, PE.
    mov eax, 0x80010023
    lgdt [descriptors]
    mov cr0, eax
    # A far jump, which assemblers write in different ways: to the 64-bit segment.
    .byte 0xea
    .word 6f, 8
fault:
    hlt
    jmp fault

.code64
6:
    mov eax, 16
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, 0x7c00
    call guest
7:
    hlt
    jmp 7b

.balign 8
packet:
    .word 16, 64, 0x7e00 & 15, 0x7e00 >> 4
    .quad 1
segments:
    .quad 0, 0x00209a0000000000, 0x0000920000000000
descriptors:
    .word . - segments - 1
    .long segments

.org 510
    .byte 0x55, 0xaa
