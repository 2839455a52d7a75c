# SHA-256 of 3 streams, 2 blocks of each in a turn. Written by the test `hybrid_assembler`
# (MLBOM_WRITE_ASSEMBLER=1 writes it anew); what it does is said there. Not to be changed by hand.
push rbp
push rbx
push r12
push r13
push r14
push r15
push rdi
mov rbp, r8
mov r12, rcx
mov r8, qword ptr [rsi + 0]
vmovdqu xmm1, xmmword ptr [rdi + 0]
vmovdqu xmm4, xmmword ptr [rdi + 16]
mov r9, qword ptr [rsi + 8]
vmovdqu xmm2, xmmword ptr [rdi + 32]
vmovdqu xmm5, xmmword ptr [rdi + 48]
mov r10, qword ptr [rsi + 16]
vmovdqu xmm3, xmmword ptr [rdi + 64]
vmovdqu xmm6, xmmword ptr [rdi + 80]
xor edi, edi
mov rcx, rbp
lea rax, [rbp + 2048]
vmovdqu8 xmm16, xmmword ptr [r8 + 0]
vinserti32x4 ymm16, ymm16, xmmword ptr [r9 + 64], 1
vmovdqu8 xmm17, xmmword ptr [r9 + 0]
vinserti32x4 ymm17, ymm17, xmmword ptr [r10 + 64], 1
vmovdqu8 xmm18, xmmword ptr [r10 + 0]
vinserti32x4 ymm18, ymm18, xmmword ptr [r10 + 64], 1
vmovdqu8 xmm19, xmmword ptr [r8 + 64]
vinserti32x4 ymm19, ymm19, xmmword ptr [r10 + 64], 1
vpunpckldq ymm7, ymm16, ymm17
vpunpckhdq ymm17, ymm16, ymm17
vpunpckldq ymm8, ymm18, ymm19
vpunpckhdq ymm19, ymm18, ymm19
vpunpcklqdq ymm16, ymm7, ymm8
vpunpckhqdq ymm7, ymm7, ymm8
vpunpcklqdq ymm18, ymm17, ymm19
vpunpckhqdq ymm19, ymm17, ymm19
vpshufb ymm16, ymm16, ymmword ptr [r12 + 256]
vpshufb ymm17, ymm7, ymmword ptr [r12 + 256]
vpshufb ymm18, ymm18, ymmword ptr [r12 + 256]
vpshufb ymm19, ymm19, ymmword ptr [r12 + 256]
vpaddd ymm9, ymm16, dword ptr [r12 + 0]{1to8}
vpaddd ymm10, ymm17, dword ptr [r12 + 4]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 0], ymm11
vmovdqa ymmword ptr [rcx + 32], ymm9
vpaddd ymm12, ymm18, dword ptr [r12 + 8]{1to8}
vpaddd ymm13, ymm19, dword ptr [r12 + 12]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 64], ymm14
vmovdqa ymmword ptr [rcx + 96], ymm12
vmovdqu8 xmm20, xmmword ptr [r8 + 16]
vinserti32x4 ymm20, ymm20, xmmword ptr [r9 + 80], 1
vmovdqu8 xmm21, xmmword ptr [r9 + 16]
vinserti32x4 ymm21, ymm21, xmmword ptr [r10 + 80], 1
vmovdqu8 xmm22, xmmword ptr [r10 + 16]
vinserti32x4 ymm22, ymm22, xmmword ptr [r10 + 80], 1
vmovdqu8 xmm23, xmmword ptr [r8 + 80]
vinserti32x4 ymm23, ymm23, xmmword ptr [r10 + 80], 1
vpunpckldq ymm15, ymm20, ymm21
vpunpckhdq ymm21, ymm20, ymm21
vpunpckldq ymm7, ymm22, ymm23
vpunpckhdq ymm23, ymm22, ymm23
vpunpcklqdq ymm20, ymm15, ymm7
vpunpckhqdq ymm15, ymm15, ymm7
vpunpcklqdq ymm22, ymm21, ymm23
vpunpckhqdq ymm23, ymm21, ymm23
vpshufb ymm20, ymm20, ymmword ptr [r12 + 256]
vpshufb ymm21, ymm15, ymmword ptr [r12 + 256]
vpshufb ymm22, ymm22, ymmword ptr [r12 + 256]
vpshufb ymm23, ymm23, ymmword ptr [r12 + 256]
vpaddd ymm8, ymm20, dword ptr [r12 + 16]{1to8}
vpaddd ymm9, ymm21, dword ptr [r12 + 20]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 128], ymm10
vmovdqa ymmword ptr [rcx + 160], ymm8
vpaddd ymm11, ymm22, dword ptr [r12 + 24]{1to8}
vpaddd ymm12, ymm23, dword ptr [r12 + 28]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 192], ymm13
vmovdqa ymmword ptr [rcx + 224], ymm11
vmovdqu8 xmm24, xmmword ptr [r8 + 32]
vinserti32x4 ymm24, ymm24, xmmword ptr [r9 + 96], 1
vmovdqu8 xmm25, xmmword ptr [r9 + 32]
vinserti32x4 ymm25, ymm25, xmmword ptr [r10 + 96], 1
vmovdqu8 xmm26, xmmword ptr [r10 + 32]
vinserti32x4 ymm26, ymm26, xmmword ptr [r10 + 96], 1
vmovdqu8 xmm27, xmmword ptr [r8 + 96]
vinserti32x4 ymm27, ymm27, xmmword ptr [r10 + 96], 1
vpunpckldq ymm14, ymm24, ymm25
vpunpckhdq ymm25, ymm24, ymm25
vpunpckldq ymm15, ymm26, ymm27
vpunpckhdq ymm27, ymm26, ymm27
vpunpcklqdq ymm24, ymm14, ymm15
vpunpckhqdq ymm14, ymm14, ymm15
vpunpcklqdq ymm26, ymm25, ymm27
vpunpckhqdq ymm27, ymm25, ymm27
vpshufb ymm24, ymm24, ymmword ptr [r12 + 256]
vpshufb ymm25, ymm14, ymmword ptr [r12 + 256]
vpshufb ymm26, ymm26, ymmword ptr [r12 + 256]
vpshufb ymm27, ymm27, ymmword ptr [r12 + 256]
vpaddd ymm7, ymm24, dword ptr [r12 + 32]{1to8}
vpaddd ymm8, ymm25, dword ptr [r12 + 36]{1to8}
vpunpckldq ymm9, ymm7, ymm8
vpunpckhdq ymm7, ymm7, ymm8
vmovdqa ymmword ptr [rcx + 256], ymm9
vmovdqa ymmword ptr [rcx + 288], ymm7
vpaddd ymm10, ymm26, dword ptr [r12 + 40]{1to8}
vpaddd ymm11, ymm27, dword ptr [r12 + 44]{1to8}
vpunpckldq ymm12, ymm10, ymm11
vpunpckhdq ymm10, ymm10, ymm11
vmovdqa ymmword ptr [rcx + 320], ymm12
vmovdqa ymmword ptr [rcx + 352], ymm10
vmovdqu8 xmm28, xmmword ptr [r8 + 48]
vinserti32x4 ymm28, ymm28, xmmword ptr [r9 + 112], 1
vmovdqu8 xmm29, xmmword ptr [r9 + 48]
vinserti32x4 ymm29, ymm29, xmmword ptr [r10 + 112], 1
vmovdqu8 xmm30, xmmword ptr [r10 + 48]
vinserti32x4 ymm30, ymm30, xmmword ptr [r10 + 112], 1
vmovdqu8 xmm31, xmmword ptr [r8 + 112]
vinserti32x4 ymm31, ymm31, xmmword ptr [r10 + 112], 1
vpunpckldq ymm13, ymm28, ymm29
vpunpckhdq ymm29, ymm28, ymm29
vpunpckldq ymm14, ymm30, ymm31
vpunpckhdq ymm31, ymm30, ymm31
vpunpcklqdq ymm28, ymm13, ymm14
vpunpckhqdq ymm13, ymm13, ymm14
vpunpcklqdq ymm30, ymm29, ymm31
vpunpckhqdq ymm31, ymm29, ymm31
vpshufb ymm28, ymm28, ymmword ptr [r12 + 256]
vpshufb ymm29, ymm13, ymmword ptr [r12 + 256]
vpshufb ymm30, ymm30, ymmword ptr [r12 + 256]
vpshufb ymm31, ymm31, ymmword ptr [r12 + 256]
vpaddd ymm15, ymm28, dword ptr [r12 + 48]{1to8}
vpaddd ymm7, ymm29, dword ptr [r12 + 52]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 384], ymm8
vmovdqa ymmword ptr [rcx + 416], ymm15
vpaddd ymm9, ymm30, dword ptr [r12 + 56]{1to8}
vpaddd ymm10, ymm31, dword ptr [r12 + 60]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 448], ymm11
vmovdqa ymmword ptr [rcx + 480], ymm9
vprord ymm15, ymm30, 17
vprord ymm12, ymm17, 7
vprord ymm7, ymm30, 19
vpaddd ymm16, ymm16, ymm25
vprord ymm13, ymm17, 18
vpsrld ymm8, ymm30, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm17, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm16, ymm16, ymm12
vpaddd ymm16, ymm16, ymm15
vprord ymm12, ymm31, 17
vprord ymm9, ymm18, 7
vprord ymm13, ymm31, 19
vpaddd ymm17, ymm17, ymm26
vprord ymm10, ymm18, 18
vpsrld ymm14, ymm31, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm18, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm17, ymm17, ymm9
vpaddd ymm17, ymm17, ymm12
vpaddd ymm15, ymm16, dword ptr [r12 + 64]{1to8}
vpaddd ymm7, ymm17, dword ptr [r12 + 68]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 512], ymm8
vmovdqa ymmword ptr [rcx + 544], ymm15
vprord ymm12, ymm16, 17
vprord ymm9, ymm19, 7
vprord ymm13, ymm16, 19
vpaddd ymm18, ymm18, ymm27
vprord ymm10, ymm19, 18
vpsrld ymm14, ymm16, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm19, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm18, ymm18, ymm9
vpaddd ymm18, ymm18, ymm12
vprord ymm9, ymm17, 17
vprord ymm15, ymm20, 7
vprord ymm10, ymm17, 19
vpaddd ymm19, ymm19, ymm28
vprord ymm7, ymm20, 18
vpsrld ymm11, ymm17, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm20, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm19, ymm19, ymm15
vpaddd ymm19, ymm19, ymm9
vpaddd ymm12, ymm18, dword ptr [r12 + 72]{1to8}
vpaddd ymm13, ymm19, dword ptr [r12 + 76]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 576], ymm14
vmovdqa ymmword ptr [rcx + 608], ymm12
vprord ymm9, ymm18, 17
vprord ymm15, ymm21, 7
vprord ymm10, ymm18, 19
vpaddd ymm20, ymm20, ymm29
vprord ymm7, ymm21, 18
vpsrld ymm11, ymm18, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm21, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm20, ymm20, ymm15
vpaddd ymm20, ymm20, ymm9
vprord ymm15, ymm19, 17
vprord ymm12, ymm22, 7
vprord ymm7, ymm19, 19
vpaddd ymm21, ymm21, ymm30
vprord ymm13, ymm22, 18
vpsrld ymm8, ymm19, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm22, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm21, ymm21, ymm12
vpaddd ymm21, ymm21, ymm15
vpaddd ymm9, ymm20, dword ptr [r12 + 80]{1to8}
vpaddd ymm10, ymm21, dword ptr [r12 + 84]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 640], ymm11
vmovdqa ymmword ptr [rcx + 672], ymm9
vprord ymm15, ymm20, 17
vprord ymm12, ymm23, 7
vprord ymm7, ymm20, 19
vpaddd ymm22, ymm22, ymm31
vprord ymm13, ymm23, 18
vpsrld ymm8, ymm20, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm23, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm22, ymm22, ymm12
vpaddd ymm22, ymm22, ymm15
vprord ymm12, ymm21, 17
vprord ymm9, ymm24, 7
vprord ymm13, ymm21, 19
vpaddd ymm23, ymm23, ymm16
vprord ymm10, ymm24, 18
vpsrld ymm14, ymm21, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm24, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm23, ymm23, ymm9
vpaddd ymm23, ymm23, ymm12
vpaddd ymm15, ymm22, dword ptr [r12 + 88]{1to8}
vpaddd ymm7, ymm23, dword ptr [r12 + 92]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 704], ymm8
vmovdqa ymmword ptr [rcx + 736], ymm15
vprord ymm12, ymm22, 17
vprord ymm9, ymm25, 7
vprord ymm13, ymm22, 19
vpaddd ymm24, ymm24, ymm17
vprord ymm10, ymm25, 18
vpsrld ymm14, ymm22, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm25, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm24, ymm24, ymm9
vpaddd ymm24, ymm24, ymm12
vprord ymm9, ymm23, 17
vprord ymm15, ymm26, 7
vprord ymm10, ymm23, 19
vpaddd ymm25, ymm25, ymm18
vprord ymm7, ymm26, 18
vpsrld ymm11, ymm23, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm26, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm25, ymm25, ymm15
vpaddd ymm25, ymm25, ymm9
vpaddd ymm12, ymm24, dword ptr [r12 + 96]{1to8}
vpaddd ymm13, ymm25, dword ptr [r12 + 100]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 768], ymm14
vmovdqa ymmword ptr [rcx + 800], ymm12
vprord ymm9, ymm24, 17
vprord ymm15, ymm27, 7
vprord ymm10, ymm24, 19
vpaddd ymm26, ymm26, ymm19
vprord ymm7, ymm27, 18
vpsrld ymm11, ymm24, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm27, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm26, ymm26, ymm15
vpaddd ymm26, ymm26, ymm9
vprord ymm15, ymm25, 17
vprord ymm12, ymm28, 7
vprord ymm7, ymm25, 19
vpaddd ymm27, ymm27, ymm20
vprord ymm13, ymm28, 18
vpsrld ymm8, ymm25, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm28, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm27, ymm27, ymm12
vpaddd ymm27, ymm27, ymm15
vpaddd ymm9, ymm26, dword ptr [r12 + 104]{1to8}
vpaddd ymm10, ymm27, dword ptr [r12 + 108]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 832], ymm11
vmovdqa ymmword ptr [rcx + 864], ymm9
vprord ymm15, ymm26, 17
vprord ymm12, ymm29, 7
vprord ymm7, ymm26, 19
vpaddd ymm28, ymm28, ymm21
vprord ymm13, ymm29, 18
vpsrld ymm8, ymm26, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm29, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm28, ymm28, ymm12
vpaddd ymm28, ymm28, ymm15
vprord ymm12, ymm27, 17
vprord ymm9, ymm30, 7
vprord ymm13, ymm27, 19
vpaddd ymm29, ymm29, ymm22
vprord ymm10, ymm30, 18
vpsrld ymm14, ymm27, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm30, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm29, ymm29, ymm9
vpaddd ymm29, ymm29, ymm12
vpaddd ymm15, ymm28, dword ptr [r12 + 112]{1to8}
vpaddd ymm7, ymm29, dword ptr [r12 + 116]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 896], ymm8
vmovdqa ymmword ptr [rcx + 928], ymm15
vprord ymm12, ymm28, 17
vprord ymm9, ymm31, 7
vprord ymm13, ymm28, 19
vpaddd ymm30, ymm30, ymm23
vprord ymm10, ymm31, 18
vpsrld ymm14, ymm28, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm31, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm30, ymm30, ymm9
vpaddd ymm30, ymm30, ymm12
vprord ymm9, ymm29, 17
vprord ymm15, ymm16, 7
vprord ymm10, ymm29, 19
vpaddd ymm31, ymm31, ymm24
vprord ymm7, ymm16, 18
vpsrld ymm11, ymm29, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm16, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm31, ymm31, ymm15
vpaddd ymm31, ymm31, ymm9
vpaddd ymm12, ymm30, dword ptr [r12 + 120]{1to8}
vpaddd ymm13, ymm31, dword ptr [r12 + 124]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 960], ymm14
vmovdqa ymmword ptr [rcx + 992], ymm12
vprord ymm9, ymm30, 17
vprord ymm15, ymm17, 7
vprord ymm10, ymm30, 19
vpaddd ymm16, ymm16, ymm25
vprord ymm7, ymm17, 18
vpsrld ymm11, ymm30, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm17, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm16, ymm16, ymm15
vpaddd ymm16, ymm16, ymm9
vprord ymm15, ymm31, 17
vprord ymm12, ymm18, 7
vprord ymm7, ymm31, 19
vpaddd ymm17, ymm17, ymm26
vprord ymm13, ymm18, 18
vpsrld ymm8, ymm31, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm18, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm17, ymm17, ymm12
vpaddd ymm17, ymm17, ymm15
vpaddd ymm9, ymm16, dword ptr [r12 + 128]{1to8}
vpaddd ymm10, ymm17, dword ptr [r12 + 132]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 1024], ymm11
vmovdqa ymmword ptr [rcx + 1056], ymm9
vprord ymm15, ymm16, 17
vprord ymm12, ymm19, 7
vprord ymm7, ymm16, 19
vpaddd ymm18, ymm18, ymm27
vprord ymm13, ymm19, 18
vpsrld ymm8, ymm16, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm19, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm18, ymm18, ymm12
vpaddd ymm18, ymm18, ymm15
vprord ymm12, ymm17, 17
vprord ymm9, ymm20, 7
vprord ymm13, ymm17, 19
vpaddd ymm19, ymm19, ymm28
vprord ymm10, ymm20, 18
vpsrld ymm14, ymm17, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm20, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm19, ymm19, ymm9
vpaddd ymm19, ymm19, ymm12
vpaddd ymm15, ymm18, dword ptr [r12 + 136]{1to8}
vpaddd ymm7, ymm19, dword ptr [r12 + 140]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 1088], ymm8
vmovdqa ymmword ptr [rcx + 1120], ymm15
vprord ymm12, ymm18, 17
vprord ymm9, ymm21, 7
vprord ymm13, ymm18, 19
vpaddd ymm20, ymm20, ymm29
vprord ymm10, ymm21, 18
vpsrld ymm14, ymm18, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm21, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm20, ymm20, ymm9
vpaddd ymm20, ymm20, ymm12
vprord ymm9, ymm19, 17
vprord ymm15, ymm22, 7
vprord ymm10, ymm19, 19
vpaddd ymm21, ymm21, ymm30
vprord ymm7, ymm22, 18
vpsrld ymm11, ymm19, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm22, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm21, ymm21, ymm15
vpaddd ymm21, ymm21, ymm9
vpaddd ymm12, ymm20, dword ptr [r12 + 144]{1to8}
vpaddd ymm13, ymm21, dword ptr [r12 + 148]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 1152], ymm14
vmovdqa ymmword ptr [rcx + 1184], ymm12
vprord ymm9, ymm20, 17
vprord ymm15, ymm23, 7
vprord ymm10, ymm20, 19
vpaddd ymm22, ymm22, ymm31
vprord ymm7, ymm23, 18
vpsrld ymm11, ymm20, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm23, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm22, ymm22, ymm15
vpaddd ymm22, ymm22, ymm9
vprord ymm15, ymm21, 17
vprord ymm12, ymm24, 7
vprord ymm7, ymm21, 19
vpaddd ymm23, ymm23, ymm16
vprord ymm13, ymm24, 18
vpsrld ymm8, ymm21, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm24, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm23, ymm23, ymm12
vpaddd ymm23, ymm23, ymm15
vpaddd ymm9, ymm22, dword ptr [r12 + 152]{1to8}
vpaddd ymm10, ymm23, dword ptr [r12 + 156]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 1216], ymm11
vmovdqa ymmword ptr [rcx + 1248], ymm9
vprord ymm15, ymm22, 17
vprord ymm12, ymm25, 7
vprord ymm7, ymm22, 19
vpaddd ymm24, ymm24, ymm17
vprord ymm13, ymm25, 18
vpsrld ymm8, ymm22, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm25, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm24, ymm24, ymm12
vpaddd ymm24, ymm24, ymm15
vprord ymm12, ymm23, 17
vprord ymm9, ymm26, 7
vprord ymm13, ymm23, 19
vpaddd ymm25, ymm25, ymm18
vprord ymm10, ymm26, 18
vpsrld ymm14, ymm23, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm26, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm25, ymm25, ymm9
vpaddd ymm25, ymm25, ymm12
vpaddd ymm15, ymm24, dword ptr [r12 + 160]{1to8}
vpaddd ymm7, ymm25, dword ptr [r12 + 164]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 1280], ymm8
vmovdqa ymmword ptr [rcx + 1312], ymm15
vprord ymm12, ymm24, 17
vprord ymm9, ymm27, 7
vprord ymm13, ymm24, 19
vpaddd ymm26, ymm26, ymm19
vprord ymm10, ymm27, 18
vpsrld ymm14, ymm24, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm27, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm26, ymm26, ymm9
vpaddd ymm26, ymm26, ymm12
vprord ymm9, ymm25, 17
vprord ymm15, ymm28, 7
vprord ymm10, ymm25, 19
vpaddd ymm27, ymm27, ymm20
vprord ymm7, ymm28, 18
vpsrld ymm11, ymm25, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm28, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm27, ymm27, ymm15
vpaddd ymm27, ymm27, ymm9
vpaddd ymm12, ymm26, dword ptr [r12 + 168]{1to8}
vpaddd ymm13, ymm27, dword ptr [r12 + 172]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 1344], ymm14
vmovdqa ymmword ptr [rcx + 1376], ymm12
vprord ymm9, ymm26, 17
vprord ymm15, ymm29, 7
vprord ymm10, ymm26, 19
vpaddd ymm28, ymm28, ymm21
vprord ymm7, ymm29, 18
vpsrld ymm11, ymm26, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm29, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm28, ymm28, ymm15
vpaddd ymm28, ymm28, ymm9
vprord ymm15, ymm27, 17
vprord ymm12, ymm30, 7
vprord ymm7, ymm27, 19
vpaddd ymm29, ymm29, ymm22
vprord ymm13, ymm30, 18
vpsrld ymm8, ymm27, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm30, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm29, ymm29, ymm12
vpaddd ymm29, ymm29, ymm15
vpaddd ymm9, ymm28, dword ptr [r12 + 176]{1to8}
vpaddd ymm10, ymm29, dword ptr [r12 + 180]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 1408], ymm11
vmovdqa ymmword ptr [rcx + 1440], ymm9
vprord ymm15, ymm28, 17
vprord ymm12, ymm31, 7
vprord ymm7, ymm28, 19
vpaddd ymm30, ymm30, ymm23
vprord ymm13, ymm31, 18
vpsrld ymm8, ymm28, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm31, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm30, ymm30, ymm12
vpaddd ymm30, ymm30, ymm15
vprord ymm12, ymm29, 17
vprord ymm9, ymm16, 7
vprord ymm13, ymm29, 19
vpaddd ymm31, ymm31, ymm24
vprord ymm10, ymm16, 18
vpsrld ymm14, ymm29, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm16, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm31, ymm31, ymm9
vpaddd ymm31, ymm31, ymm12
vpaddd ymm15, ymm30, dword ptr [r12 + 184]{1to8}
vpaddd ymm7, ymm31, dword ptr [r12 + 188]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 1472], ymm8
vmovdqa ymmword ptr [rcx + 1504], ymm15
vprord ymm12, ymm30, 17
vprord ymm9, ymm17, 7
vprord ymm13, ymm30, 19
vpaddd ymm16, ymm16, ymm25
vprord ymm10, ymm17, 18
vpsrld ymm14, ymm30, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm17, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm16, ymm16, ymm9
vpaddd ymm16, ymm16, ymm12
vprord ymm9, ymm31, 17
vprord ymm15, ymm18, 7
vprord ymm10, ymm31, 19
vpaddd ymm17, ymm17, ymm26
vprord ymm7, ymm18, 18
vpsrld ymm11, ymm31, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm18, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm17, ymm17, ymm15
vpaddd ymm17, ymm17, ymm9
vpaddd ymm12, ymm16, dword ptr [r12 + 192]{1to8}
vpaddd ymm13, ymm17, dword ptr [r12 + 196]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 1536], ymm14
vmovdqa ymmword ptr [rcx + 1568], ymm12
vprord ymm9, ymm16, 17
vprord ymm15, ymm19, 7
vprord ymm10, ymm16, 19
vpaddd ymm18, ymm18, ymm27
vprord ymm7, ymm19, 18
vpsrld ymm11, ymm16, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm19, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm18, ymm18, ymm15
vpaddd ymm18, ymm18, ymm9
vprord ymm15, ymm17, 17
vprord ymm12, ymm20, 7
vprord ymm7, ymm17, 19
vpaddd ymm19, ymm19, ymm28
vprord ymm13, ymm20, 18
vpsrld ymm8, ymm17, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm20, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm19, ymm19, ymm12
vpaddd ymm19, ymm19, ymm15
vpaddd ymm9, ymm18, dword ptr [r12 + 200]{1to8}
vpaddd ymm10, ymm19, dword ptr [r12 + 204]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 1600], ymm11
vmovdqa ymmword ptr [rcx + 1632], ymm9
vprord ymm15, ymm18, 17
vprord ymm12, ymm21, 7
vprord ymm7, ymm18, 19
vpaddd ymm20, ymm20, ymm29
vprord ymm13, ymm21, 18
vpsrld ymm8, ymm18, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm21, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm20, ymm20, ymm12
vpaddd ymm20, ymm20, ymm15
vprord ymm12, ymm19, 17
vprord ymm9, ymm22, 7
vprord ymm13, ymm19, 19
vpaddd ymm21, ymm21, ymm30
vprord ymm10, ymm22, 18
vpsrld ymm14, ymm19, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm22, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm21, ymm21, ymm9
vpaddd ymm21, ymm21, ymm12
vpaddd ymm15, ymm20, dword ptr [r12 + 208]{1to8}
vpaddd ymm7, ymm21, dword ptr [r12 + 212]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 1664], ymm8
vmovdqa ymmword ptr [rcx + 1696], ymm15
vprord ymm12, ymm20, 17
vprord ymm9, ymm23, 7
vprord ymm13, ymm20, 19
vpaddd ymm22, ymm22, ymm31
vprord ymm10, ymm23, 18
vpsrld ymm14, ymm20, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm23, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm22, ymm22, ymm9
vpaddd ymm22, ymm22, ymm12
vprord ymm9, ymm21, 17
vprord ymm15, ymm24, 7
vprord ymm10, ymm21, 19
vpaddd ymm23, ymm23, ymm16
vprord ymm7, ymm24, 18
vpsrld ymm11, ymm21, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm24, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm23, ymm23, ymm15
vpaddd ymm23, ymm23, ymm9
vpaddd ymm12, ymm22, dword ptr [r12 + 216]{1to8}
vpaddd ymm13, ymm23, dword ptr [r12 + 220]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 1728], ymm14
vmovdqa ymmword ptr [rcx + 1760], ymm12
vprord ymm9, ymm22, 17
vprord ymm15, ymm25, 7
vprord ymm10, ymm22, 19
vpaddd ymm24, ymm24, ymm17
vprord ymm7, ymm25, 18
vpsrld ymm11, ymm22, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm25, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm24, ymm24, ymm15
vpaddd ymm24, ymm24, ymm9
vprord ymm15, ymm23, 17
vprord ymm12, ymm26, 7
vprord ymm7, ymm23, 19
vpaddd ymm25, ymm25, ymm18
vprord ymm13, ymm26, 18
vpsrld ymm8, ymm23, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm26, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm25, ymm25, ymm12
vpaddd ymm25, ymm25, ymm15
vpaddd ymm9, ymm24, dword ptr [r12 + 224]{1to8}
vpaddd ymm10, ymm25, dword ptr [r12 + 228]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 1792], ymm11
vmovdqa ymmword ptr [rcx + 1824], ymm9
vprord ymm15, ymm24, 17
vprord ymm12, ymm27, 7
vprord ymm7, ymm24, 19
vpaddd ymm26, ymm26, ymm19
vprord ymm13, ymm27, 18
vpsrld ymm8, ymm24, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm27, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm26, ymm26, ymm12
vpaddd ymm26, ymm26, ymm15
vprord ymm12, ymm25, 17
vprord ymm9, ymm28, 7
vprord ymm13, ymm25, 19
vpaddd ymm27, ymm27, ymm20
vprord ymm10, ymm28, 18
vpsrld ymm14, ymm25, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm28, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm27, ymm27, ymm9
vpaddd ymm27, ymm27, ymm12
vpaddd ymm15, ymm26, dword ptr [r12 + 232]{1to8}
vpaddd ymm7, ymm27, dword ptr [r12 + 236]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 1856], ymm8
vmovdqa ymmword ptr [rcx + 1888], ymm15
vprord ymm12, ymm26, 17
vprord ymm9, ymm29, 7
vprord ymm13, ymm26, 19
vpaddd ymm28, ymm28, ymm21
vprord ymm10, ymm29, 18
vpsrld ymm14, ymm26, 10
vpternlogd ymm12, ymm13, ymm14, 0x96
vpsrld ymm11, ymm29, 3
vpternlogd ymm9, ymm10, ymm11, 0x96
vpaddd ymm28, ymm28, ymm9
vpaddd ymm28, ymm28, ymm12
vprord ymm9, ymm27, 17
vprord ymm15, ymm30, 7
vprord ymm10, ymm27, 19
vpaddd ymm29, ymm29, ymm22
vprord ymm7, ymm30, 18
vpsrld ymm11, ymm27, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm30, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm29, ymm29, ymm15
vpaddd ymm29, ymm29, ymm9
vpaddd ymm12, ymm28, dword ptr [r12 + 240]{1to8}
vpaddd ymm13, ymm29, dword ptr [r12 + 244]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovdqa ymmword ptr [rcx + 1920], ymm14
vmovdqa ymmword ptr [rcx + 1952], ymm12
vprord ymm9, ymm28, 17
vprord ymm15, ymm31, 7
vprord ymm10, ymm28, 19
vpaddd ymm30, ymm30, ymm23
vprord ymm7, ymm31, 18
vpsrld ymm11, ymm28, 10
vpternlogd ymm9, ymm10, ymm11, 0x96
vpsrld ymm8, ymm31, 3
vpternlogd ymm15, ymm7, ymm8, 0x96
vpaddd ymm30, ymm30, ymm15
vpaddd ymm30, ymm30, ymm9
vprord ymm15, ymm29, 17
vprord ymm12, ymm16, 7
vprord ymm7, ymm29, 19
vpaddd ymm31, ymm31, ymm24
vprord ymm13, ymm16, 18
vpsrld ymm8, ymm29, 10
vpternlogd ymm15, ymm7, ymm8, 0x96
vpsrld ymm14, ymm16, 3
vpternlogd ymm12, ymm13, ymm14, 0x96
vpaddd ymm31, ymm31, ymm12
vpaddd ymm31, ymm31, ymm15
vpaddd ymm9, ymm30, dword ptr [r12 + 248]{1to8}
vpaddd ymm10, ymm31, dword ptr [r12 + 252]{1to8}
vpunpckldq ymm11, ymm9, ymm10
vpunpckhdq ymm9, ymm9, ymm10
vmovdqa ymmword ptr [rcx + 1984], ymm11
vmovdqa ymmword ptr [rcx + 2016], ymm9
xchg rax, rcx
3:
mov esi, 128
cmp rdx, 1
cmove rsi, rdi
add r8, rsi
add r9, rsi
add r10, rsi
vmovdqa xmmword ptr [rbp + 4096], xmm1
vmovdqa xmmword ptr [rbp + 4112], xmm4
vmovdqa xmmword ptr [rbp + 4128], xmm2
vmovdqa xmmword ptr [rbp + 4144], xmm5
vmovdqa xmmword ptr [rbp + 4160], xmm3
vmovdqa xmmword ptr [rbp + 4176], xmm6
vmovq xmm0, qword ptr [rax + 0]
sha256rnds2 xmm4, xmm1
vmovdqu8 xmm16, xmmword ptr [r8 + 0]
vinserti32x4 ymm16, ymm16, xmmword ptr [r9 + 64], 1
vmovq xmm0, qword ptr [rax + 8]
sha256rnds2 xmm5, xmm2
vmovdqu8 xmm17, xmmword ptr [r9 + 0]
vinserti32x4 ymm17, ymm17, xmmword ptr [r10 + 64], 1
vmovdqu8 xmm18, xmmword ptr [r10 + 0]
vmovq xmm0, qword ptr [rax + 32]
sha256rnds2 xmm6, xmm3
vinserti32x4 ymm18, ymm18, xmmword ptr [r10 + 64], 1
vmovdqu8 xmm19, xmmword ptr [r8 + 64]
vinserti32x4 ymm19, ymm19, xmmword ptr [r10 + 64], 1
vmovq xmm0, qword ptr [rax + 64]
sha256rnds2 xmm1, xmm4
vpunpckldq ymm12, ymm16, ymm17
vpunpckhdq ymm17, ymm16, ymm17
vmovq xmm0, qword ptr [rax + 72]
sha256rnds2 xmm2, xmm5
vpunpckldq ymm13, ymm18, ymm19
vpunpckhdq ymm19, ymm18, ymm19
vpunpcklqdq ymm16, ymm12, ymm13
vmovq xmm0, qword ptr [rax + 96]
sha256rnds2 xmm3, xmm6
vpunpckhqdq ymm12, ymm12, ymm13
vpunpcklqdq ymm18, ymm17, ymm19
vpunpckhqdq ymm19, ymm17, ymm19
vmovq xmm0, qword ptr [rax + 128]
sha256rnds2 xmm4, xmm1
vpshufb ymm16, ymm16, ymmword ptr [r12 + 256]
vpshufb ymm17, ymm12, ymmword ptr [r12 + 256]
vmovq xmm0, qword ptr [rax + 136]
sha256rnds2 xmm5, xmm2
vpshufb ymm18, ymm18, ymmword ptr [r12 + 256]
vpshufb ymm19, ymm19, ymmword ptr [r12 + 256]
vpaddd ymm14, ymm16, dword ptr [r12 + 0]{1to8}
vmovq xmm0, qword ptr [rax + 160]
sha256rnds2 xmm6, xmm3
vpaddd ymm15, ymm17, dword ptr [r12 + 4]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovq xmm0, qword ptr [rax + 192]
sha256rnds2 xmm1, xmm4
vmovdqa ymmword ptr [rcx + 0], ymm7
vmovdqa ymmword ptr [rcx + 32], ymm14
vmovq xmm0, qword ptr [rax + 200]
sha256rnds2 xmm2, xmm5
vpaddd ymm8, ymm18, dword ptr [r12 + 8]{1to8}
vpaddd ymm9, ymm19, dword ptr [r12 + 12]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vmovq xmm0, qword ptr [rax + 224]
sha256rnds2 xmm3, xmm6
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 64], ymm10
vmovdqa ymmword ptr [rcx + 96], ymm8
vmovq xmm0, qword ptr [rax + 256]
sha256rnds2 xmm4, xmm1
vmovdqu8 xmm20, xmmword ptr [r8 + 16]
vinserti32x4 ymm20, ymm20, xmmword ptr [r9 + 80], 1
vmovq xmm0, qword ptr [rax + 264]
sha256rnds2 xmm5, xmm2
vmovdqu8 xmm21, xmmword ptr [r9 + 16]
vinserti32x4 ymm21, ymm21, xmmword ptr [r10 + 80], 1
vmovdqu8 xmm22, xmmword ptr [r10 + 16]
vmovq xmm0, qword ptr [rax + 288]
sha256rnds2 xmm6, xmm3
vinserti32x4 ymm22, ymm22, xmmword ptr [r10 + 80], 1
vmovdqu8 xmm23, xmmword ptr [r8 + 80]
vinserti32x4 ymm23, ymm23, xmmword ptr [r10 + 80], 1
vmovq xmm0, qword ptr [rax + 320]
sha256rnds2 xmm1, xmm4
vpunpckldq ymm11, ymm20, ymm21
vpunpckhdq ymm21, ymm20, ymm21
vmovq xmm0, qword ptr [rax + 328]
sha256rnds2 xmm2, xmm5
vpunpckldq ymm12, ymm22, ymm23
vpunpckhdq ymm23, ymm22, ymm23
vpunpcklqdq ymm20, ymm11, ymm12
vmovq xmm0, qword ptr [rax + 352]
sha256rnds2 xmm3, xmm6
vpunpckhqdq ymm11, ymm11, ymm12
vpunpcklqdq ymm22, ymm21, ymm23
vpunpckhqdq ymm23, ymm21, ymm23
vmovq xmm0, qword ptr [rax + 384]
sha256rnds2 xmm4, xmm1
vpshufb ymm20, ymm20, ymmword ptr [r12 + 256]
vpshufb ymm21, ymm11, ymmword ptr [r12 + 256]
vmovq xmm0, qword ptr [rax + 392]
sha256rnds2 xmm5, xmm2
vpshufb ymm22, ymm22, ymmword ptr [r12 + 256]
vpshufb ymm23, ymm23, ymmword ptr [r12 + 256]
vpaddd ymm13, ymm20, dword ptr [r12 + 16]{1to8}
vmovq xmm0, qword ptr [rax + 416]
sha256rnds2 xmm6, xmm3
vpaddd ymm14, ymm21, dword ptr [r12 + 20]{1to8}
vpunpckldq ymm15, ymm13, ymm14
vpunpckhdq ymm13, ymm13, ymm14
vmovq xmm0, qword ptr [rax + 448]
sha256rnds2 xmm1, xmm4
vmovdqa ymmword ptr [rcx + 128], ymm15
vmovdqa ymmword ptr [rcx + 160], ymm13
vmovq xmm0, qword ptr [rax + 456]
sha256rnds2 xmm2, xmm5
vpaddd ymm7, ymm22, dword ptr [r12 + 24]{1to8}
vpaddd ymm8, ymm23, dword ptr [r12 + 28]{1to8}
vpunpckldq ymm9, ymm7, ymm8
vmovq xmm0, qword ptr [rax + 480]
sha256rnds2 xmm3, xmm6
vpunpckhdq ymm7, ymm7, ymm8
vmovdqa ymmword ptr [rcx + 192], ymm9
vmovdqa ymmword ptr [rcx + 224], ymm7
vmovq xmm0, qword ptr [rax + 512]
sha256rnds2 xmm4, xmm1
vmovdqu8 xmm24, xmmword ptr [r8 + 32]
vinserti32x4 ymm24, ymm24, xmmword ptr [r9 + 96], 1
vmovq xmm0, qword ptr [rax + 520]
sha256rnds2 xmm5, xmm2
vmovdqu8 xmm25, xmmword ptr [r9 + 32]
vinserti32x4 ymm25, ymm25, xmmword ptr [r10 + 96], 1
vmovdqu8 xmm26, xmmword ptr [r10 + 32]
vmovq xmm0, qword ptr [rax + 544]
sha256rnds2 xmm6, xmm3
vinserti32x4 ymm26, ymm26, xmmword ptr [r10 + 96], 1
vmovdqu8 xmm27, xmmword ptr [r8 + 96]
vinserti32x4 ymm27, ymm27, xmmword ptr [r10 + 96], 1
vmovq xmm0, qword ptr [rax + 576]
sha256rnds2 xmm1, xmm4
vpunpckldq ymm10, ymm24, ymm25
vpunpckhdq ymm25, ymm24, ymm25
vmovq xmm0, qword ptr [rax + 584]
sha256rnds2 xmm2, xmm5
vpunpckldq ymm11, ymm26, ymm27
vpunpckhdq ymm27, ymm26, ymm27
vpunpcklqdq ymm24, ymm10, ymm11
vmovq xmm0, qword ptr [rax + 608]
sha256rnds2 xmm3, xmm6
vpunpckhqdq ymm10, ymm10, ymm11
vpunpcklqdq ymm26, ymm25, ymm27
vpunpckhqdq ymm27, ymm25, ymm27
vmovq xmm0, qword ptr [rax + 640]
sha256rnds2 xmm4, xmm1
vpshufb ymm24, ymm24, ymmword ptr [r12 + 256]
vpshufb ymm25, ymm10, ymmword ptr [r12 + 256]
vmovq xmm0, qword ptr [rax + 648]
sha256rnds2 xmm5, xmm2
vpshufb ymm26, ymm26, ymmword ptr [r12 + 256]
vpshufb ymm27, ymm27, ymmword ptr [r12 + 256]
vpaddd ymm12, ymm24, dword ptr [r12 + 32]{1to8}
vmovq xmm0, qword ptr [rax + 672]
sha256rnds2 xmm6, xmm3
vpaddd ymm13, ymm25, dword ptr [r12 + 36]{1to8}
vpunpckldq ymm14, ymm12, ymm13
vpunpckhdq ymm12, ymm12, ymm13
vmovq xmm0, qword ptr [rax + 704]
sha256rnds2 xmm1, xmm4
vmovdqa ymmword ptr [rcx + 256], ymm14
vmovdqa ymmword ptr [rcx + 288], ymm12
vmovq xmm0, qword ptr [rax + 712]
sha256rnds2 xmm2, xmm5
vpaddd ymm15, ymm26, dword ptr [r12 + 40]{1to8}
vpaddd ymm7, ymm27, dword ptr [r12 + 44]{1to8}
vpunpckldq ymm8, ymm15, ymm7
vmovq xmm0, qword ptr [rax + 736]
sha256rnds2 xmm3, xmm6
vpunpckhdq ymm15, ymm15, ymm7
vmovdqa ymmword ptr [rcx + 320], ymm8
vmovdqa ymmword ptr [rcx + 352], ymm15
vmovq xmm0, qword ptr [rax + 768]
sha256rnds2 xmm4, xmm1
vmovdqu8 xmm28, xmmword ptr [r8 + 48]
vinserti32x4 ymm28, ymm28, xmmword ptr [r9 + 112], 1
vmovq xmm0, qword ptr [rax + 776]
sha256rnds2 xmm5, xmm2
vmovdqu8 xmm29, xmmword ptr [r9 + 48]
vinserti32x4 ymm29, ymm29, xmmword ptr [r10 + 112], 1
vmovdqu8 xmm30, xmmword ptr [r10 + 48]
vmovq xmm0, qword ptr [rax + 800]
sha256rnds2 xmm6, xmm3
vinserti32x4 ymm30, ymm30, xmmword ptr [r10 + 112], 1
vmovdqu8 xmm31, xmmword ptr [r8 + 112]
vinserti32x4 ymm31, ymm31, xmmword ptr [r10 + 112], 1
vmovq xmm0, qword ptr [rax + 832]
sha256rnds2 xmm1, xmm4
vpunpckldq ymm9, ymm28, ymm29
vpunpckhdq ymm29, ymm28, ymm29
vmovq xmm0, qword ptr [rax + 840]
sha256rnds2 xmm2, xmm5
vpunpckldq ymm10, ymm30, ymm31
vpunpckhdq ymm31, ymm30, ymm31
vpunpcklqdq ymm28, ymm9, ymm10
vmovq xmm0, qword ptr [rax + 864]
sha256rnds2 xmm3, xmm6
vpunpckhqdq ymm9, ymm9, ymm10
vpunpcklqdq ymm30, ymm29, ymm31
vpunpckhqdq ymm31, ymm29, ymm31
vmovq xmm0, qword ptr [rax + 896]
sha256rnds2 xmm4, xmm1
vpshufb ymm28, ymm28, ymmword ptr [r12 + 256]
vpshufb ymm29, ymm9, ymmword ptr [r12 + 256]
vmovq xmm0, qword ptr [rax + 904]
sha256rnds2 xmm5, xmm2
vpshufb ymm30, ymm30, ymmword ptr [r12 + 256]
vpshufb ymm31, ymm31, ymmword ptr [r12 + 256]
vpaddd ymm11, ymm28, dword ptr [r12 + 48]{1to8}
vmovq xmm0, qword ptr [rax + 928]
sha256rnds2 xmm6, xmm3
vpaddd ymm12, ymm29, dword ptr [r12 + 52]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovq xmm0, qword ptr [rax + 960]
sha256rnds2 xmm1, xmm4
vmovdqa ymmword ptr [rcx + 384], ymm13
vmovdqa ymmword ptr [rcx + 416], ymm11
vmovq xmm0, qword ptr [rax + 968]
sha256rnds2 xmm2, xmm5
vpaddd ymm14, ymm30, dword ptr [r12 + 56]{1to8}
vpaddd ymm15, ymm31, dword ptr [r12 + 60]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vmovq xmm0, qword ptr [rax + 992]
sha256rnds2 xmm3, xmm6
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 448], ymm7
vmovdqa ymmword ptr [rcx + 480], ymm14
vmovq xmm0, qword ptr [rax + 1024]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm30, 17
vprord ymm8, ymm17, 7
vprord ymm12, ymm30, 19
vpaddd ymm16, ymm16, ymm25
vmovq xmm0, qword ptr [rax + 1032]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm17, 18
vpsrld ymm13, ymm30, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm17, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1056]
sha256rnds2 xmm6, xmm3
vpaddd ymm16, ymm16, ymm8
vpaddd ymm16, ymm16, ymm11
vprord ymm8, ymm31, 17
vprord ymm14, ymm18, 7
vprord ymm9, ymm31, 19
vmovq xmm0, qword ptr [rax + 1088]
sha256rnds2 xmm1, xmm4
vpaddd ymm17, ymm17, ymm26
vprord ymm15, ymm18, 18
vpsrld ymm10, ymm31, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1096]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm18, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm17, ymm17, ymm14
vpaddd ymm17, ymm17, ymm8
vpaddd ymm11, ymm16, dword ptr [r12 + 64]{1to8}
vmovq xmm0, qword ptr [rax + 1120]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm17, dword ptr [r12 + 68]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 512], ymm13
vmovdqa ymmword ptr [rcx + 544], ymm11
vmovq xmm0, qword ptr [rax + 1152]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm16, 17
vprord ymm14, ymm19, 7
vprord ymm9, ymm16, 19
vpaddd ymm18, ymm18, ymm27
vmovq xmm0, qword ptr [rax + 1160]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm19, 18
vpsrld ymm10, ymm16, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm19, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1184]
sha256rnds2 xmm6, xmm3
vpaddd ymm18, ymm18, ymm14
vpaddd ymm18, ymm18, ymm8
vprord ymm14, ymm17, 17
vprord ymm11, ymm20, 7
vprord ymm15, ymm17, 19
vmovq xmm0, qword ptr [rax + 1216]
sha256rnds2 xmm1, xmm4
vpaddd ymm19, ymm19, ymm28
vprord ymm12, ymm20, 18
vpsrld ymm7, ymm17, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1224]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm20, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm19, ymm19, ymm11
vpaddd ymm19, ymm19, ymm14
vpaddd ymm8, ymm18, dword ptr [r12 + 72]{1to8}
vmovq xmm0, qword ptr [rax + 1248]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm19, dword ptr [r12 + 76]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 576], ymm10
vmovdqa ymmword ptr [rcx + 608], ymm8
vmovq xmm0, qword ptr [rax + 1280]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm18, 17
vprord ymm11, ymm21, 7
vprord ymm15, ymm18, 19
vpaddd ymm20, ymm20, ymm29
vmovq xmm0, qword ptr [rax + 1288]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm21, 18
vpsrld ymm7, ymm18, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm21, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1312]
sha256rnds2 xmm6, xmm3
vpaddd ymm20, ymm20, ymm11
vpaddd ymm20, ymm20, ymm14
vprord ymm11, ymm19, 17
vprord ymm8, ymm22, 7
vprord ymm12, ymm19, 19
vmovq xmm0, qword ptr [rax + 1344]
sha256rnds2 xmm1, xmm4
vpaddd ymm21, ymm21, ymm30
vprord ymm9, ymm22, 18
vpsrld ymm13, ymm19, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1352]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm22, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm21, ymm21, ymm8
vpaddd ymm21, ymm21, ymm11
vpaddd ymm14, ymm20, dword ptr [r12 + 80]{1to8}
vmovq xmm0, qword ptr [rax + 1376]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm21, dword ptr [r12 + 84]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 640], ymm7
vmovdqa ymmword ptr [rcx + 672], ymm14
vmovq xmm0, qword ptr [rax + 1408]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm20, 17
vprord ymm8, ymm23, 7
vprord ymm12, ymm20, 19
vpaddd ymm22, ymm22, ymm31
vmovq xmm0, qword ptr [rax + 1416]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm23, 18
vpsrld ymm13, ymm20, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm23, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1440]
sha256rnds2 xmm6, xmm3
vpaddd ymm22, ymm22, ymm8
vpaddd ymm22, ymm22, ymm11
vprord ymm8, ymm21, 17
vprord ymm14, ymm24, 7
vprord ymm9, ymm21, 19
vmovq xmm0, qword ptr [rax + 1472]
sha256rnds2 xmm1, xmm4
vpaddd ymm23, ymm23, ymm16
vprord ymm15, ymm24, 18
vpsrld ymm10, ymm21, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1480]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm24, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm23, ymm23, ymm14
vpaddd ymm23, ymm23, ymm8
vpaddd ymm11, ymm22, dword ptr [r12 + 88]{1to8}
vmovq xmm0, qword ptr [rax + 1504]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm23, dword ptr [r12 + 92]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 704], ymm13
vmovdqa ymmword ptr [rcx + 736], ymm11
vmovq xmm0, qword ptr [rax + 1536]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm22, 17
vprord ymm14, ymm25, 7
vprord ymm9, ymm22, 19
vpaddd ymm24, ymm24, ymm17
vmovq xmm0, qword ptr [rax + 1544]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm25, 18
vpsrld ymm10, ymm22, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm25, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1568]
sha256rnds2 xmm6, xmm3
vpaddd ymm24, ymm24, ymm14
vpaddd ymm24, ymm24, ymm8
vprord ymm14, ymm23, 17
vprord ymm11, ymm26, 7
vprord ymm15, ymm23, 19
vmovq xmm0, qword ptr [rax + 1600]
sha256rnds2 xmm1, xmm4
vpaddd ymm25, ymm25, ymm18
vprord ymm12, ymm26, 18
vpsrld ymm7, ymm23, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1608]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm26, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm25, ymm25, ymm11
vpaddd ymm25, ymm25, ymm14
vpaddd ymm8, ymm24, dword ptr [r12 + 96]{1to8}
vmovq xmm0, qword ptr [rax + 1632]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm25, dword ptr [r12 + 100]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 768], ymm10
vmovdqa ymmword ptr [rcx + 800], ymm8
vmovq xmm0, qword ptr [rax + 1664]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm24, 17
vprord ymm11, ymm27, 7
vprord ymm15, ymm24, 19
vpaddd ymm26, ymm26, ymm19
vmovq xmm0, qword ptr [rax + 1672]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm27, 18
vpsrld ymm7, ymm24, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm27, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1696]
sha256rnds2 xmm6, xmm3
vpaddd ymm26, ymm26, ymm11
vpaddd ymm26, ymm26, ymm14
vprord ymm11, ymm25, 17
vprord ymm8, ymm28, 7
vprord ymm12, ymm25, 19
vmovq xmm0, qword ptr [rax + 1728]
sha256rnds2 xmm1, xmm4
vpaddd ymm27, ymm27, ymm20
vprord ymm9, ymm28, 18
vpsrld ymm13, ymm25, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1736]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm28, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm27, ymm27, ymm8
vpaddd ymm27, ymm27, ymm11
vpaddd ymm14, ymm26, dword ptr [r12 + 104]{1to8}
vmovq xmm0, qword ptr [rax + 1760]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm27, dword ptr [r12 + 108]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 832], ymm7
vmovdqa ymmword ptr [rcx + 864], ymm14
vmovq xmm0, qword ptr [rax + 1792]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm26, 17
vprord ymm8, ymm29, 7
vprord ymm12, ymm26, 19
vpaddd ymm28, ymm28, ymm21
vmovq xmm0, qword ptr [rax + 1800]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm29, 18
vpsrld ymm13, ymm26, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm29, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1824]
sha256rnds2 xmm6, xmm3
vpaddd ymm28, ymm28, ymm8
vpaddd ymm28, ymm28, ymm11
vprord ymm8, ymm27, 17
vprord ymm14, ymm30, 7
vprord ymm9, ymm27, 19
vmovq xmm0, qword ptr [rax + 1856]
sha256rnds2 xmm1, xmm4
vpaddd ymm29, ymm29, ymm22
vprord ymm15, ymm30, 18
vpsrld ymm10, ymm27, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1864]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm30, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm29, ymm29, ymm14
vpaddd ymm29, ymm29, ymm8
vpaddd ymm11, ymm28, dword ptr [r12 + 112]{1to8}
vmovq xmm0, qword ptr [rax + 1888]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm29, dword ptr [r12 + 116]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 896], ymm13
vmovdqa ymmword ptr [rcx + 928], ymm11
vmovq xmm0, qword ptr [rax + 1920]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm28, 17
vprord ymm14, ymm31, 7
vprord ymm9, ymm28, 19
vpaddd ymm30, ymm30, ymm23
vmovq xmm0, qword ptr [rax + 1928]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm31, 18
vpsrld ymm10, ymm28, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm31, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1952]
sha256rnds2 xmm6, xmm3
vpaddd ymm30, ymm30, ymm14
vpaddd ymm30, ymm30, ymm8
vprord ymm14, ymm29, 17
vprord ymm11, ymm16, 7
vprord ymm15, ymm29, 19
vmovq xmm0, qword ptr [rax + 1984]
sha256rnds2 xmm1, xmm4
vpaddd ymm31, ymm31, ymm24
vprord ymm12, ymm16, 18
vpsrld ymm7, ymm29, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1992]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm16, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm31, ymm31, ymm11
vpaddd ymm31, ymm31, ymm14
vpaddd ymm8, ymm30, dword ptr [r12 + 120]{1to8}
vmovq xmm0, qword ptr [rax + 2016]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm31, dword ptr [r12 + 124]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 960], ymm10
vmovdqa ymmword ptr [rcx + 992], ymm8
vpaddd xmm1, xmm1, xmmword ptr [rbp + 4096]
vpaddd xmm4, xmm4, xmmword ptr [rbp + 4112]
vpaddd xmm2, xmm2, xmmword ptr [rbp + 4128]
vpaddd xmm5, xmm5, xmmword ptr [rbp + 4144]
vpaddd xmm3, xmm3, xmmword ptr [rbp + 4160]
vpaddd xmm6, xmm6, xmmword ptr [rbp + 4176]
vmovdqa xmmword ptr [rbp + 4096], xmm1
vmovdqa xmmword ptr [rbp + 4112], xmm4
vmovdqa xmmword ptr [rbp + 4128], xmm2
vmovdqa xmmword ptr [rbp + 4144], xmm5
vmovdqa xmmword ptr [rbp + 4160], xmm3
vmovdqa xmmword ptr [rbp + 4176], xmm6
vmovq xmm0, qword ptr [rax + 40]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm30, 17
vprord ymm11, ymm17, 7
vprord ymm15, ymm30, 19
vpaddd ymm16, ymm16, ymm25
vmovq xmm0, qword ptr [rax + 16]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm17, 18
vpsrld ymm7, ymm30, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm17, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 24]
sha256rnds2 xmm6, xmm3
vpaddd ymm16, ymm16, ymm11
vpaddd ymm16, ymm16, ymm14
vprord ymm11, ymm31, 17
vprord ymm8, ymm18, 7
vprord ymm12, ymm31, 19
vmovq xmm0, qword ptr [rax + 104]
sha256rnds2 xmm1, xmm4
vpaddd ymm17, ymm17, ymm26
vprord ymm9, ymm18, 18
vpsrld ymm13, ymm31, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 80]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm18, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm17, ymm17, ymm8
vpaddd ymm17, ymm17, ymm11
vpaddd ymm14, ymm16, dword ptr [r12 + 128]{1to8}
vmovq xmm0, qword ptr [rax + 88]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm17, dword ptr [r12 + 132]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 1024], ymm7
vmovdqa ymmword ptr [rcx + 1056], ymm14
vmovq xmm0, qword ptr [rax + 168]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm16, 17
vprord ymm8, ymm19, 7
vprord ymm12, ymm16, 19
vpaddd ymm18, ymm18, ymm27
vmovq xmm0, qword ptr [rax + 144]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm19, 18
vpsrld ymm13, ymm16, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm19, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 152]
sha256rnds2 xmm6, xmm3
vpaddd ymm18, ymm18, ymm8
vpaddd ymm18, ymm18, ymm11
vprord ymm8, ymm17, 17
vprord ymm14, ymm20, 7
vprord ymm9, ymm17, 19
vmovq xmm0, qword ptr [rax + 232]
sha256rnds2 xmm1, xmm4
vpaddd ymm19, ymm19, ymm28
vprord ymm15, ymm20, 18
vpsrld ymm10, ymm17, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 208]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm20, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm19, ymm19, ymm14
vpaddd ymm19, ymm19, ymm8
vpaddd ymm11, ymm18, dword ptr [r12 + 136]{1to8}
vmovq xmm0, qword ptr [rax + 216]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm19, dword ptr [r12 + 140]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 1088], ymm13
vmovdqa ymmword ptr [rcx + 1120], ymm11
vmovq xmm0, qword ptr [rax + 296]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm18, 17
vprord ymm14, ymm21, 7
vprord ymm9, ymm18, 19
vpaddd ymm20, ymm20, ymm29
vmovq xmm0, qword ptr [rax + 272]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm21, 18
vpsrld ymm10, ymm18, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm21, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 280]
sha256rnds2 xmm6, xmm3
vpaddd ymm20, ymm20, ymm14
vpaddd ymm20, ymm20, ymm8
vprord ymm14, ymm19, 17
vprord ymm11, ymm22, 7
vprord ymm15, ymm19, 19
vmovq xmm0, qword ptr [rax + 360]
sha256rnds2 xmm1, xmm4
vpaddd ymm21, ymm21, ymm30
vprord ymm12, ymm22, 18
vpsrld ymm7, ymm19, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 336]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm22, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm21, ymm21, ymm11
vpaddd ymm21, ymm21, ymm14
vpaddd ymm8, ymm20, dword ptr [r12 + 144]{1to8}
vmovq xmm0, qword ptr [rax + 344]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm21, dword ptr [r12 + 148]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 1152], ymm10
vmovdqa ymmword ptr [rcx + 1184], ymm8
vmovq xmm0, qword ptr [rax + 424]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm20, 17
vprord ymm11, ymm23, 7
vprord ymm15, ymm20, 19
vpaddd ymm22, ymm22, ymm31
vmovq xmm0, qword ptr [rax + 400]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm23, 18
vpsrld ymm7, ymm20, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm23, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 408]
sha256rnds2 xmm6, xmm3
vpaddd ymm22, ymm22, ymm11
vpaddd ymm22, ymm22, ymm14
vprord ymm11, ymm21, 17
vprord ymm8, ymm24, 7
vprord ymm12, ymm21, 19
vmovq xmm0, qword ptr [rax + 488]
sha256rnds2 xmm1, xmm4
vpaddd ymm23, ymm23, ymm16
vprord ymm9, ymm24, 18
vpsrld ymm13, ymm21, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 464]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm24, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm23, ymm23, ymm8
vpaddd ymm23, ymm23, ymm11
vpaddd ymm14, ymm22, dword ptr [r12 + 152]{1to8}
vmovq xmm0, qword ptr [rax + 472]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm23, dword ptr [r12 + 156]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 1216], ymm7
vmovdqa ymmword ptr [rcx + 1248], ymm14
vmovq xmm0, qword ptr [rax + 552]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm22, 17
vprord ymm8, ymm25, 7
vprord ymm12, ymm22, 19
vpaddd ymm24, ymm24, ymm17
vmovq xmm0, qword ptr [rax + 528]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm25, 18
vpsrld ymm13, ymm22, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm25, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 536]
sha256rnds2 xmm6, xmm3
vpaddd ymm24, ymm24, ymm8
vpaddd ymm24, ymm24, ymm11
vprord ymm8, ymm23, 17
vprord ymm14, ymm26, 7
vprord ymm9, ymm23, 19
vmovq xmm0, qword ptr [rax + 616]
sha256rnds2 xmm1, xmm4
vpaddd ymm25, ymm25, ymm18
vprord ymm15, ymm26, 18
vpsrld ymm10, ymm23, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 592]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm26, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm25, ymm25, ymm14
vpaddd ymm25, ymm25, ymm8
vpaddd ymm11, ymm24, dword ptr [r12 + 160]{1to8}
vmovq xmm0, qword ptr [rax + 600]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm25, dword ptr [r12 + 164]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 1280], ymm13
vmovdqa ymmword ptr [rcx + 1312], ymm11
vmovq xmm0, qword ptr [rax + 680]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm24, 17
vprord ymm14, ymm27, 7
vprord ymm9, ymm24, 19
vpaddd ymm26, ymm26, ymm19
vmovq xmm0, qword ptr [rax + 656]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm27, 18
vpsrld ymm10, ymm24, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm27, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 664]
sha256rnds2 xmm6, xmm3
vpaddd ymm26, ymm26, ymm14
vpaddd ymm26, ymm26, ymm8
vprord ymm14, ymm25, 17
vprord ymm11, ymm28, 7
vprord ymm15, ymm25, 19
vmovq xmm0, qword ptr [rax + 744]
sha256rnds2 xmm1, xmm4
vpaddd ymm27, ymm27, ymm20
vprord ymm12, ymm28, 18
vpsrld ymm7, ymm25, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 720]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm28, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm27, ymm27, ymm11
vpaddd ymm27, ymm27, ymm14
vpaddd ymm8, ymm26, dword ptr [r12 + 168]{1to8}
vmovq xmm0, qword ptr [rax + 728]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm27, dword ptr [r12 + 172]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 1344], ymm10
vmovdqa ymmword ptr [rcx + 1376], ymm8
vmovq xmm0, qword ptr [rax + 808]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm26, 17
vprord ymm11, ymm29, 7
vprord ymm15, ymm26, 19
vpaddd ymm28, ymm28, ymm21
vmovq xmm0, qword ptr [rax + 784]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm29, 18
vpsrld ymm7, ymm26, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm29, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 792]
sha256rnds2 xmm6, xmm3
vpaddd ymm28, ymm28, ymm11
vpaddd ymm28, ymm28, ymm14
vprord ymm11, ymm27, 17
vprord ymm8, ymm30, 7
vprord ymm12, ymm27, 19
vmovq xmm0, qword ptr [rax + 872]
sha256rnds2 xmm1, xmm4
vpaddd ymm29, ymm29, ymm22
vprord ymm9, ymm30, 18
vpsrld ymm13, ymm27, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 848]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm30, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm29, ymm29, ymm8
vpaddd ymm29, ymm29, ymm11
vpaddd ymm14, ymm28, dword ptr [r12 + 176]{1to8}
vmovq xmm0, qword ptr [rax + 856]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm29, dword ptr [r12 + 180]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 1408], ymm7
vmovdqa ymmword ptr [rcx + 1440], ymm14
vmovq xmm0, qword ptr [rax + 936]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm28, 17
vprord ymm8, ymm31, 7
vprord ymm12, ymm28, 19
vpaddd ymm30, ymm30, ymm23
vmovq xmm0, qword ptr [rax + 912]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm31, 18
vpsrld ymm13, ymm28, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm31, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 920]
sha256rnds2 xmm6, xmm3
vpaddd ymm30, ymm30, ymm8
vpaddd ymm30, ymm30, ymm11
vprord ymm8, ymm29, 17
vprord ymm14, ymm16, 7
vprord ymm9, ymm29, 19
vmovq xmm0, qword ptr [rax + 1000]
sha256rnds2 xmm1, xmm4
vpaddd ymm31, ymm31, ymm24
vprord ymm15, ymm16, 18
vpsrld ymm10, ymm29, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 976]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm16, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm31, ymm31, ymm14
vpaddd ymm31, ymm31, ymm8
vpaddd ymm11, ymm30, dword ptr [r12 + 184]{1to8}
vmovq xmm0, qword ptr [rax + 984]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm31, dword ptr [r12 + 188]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 1472], ymm13
vmovdqa ymmword ptr [rcx + 1504], ymm11
vmovq xmm0, qword ptr [rax + 1064]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm30, 17
vprord ymm14, ymm17, 7
vprord ymm9, ymm30, 19
vpaddd ymm16, ymm16, ymm25
vmovq xmm0, qword ptr [rax + 1040]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm17, 18
vpsrld ymm10, ymm30, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm17, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1048]
sha256rnds2 xmm6, xmm3
vpaddd ymm16, ymm16, ymm14
vpaddd ymm16, ymm16, ymm8
vprord ymm14, ymm31, 17
vprord ymm11, ymm18, 7
vprord ymm15, ymm31, 19
vmovq xmm0, qword ptr [rax + 1128]
sha256rnds2 xmm1, xmm4
vpaddd ymm17, ymm17, ymm26
vprord ymm12, ymm18, 18
vpsrld ymm7, ymm31, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1104]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm18, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm17, ymm17, ymm11
vpaddd ymm17, ymm17, ymm14
vpaddd ymm8, ymm16, dword ptr [r12 + 192]{1to8}
vmovq xmm0, qword ptr [rax + 1112]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm17, dword ptr [r12 + 196]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 1536], ymm10
vmovdqa ymmword ptr [rcx + 1568], ymm8
vmovq xmm0, qword ptr [rax + 1192]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm16, 17
vprord ymm11, ymm19, 7
vprord ymm15, ymm16, 19
vpaddd ymm18, ymm18, ymm27
vmovq xmm0, qword ptr [rax + 1168]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm19, 18
vpsrld ymm7, ymm16, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm19, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1176]
sha256rnds2 xmm6, xmm3
vpaddd ymm18, ymm18, ymm11
vpaddd ymm18, ymm18, ymm14
vprord ymm11, ymm17, 17
vprord ymm8, ymm20, 7
vprord ymm12, ymm17, 19
vmovq xmm0, qword ptr [rax + 1256]
sha256rnds2 xmm1, xmm4
vpaddd ymm19, ymm19, ymm28
vprord ymm9, ymm20, 18
vpsrld ymm13, ymm17, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1232]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm20, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm19, ymm19, ymm8
vpaddd ymm19, ymm19, ymm11
vpaddd ymm14, ymm18, dword ptr [r12 + 200]{1to8}
vmovq xmm0, qword ptr [rax + 1240]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm19, dword ptr [r12 + 204]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 1600], ymm7
vmovdqa ymmword ptr [rcx + 1632], ymm14
vmovq xmm0, qword ptr [rax + 1320]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm18, 17
vprord ymm8, ymm21, 7
vprord ymm12, ymm18, 19
vpaddd ymm20, ymm20, ymm29
vmovq xmm0, qword ptr [rax + 1296]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm21, 18
vpsrld ymm13, ymm18, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm21, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1304]
sha256rnds2 xmm6, xmm3
vpaddd ymm20, ymm20, ymm8
vpaddd ymm20, ymm20, ymm11
vprord ymm8, ymm19, 17
vprord ymm14, ymm22, 7
vprord ymm9, ymm19, 19
vmovq xmm0, qword ptr [rax + 1384]
sha256rnds2 xmm1, xmm4
vpaddd ymm21, ymm21, ymm30
vprord ymm15, ymm22, 18
vpsrld ymm10, ymm19, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1360]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm22, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm21, ymm21, ymm14
vpaddd ymm21, ymm21, ymm8
vpaddd ymm11, ymm20, dword ptr [r12 + 208]{1to8}
vmovq xmm0, qword ptr [rax + 1368]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm21, dword ptr [r12 + 212]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 1664], ymm13
vmovdqa ymmword ptr [rcx + 1696], ymm11
vmovq xmm0, qword ptr [rax + 1448]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm20, 17
vprord ymm14, ymm23, 7
vprord ymm9, ymm20, 19
vpaddd ymm22, ymm22, ymm31
vmovq xmm0, qword ptr [rax + 1424]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm23, 18
vpsrld ymm10, ymm20, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm23, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1432]
sha256rnds2 xmm6, xmm3
vpaddd ymm22, ymm22, ymm14
vpaddd ymm22, ymm22, ymm8
vprord ymm14, ymm21, 17
vprord ymm11, ymm24, 7
vprord ymm15, ymm21, 19
vmovq xmm0, qword ptr [rax + 1512]
sha256rnds2 xmm1, xmm4
vpaddd ymm23, ymm23, ymm16
vprord ymm12, ymm24, 18
vpsrld ymm7, ymm21, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1488]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm24, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm23, ymm23, ymm11
vpaddd ymm23, ymm23, ymm14
vpaddd ymm8, ymm22, dword ptr [r12 + 216]{1to8}
vmovq xmm0, qword ptr [rax + 1496]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm23, dword ptr [r12 + 220]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 1728], ymm10
vmovdqa ymmword ptr [rcx + 1760], ymm8
vmovq xmm0, qword ptr [rax + 1576]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm22, 17
vprord ymm11, ymm25, 7
vprord ymm15, ymm22, 19
vpaddd ymm24, ymm24, ymm17
vmovq xmm0, qword ptr [rax + 1552]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm25, 18
vpsrld ymm7, ymm22, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm25, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1560]
sha256rnds2 xmm6, xmm3
vpaddd ymm24, ymm24, ymm11
vpaddd ymm24, ymm24, ymm14
vprord ymm11, ymm23, 17
vprord ymm8, ymm26, 7
vprord ymm12, ymm23, 19
vmovq xmm0, qword ptr [rax + 1640]
sha256rnds2 xmm1, xmm4
vpaddd ymm25, ymm25, ymm18
vprord ymm9, ymm26, 18
vpsrld ymm13, ymm23, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1616]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm26, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm25, ymm25, ymm8
vpaddd ymm25, ymm25, ymm11
vpaddd ymm14, ymm24, dword ptr [r12 + 224]{1to8}
vmovq xmm0, qword ptr [rax + 1624]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm25, dword ptr [r12 + 228]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 1792], ymm7
vmovdqa ymmword ptr [rcx + 1824], ymm14
vmovq xmm0, qword ptr [rax + 1704]
sha256rnds2 xmm4, xmm1
vprord ymm11, ymm24, 17
vprord ymm8, ymm27, 7
vprord ymm12, ymm24, 19
vpaddd ymm26, ymm26, ymm19
vmovq xmm0, qword ptr [rax + 1680]
sha256rnds2 xmm5, xmm2
vprord ymm9, ymm27, 18
vpsrld ymm13, ymm24, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vpsrld ymm10, ymm27, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1688]
sha256rnds2 xmm6, xmm3
vpaddd ymm26, ymm26, ymm8
vpaddd ymm26, ymm26, ymm11
vprord ymm8, ymm25, 17
vprord ymm14, ymm28, 7
vprord ymm9, ymm25, 19
vmovq xmm0, qword ptr [rax + 1768]
sha256rnds2 xmm1, xmm4
vpaddd ymm27, ymm27, ymm20
vprord ymm15, ymm28, 18
vpsrld ymm10, ymm25, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vmovq xmm0, qword ptr [rax + 1744]
sha256rnds2 xmm2, xmm5
vpsrld ymm7, ymm28, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vpaddd ymm27, ymm27, ymm14
vpaddd ymm27, ymm27, ymm8
vpaddd ymm11, ymm26, dword ptr [r12 + 232]{1to8}
vmovq xmm0, qword ptr [rax + 1752]
sha256rnds2 xmm3, xmm6
vpaddd ymm12, ymm27, dword ptr [r12 + 236]{1to8}
vpunpckldq ymm13, ymm11, ymm12
vpunpckhdq ymm11, ymm11, ymm12
vmovdqa ymmword ptr [rcx + 1856], ymm13
vmovdqa ymmword ptr [rcx + 1888], ymm11
vmovq xmm0, qword ptr [rax + 1832]
sha256rnds2 xmm4, xmm1
vprord ymm8, ymm26, 17
vprord ymm14, ymm29, 7
vprord ymm9, ymm26, 19
vpaddd ymm28, ymm28, ymm21
vmovq xmm0, qword ptr [rax + 1808]
sha256rnds2 xmm5, xmm2
vprord ymm15, ymm29, 18
vpsrld ymm10, ymm26, 10
vpternlogd ymm8, ymm9, ymm10, 0x96
vpsrld ymm7, ymm29, 3
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1816]
sha256rnds2 xmm6, xmm3
vpaddd ymm28, ymm28, ymm14
vpaddd ymm28, ymm28, ymm8
vprord ymm14, ymm27, 17
vprord ymm11, ymm30, 7
vprord ymm15, ymm27, 19
vmovq xmm0, qword ptr [rax + 1896]
sha256rnds2 xmm1, xmm4
vpaddd ymm29, ymm29, ymm22
vprord ymm12, ymm30, 18
vpsrld ymm7, ymm27, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vmovq xmm0, qword ptr [rax + 1872]
sha256rnds2 xmm2, xmm5
vpsrld ymm13, ymm30, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vpaddd ymm29, ymm29, ymm11
vpaddd ymm29, ymm29, ymm14
vpaddd ymm8, ymm28, dword ptr [r12 + 240]{1to8}
vmovq xmm0, qword ptr [rax + 1880]
sha256rnds2 xmm3, xmm6
vpaddd ymm9, ymm29, dword ptr [r12 + 244]{1to8}
vpunpckldq ymm10, ymm8, ymm9
vpunpckhdq ymm8, ymm8, ymm9
vmovdqa ymmword ptr [rcx + 1920], ymm10
vmovdqa ymmword ptr [rcx + 1952], ymm8
vmovq xmm0, qword ptr [rax + 1960]
sha256rnds2 xmm4, xmm1
vprord ymm14, ymm28, 17
vprord ymm11, ymm31, 7
vprord ymm15, ymm28, 19
vpaddd ymm30, ymm30, ymm23
vmovq xmm0, qword ptr [rax + 1936]
sha256rnds2 xmm5, xmm2
vprord ymm12, ymm31, 18
vpsrld ymm7, ymm28, 10
vpternlogd ymm14, ymm15, ymm7, 0x96
vpsrld ymm13, ymm31, 3
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 1944]
sha256rnds2 xmm6, xmm3
vpaddd ymm30, ymm30, ymm11
vpaddd ymm30, ymm30, ymm14
vprord ymm11, ymm29, 17
vprord ymm8, ymm16, 7
vprord ymm12, ymm29, 19
vmovq xmm0, qword ptr [rax + 2024]
sha256rnds2 xmm1, xmm4
vpaddd ymm31, ymm31, ymm24
vprord ymm9, ymm16, 18
vpsrld ymm13, ymm29, 10
vpternlogd ymm11, ymm12, ymm13, 0x96
vmovq xmm0, qword ptr [rax + 2000]
sha256rnds2 xmm2, xmm5
vpsrld ymm10, ymm16, 3
vpternlogd ymm8, ymm9, ymm10, 0x96
vpaddd ymm31, ymm31, ymm8
vpaddd ymm31, ymm31, ymm11
vpaddd ymm14, ymm30, dword ptr [r12 + 248]{1to8}
vmovq xmm0, qword ptr [rax + 2008]
sha256rnds2 xmm3, xmm6
vpaddd ymm15, ymm31, dword ptr [r12 + 252]{1to8}
vpunpckldq ymm7, ymm14, ymm15
vpunpckhdq ymm14, ymm14, ymm15
vmovdqa ymmword ptr [rcx + 1984], ymm7
vmovdqa ymmword ptr [rcx + 2016], ymm14
vpaddd xmm1, xmm1, xmmword ptr [rbp + 4096]
vpaddd xmm4, xmm4, xmmword ptr [rbp + 4112]
vpaddd xmm2, xmm2, xmmword ptr [rbp + 4128]
vpaddd xmm5, xmm5, xmmword ptr [rbp + 4144]
vpaddd xmm3, xmm3, xmmword ptr [rbp + 4160]
vpaddd xmm6, xmm6, xmmword ptr [rbp + 4176]
xchg rax, rcx
dec rdx
jnz 3b
pop rdi
vmovdqu xmmword ptr [rdi + 0], xmm1
vmovdqu xmmword ptr [rdi + 16], xmm4
vmovdqu xmmword ptr [rdi + 32], xmm2
vmovdqu xmmword ptr [rdi + 48], xmm5
vmovdqu xmmword ptr [rdi + 64], xmm3
vmovdqu xmmword ptr [rdi + 80], xmm6
pop r15
pop r14
pop r13
pop r12
pop rbx
pop rbp
vzeroupper
ret
