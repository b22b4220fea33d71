// The MMX, SSE and SSE2 rows of the 0F map (SDM vol. 2D table A-3), in the manual's operand notation. A row has four
// instructions: no prefix, 66, F3, F2.
//
//   bits 0-8    SseOp
//   bits 9-10   what ModRM.reg names: nothing, V (XMM), P (MMX), G (general register)
//   bits 11-12  what ModRM.rm names when it is a register: no such form, W, Q, E
//   bit 13      no memory form
//   bit 14      the ModRM operand is the destination
//   bits 15-17  Insn.size: log2 of the bytes the instruction works on; 7: a general register's, by REX.W
//   bit 18      shift by immediate: ModRM.reg picks the operation
import { SseOp } from "./sseOp";

export const enum SseField {
  OP = 0x1ff,
  REG_SHIFT = 9,
  RM_SHIFT = 11,
  NO_MEMORY = 1 << 13,
  STORE = 1 << 14,
  SIZE_SHIFT = 15,
  GROUP = 1 << 18,
}

export const enum RegisterKind {
  NONE = 0,
  XMM = 1,
  MMX = 2,
  GPR = 3,
}

/** Insn.size is 2 or 3 by REX.W. */
export const SIZE_BY_REX: u32 = 7;

/** Operands. x: 16 bytes, q 8, d 4, y a general register by REX.W; U and N are W and Q without memory form. */
const enum E {
  Vx_Wx = (1 << 9) | (1 << 11) | (4 << 15),
  Vq_Wq = (1 << 9) | (1 << 11) | (3 << 15),
  Vd_Wd = (1 << 9) | (1 << 11) | (2 << 15),
  Wx_Vx = Vx_Wx | (1 << 14),
  Wq_Vq = Vq_Wq | (1 << 14),
  Wd_Vd = Vd_Wd | (1 << 14),
  Vq_Mq = (1 << 9) | (3 << 15),
  Mq_Vq = Vq_Mq | (1 << 14),
  Mx_Vx = (1 << 9) | (4 << 15) | (1 << 14),
  Vx_Ux = Vx_Wx | (1 << 13),
  Pq_Qq = (2 << 9) | (2 << 11) | (3 << 15),
  Qq_Pq = Pq_Qq | (1 << 14),
  Mq_Pq = (2 << 9) | (3 << 15) | (1 << 14),
  Pq_Nq = Pq_Qq | (1 << 13),
  Vx_Qq = (1 << 9) | (2 << 11) | (3 << 15),
  Vq_Nq = Vx_Qq | (1 << 13),
  Pq_Wq = (2 << 9) | (1 << 11) | (3 << 15),
  Pq_Wx = (2 << 9) | (1 << 11) | (4 << 15),
  Pq_Uq = Pq_Wq | (1 << 13),
  V_Ey = (1 << 9) | (3 << 11) | (7 << 15),
  Ey_V = V_Ey | (1 << 14),
  P_Ey = (2 << 9) | (3 << 11) | (7 << 15),
  Ey_P = P_Ey | (1 << 14),
  Gy_W = (3 << 9) | (1 << 11) | (7 << 15),
  Gd_Ux = (3 << 9) | (1 << 11) | (4 << 15) | (1 << 13),
  Gd_Nq = (3 << 9) | (2 << 11) | (3 << 15) | (1 << 13),
  Vx_Ew = (1 << 9) | (3 << 11) | (4 << 15),
  Pq_Ew = (2 << 9) | (3 << 11) | (3 << 15),
  group_Ux = (1 << 11) | (4 << 15) | (1 << 13) | (1 << 18),
  group_Nq = (2 << 11) | (3 << 15) | (1 << 13) | (1 << 18),
}

const UD: u32 = 0;

// prettier-ignore
const ROWS: usize = memory.data<u32>([
  /* 10 */ SseOp.MOVU | E.Vx_Wx, SseOp.MOVU | E.Vx_Wx, SseOp.MOVSS | E.Vd_Wd, SseOp.MOVSD | E.Vq_Wq,
  /* 11 */ SseOp.MOVU | E.Wx_Vx, SseOp.MOVU | E.Wx_Vx, SseOp.MOVSS | E.Wd_Vd, SseOp.MOVSD | E.Wq_Vq,
  /* 12 */ SseOp.MOVLP | E.Vq_Mq, SseOp.MOVLP | E.Vq_Mq, UD, UD, // mod = 3 without prefix: MOVHLPS
  /* 13 */ SseOp.MOVLP | E.Mq_Vq, SseOp.MOVLP | E.Mq_Vq, UD, UD,
  /* 14 */ SseOp.PUNPCKLDQ | E.Vx_Wx, SseOp.PUNPCKLQDQ | E.Vx_Wx, UD, UD, // UNPCKLPS, UNPCKLPD
  /* 15 */ SseOp.PUNPCKHDQ | E.Vx_Wx, SseOp.PUNPCKHQDQ | E.Vx_Wx, UD, UD,
  /* 16 */ SseOp.MOVHP | E.Vq_Mq, SseOp.MOVHP | E.Vq_Mq, UD, UD, // mod = 3 without prefix: MOVLHPS
  /* 17 */ SseOp.MOVHP | E.Mq_Vq, SseOp.MOVHP | E.Mq_Vq, UD, UD,

  /* 28 */ SseOp.MOVA | E.Vx_Wx, SseOp.MOVA | E.Vx_Wx, UD, UD,
  /* 29 */ SseOp.MOVA | E.Wx_Vx, SseOp.MOVA | E.Wx_Vx, UD, UD,
  /* 2A */ SseOp.CVTPI2PS | E.Vx_Qq, SseOp.CVTPI2PD | E.Vx_Qq, SseOp.CVTSI2SS | E.V_Ey, SseOp.CVTSI2SD | E.V_Ey,
  /* 2B */ SseOp.MOVA | E.Mx_Vx, SseOp.MOVA | E.Mx_Vx, UD, UD,
  /* 2C */ SseOp.CVTTPS2PI | E.Pq_Wq, SseOp.CVTTPD2PI | E.Pq_Wx, SseOp.CVTTSS2SI | E.Gy_W, SseOp.CVTTSD2SI | E.Gy_W,
  /* 2D */ SseOp.CVTPS2PI | E.Pq_Wq, SseOp.CVTPD2PI | E.Pq_Wx, SseOp.CVTSS2SI | E.Gy_W, SseOp.CVTSD2SI | E.Gy_W,
  /* 2E */ SseOp.UCOMISS | E.Vd_Wd, SseOp.UCOMISD | E.Vq_Wq, UD, UD,
  /* 2F */ SseOp.COMISS | E.Vd_Wd, SseOp.COMISD | E.Vq_Wq, UD, UD,

  /* 50 */ SseOp.MOVMSKPS | E.Gd_Ux, SseOp.MOVMSKPD | E.Gd_Ux, UD, UD,
  /* 51 */ SseOp.SQRT | E.Vx_Wx, (SseOp.SQRT + 1) | E.Vx_Wx, (SseOp.SQRT + 2) | E.Vd_Wd, (SseOp.SQRT + 3) | E.Vq_Wq,
  /* 52 */ SseOp.RSQRT | E.Vx_Wx, UD, (SseOp.RSQRT + 2) | E.Vd_Wd, UD,
  /* 53 */ SseOp.RCP | E.Vx_Wx, UD, (SseOp.RCP + 2) | E.Vd_Wd, UD,
  /* 54 */ SseOp.PAND | E.Vx_Wx, SseOp.PAND | E.Vx_Wx, UD, UD,
  /* 55 */ SseOp.PANDN | E.Vx_Wx, SseOp.PANDN | E.Vx_Wx, UD, UD,
  /* 56 */ SseOp.POR | E.Vx_Wx, SseOp.POR | E.Vx_Wx, UD, UD,
  /* 57 */ SseOp.PXOR | E.Vx_Wx, SseOp.PXOR | E.Vx_Wx, UD, UD,
  /* 58 */ SseOp.ADD | E.Vx_Wx, (SseOp.ADD + 1) | E.Vx_Wx, (SseOp.ADD + 2) | E.Vd_Wd, (SseOp.ADD + 3) | E.Vq_Wq,
  /* 59 */ SseOp.MUL | E.Vx_Wx, (SseOp.MUL + 1) | E.Vx_Wx, (SseOp.MUL + 2) | E.Vd_Wd, (SseOp.MUL + 3) | E.Vq_Wq,
  /* 5A */ SseOp.CVTPS2PD | E.Vq_Wq, SseOp.CVTPD2PS | E.Vx_Wx, SseOp.CVTSS2SD | E.Vd_Wd, SseOp.CVTSD2SS | E.Vq_Wq,
  /* 5B */ SseOp.CVTDQ2PS | E.Vx_Wx, SseOp.CVTPS2DQ | E.Vx_Wx, SseOp.CVTTPS2DQ | E.Vx_Wx, UD,
  /* 5C */ SseOp.SUB | E.Vx_Wx, (SseOp.SUB + 1) | E.Vx_Wx, (SseOp.SUB + 2) | E.Vd_Wd, (SseOp.SUB + 3) | E.Vq_Wq,
  /* 5D */ SseOp.MIN | E.Vx_Wx, (SseOp.MIN + 1) | E.Vx_Wx, (SseOp.MIN + 2) | E.Vd_Wd, (SseOp.MIN + 3) | E.Vq_Wq,
  /* 5E */ SseOp.DIV | E.Vx_Wx, (SseOp.DIV + 1) | E.Vx_Wx, (SseOp.DIV + 2) | E.Vd_Wd, (SseOp.DIV + 3) | E.Vq_Wq,
  /* 5F */ SseOp.MAX | E.Vx_Wx, (SseOp.MAX + 1) | E.Vx_Wx, (SseOp.MAX + 2) | E.Vd_Wd, (SseOp.MAX + 3) | E.Vq_Wq,
  /* 60 */ SseOp.PUNPCKLBW | E.Pq_Qq, SseOp.PUNPCKLBW | E.Vx_Wx, UD, UD,
  /* 61 */ SseOp.PUNPCKLWD | E.Pq_Qq, SseOp.PUNPCKLWD | E.Vx_Wx, UD, UD,
  /* 62 */ SseOp.PUNPCKLDQ | E.Pq_Qq, SseOp.PUNPCKLDQ | E.Vx_Wx, UD, UD,
  /* 63 */ SseOp.PACKSSWB | E.Pq_Qq, SseOp.PACKSSWB | E.Vx_Wx, UD, UD,
  /* 64 */ SseOp.PCMPGTB | E.Pq_Qq, SseOp.PCMPGTB | E.Vx_Wx, UD, UD,
  /* 65 */ SseOp.PCMPGTW | E.Pq_Qq, SseOp.PCMPGTW | E.Vx_Wx, UD, UD,
  /* 66 */ SseOp.PCMPGTD | E.Pq_Qq, SseOp.PCMPGTD | E.Vx_Wx, UD, UD,
  /* 67 */ SseOp.PACKUSWB | E.Pq_Qq, SseOp.PACKUSWB | E.Vx_Wx, UD, UD,
  /* 68 */ SseOp.PUNPCKHBW | E.Pq_Qq, SseOp.PUNPCKHBW | E.Vx_Wx, UD, UD,
  /* 69 */ SseOp.PUNPCKHWD | E.Pq_Qq, SseOp.PUNPCKHWD | E.Vx_Wx, UD, UD,
  /* 6A */ SseOp.PUNPCKHDQ | E.Pq_Qq, SseOp.PUNPCKHDQ | E.Vx_Wx, UD, UD,
  /* 6B */ SseOp.PACKSSDW | E.Pq_Qq, SseOp.PACKSSDW | E.Vx_Wx, UD, UD,
  /* 6C */ UD, SseOp.PUNPCKLQDQ | E.Vx_Wx, UD, UD,
  /* 6D */ UD, SseOp.PUNPCKHQDQ | E.Vx_Wx, UD, UD,
  /* 6E */ SseOp.MOVD_MMX | E.P_Ey, SseOp.MOVD | E.V_Ey, UD, UD,
  /* 6F */ SseOp.MOVQ_MMX | E.Pq_Qq, SseOp.MOVA | E.Vx_Wx, SseOp.MOVU | E.Vx_Wx, UD,
  /* 70 */ SseOp.PSHUFLW | E.Pq_Qq, SseOp.PSHUFD | E.Vx_Wx, SseOp.PSHUFHW | E.Vx_Wx, SseOp.PSHUFLW | E.Vx_Wx,
  /* 71 */ E.group_Nq, E.group_Ux, UD, UD,
  /* 72 */ E.group_Nq, E.group_Ux, UD, UD,
  /* 73 */ E.group_Nq, E.group_Ux, UD, UD,
  /* 74 */ SseOp.PCMPEQB | E.Pq_Qq, SseOp.PCMPEQB | E.Vx_Wx, UD, UD,
  /* 75 */ SseOp.PCMPEQW | E.Pq_Qq, SseOp.PCMPEQW | E.Vx_Wx, UD, UD,
  /* 76 */ SseOp.PCMPEQD | E.Pq_Qq, SseOp.PCMPEQD | E.Vx_Wx, UD, UD,
  /* 77 */ SseOp.EMMS, UD, UD, UD,
  /* 78 */ UD, UD, UD, UD,
  /* 79 */ UD, UD, UD, UD,
  /* 7A */ UD, UD, UD, UD,
  /* 7B */ UD, UD, UD, UD,
  /* 7C */ UD, UD, UD, UD,
  /* 7D */ UD, UD, UD, UD,
  /* 7E */ SseOp.MOVD_MMX_STORE | E.Ey_P, SseOp.MOVD_STORE | E.Ey_V, SseOp.MOVQ | E.Vq_Wq, UD,
  /* 7F */ SseOp.MOVQ_MMX | E.Qq_Pq, SseOp.MOVA | E.Wx_Vx, SseOp.MOVU | E.Wx_Vx, UD,

  /* C0 */ UD, UD, UD, UD,
  /* C1 */ UD, UD, UD, UD,
  /* C2 */ SseOp.CMP | E.Vx_Wx, (SseOp.CMP + 1) | E.Vx_Wx, (SseOp.CMP + 2) | E.Vd_Wd, (SseOp.CMP + 3) | E.Vq_Wq,
  /* C3 */ UD, UD, UD, UD,
  /* C4 */ SseOp.PINSRW | E.Pq_Ew, SseOp.PINSRW | E.Vx_Ew, UD, UD,
  /* C5 */ SseOp.PEXTRW | E.Gd_Nq, SseOp.PEXTRW | E.Gd_Ux, UD, UD,
  /* C6 */ SseOp.SHUFPS | E.Vx_Wx, SseOp.SHUFPD | E.Vx_Wx, UD, UD,
  /* C7 */ UD, UD, UD, UD,

  /* D0 */ UD, UD, UD, UD,
  /* D1 */ SseOp.PSRLW | E.Pq_Qq, SseOp.PSRLW | E.Vx_Wx, UD, UD,
  /* D2 */ SseOp.PSRLD | E.Pq_Qq, SseOp.PSRLD | E.Vx_Wx, UD, UD,
  /* D3 */ SseOp.PSRLQ | E.Pq_Qq, SseOp.PSRLQ | E.Vx_Wx, UD, UD,
  /* D4 */ SseOp.PADDQ | E.Pq_Qq, SseOp.PADDQ | E.Vx_Wx, UD, UD,
  /* D5 */ SseOp.PMULLW | E.Pq_Qq, SseOp.PMULLW | E.Vx_Wx, UD, UD,
  /* D6 */ UD, SseOp.MOVQ | E.Wq_Vq, SseOp.MOVQ2DQ | E.Vq_Nq, SseOp.MOVDQ2Q | E.Pq_Uq,
  /* D7 */ SseOp.PMOVMSKB | E.Gd_Nq, SseOp.PMOVMSKB | E.Gd_Ux, UD, UD,
  /* D8 */ SseOp.PSUBUSB | E.Pq_Qq, SseOp.PSUBUSB | E.Vx_Wx, UD, UD,
  /* D9 */ SseOp.PSUBUSW | E.Pq_Qq, SseOp.PSUBUSW | E.Vx_Wx, UD, UD,
  /* DA */ SseOp.PMINUB | E.Pq_Qq, SseOp.PMINUB | E.Vx_Wx, UD, UD,
  /* DB */ SseOp.PAND | E.Pq_Qq, SseOp.PAND | E.Vx_Wx, UD, UD,
  /* DC */ SseOp.PADDUSB | E.Pq_Qq, SseOp.PADDUSB | E.Vx_Wx, UD, UD,
  /* DD */ SseOp.PADDUSW | E.Pq_Qq, SseOp.PADDUSW | E.Vx_Wx, UD, UD,
  /* DE */ SseOp.PMAXUB | E.Pq_Qq, SseOp.PMAXUB | E.Vx_Wx, UD, UD,
  /* DF */ SseOp.PANDN | E.Pq_Qq, SseOp.PANDN | E.Vx_Wx, UD, UD,
  /* E0 */ SseOp.PAVGB | E.Pq_Qq, SseOp.PAVGB | E.Vx_Wx, UD, UD,
  /* E1 */ SseOp.PSRAW | E.Pq_Qq, SseOp.PSRAW | E.Vx_Wx, UD, UD,
  /* E2 */ SseOp.PSRAD | E.Pq_Qq, SseOp.PSRAD | E.Vx_Wx, UD, UD,
  /* E3 */ SseOp.PAVGW | E.Pq_Qq, SseOp.PAVGW | E.Vx_Wx, UD, UD,
  /* E4 */ SseOp.PMULHUW | E.Pq_Qq, SseOp.PMULHUW | E.Vx_Wx, UD, UD,
  /* E5 */ SseOp.PMULHW | E.Pq_Qq, SseOp.PMULHW | E.Vx_Wx, UD, UD,
  /* E6 */ UD, SseOp.CVTTPD2DQ | E.Vx_Wx, SseOp.CVTDQ2PD | E.Vq_Wq, SseOp.CVTPD2DQ | E.Vx_Wx,
  /* E7 */ SseOp.MOVQ_MMX | E.Mq_Pq, SseOp.MOVA | E.Mx_Vx, UD, UD,
  /* E8 */ SseOp.PSUBSB | E.Pq_Qq, SseOp.PSUBSB | E.Vx_Wx, UD, UD,
  /* E9 */ SseOp.PSUBSW | E.Pq_Qq, SseOp.PSUBSW | E.Vx_Wx, UD, UD,
  /* EA */ SseOp.PMINSW | E.Pq_Qq, SseOp.PMINSW | E.Vx_Wx, UD, UD,
  /* EB */ SseOp.POR | E.Pq_Qq, SseOp.POR | E.Vx_Wx, UD, UD,
  /* EC */ SseOp.PADDSB | E.Pq_Qq, SseOp.PADDSB | E.Vx_Wx, UD, UD,
  /* ED */ SseOp.PADDSW | E.Pq_Qq, SseOp.PADDSW | E.Vx_Wx, UD, UD,
  /* EE */ SseOp.PMAXSW | E.Pq_Qq, SseOp.PMAXSW | E.Vx_Wx, UD, UD,
  /* EF */ SseOp.PXOR | E.Pq_Qq, SseOp.PXOR | E.Vx_Wx, UD, UD,
  /* F0 */ UD, UD, UD, UD,
  /* F1 */ SseOp.PSLLW | E.Pq_Qq, SseOp.PSLLW | E.Vx_Wx, UD, UD,
  /* F2 */ SseOp.PSLLD | E.Pq_Qq, SseOp.PSLLD | E.Vx_Wx, UD, UD,
  /* F3 */ SseOp.PSLLQ | E.Pq_Qq, SseOp.PSLLQ | E.Vx_Wx, UD, UD,
  /* F4 */ SseOp.PMULUDQ | E.Pq_Qq, SseOp.PMULUDQ | E.Vx_Wx, UD, UD,
  /* F5 */ SseOp.PMADDWD | E.Pq_Qq, SseOp.PMADDWD | E.Vx_Wx, UD, UD,
  /* F6 */ SseOp.PSADBW | E.Pq_Qq, SseOp.PSADBW | E.Vx_Wx, UD, UD,
  /* F7 */ SseOp.MASKMOV | E.Pq_Nq, SseOp.MASKMOV | E.Vx_Ux, UD, UD,
  /* F8 */ SseOp.PSUBB | E.Pq_Qq, SseOp.PSUBB | E.Vx_Wx, UD, UD,
  /* F9 */ SseOp.PSUBW | E.Pq_Qq, SseOp.PSUBW | E.Vx_Wx, UD, UD,
  /* FA */ SseOp.PSUBD | E.Pq_Qq, SseOp.PSUBD | E.Vx_Wx, UD, UD,
  /* FB */ SseOp.PSUBQ | E.Pq_Qq, SseOp.PSUBQ | E.Vx_Wx, UD, UD,
  /* FC */ SseOp.PADDB | E.Pq_Qq, SseOp.PADDB | E.Vx_Wx, UD, UD,
  /* FD */ SseOp.PADDW | E.Pq_Qq, SseOp.PADDW | E.Vx_Wx, UD, UD,
  /* FE */ SseOp.PADDD | E.Pq_Qq, SseOp.PADDD | E.Vx_Wx, UD, UD,
  /* FF */ UD, UD, UD, UD,
]);

/** Shifts by immediate, 71-73, by ModRM.reg (SDM vol. 2D table A-6, groups 12 to 14). */
// prettier-ignore
const SHIFTS: usize = memory.data<u32>([
  /* 71 */ 0, 0, SseOp.PSRLW, 0, SseOp.PSRAW, 0, SseOp.PSLLW, 0,
  /* 72 */ 0, 0, SseOp.PSRLD, 0, SseOp.PSRAD, 0, SseOp.PSLLD, 0,
  /* 73 */ 0, 0, SseOp.PSRLQ, SseOp.PSRLDQ, 0, 0, SseOp.PSLLQ, SseOp.PSLLDQ,
]);

/** The memory forms of 0F AE (group 15) below CLFLUSH. XSAVEOPT (/6) is not claimed. */
// prettier-ignore
const GROUP_AE: usize = memory.data<u32>([
  SseOp.FXSAVE, SseOp.FXRSTOR, SseOp.LDMXCSR, SseOp.STMXCSR, SseOp.XSAVE, SseOp.XRSTOR, 0, 0,
]);

/** The row of 0F `opcode` with mandatory `prefix` (0 none, 1 66, 2 F3, 3 F2); 0: no such instruction. */
export function sseRow(opcode: u32, prefix: u32): u32 {
  let index: u32;
  if (opcode >= 0xd0) index = opcode - 0xd0 + 72;
  else if (opcode >= 0xc0) index = opcode < 0xc8 ? opcode - 0xc0 + 64 : 64;
  else if (opcode >= 0x50) index = opcode < 0x80 ? opcode - 0x50 + 16 : 64;
  else if (opcode >= 0x28) index = opcode < 0x30 ? opcode - 0x28 + 8 : 64;
  else index = opcode >= 0x10 && opcode < 0x18 ? opcode - 0x10 : 64;
  return load<u32>(ROWS + (((index << 2) | prefix) << 2));
}

// @ts-ignore: decorator
@inline
export function shiftGroupOp(opcode: u32, reg: u32): u32 {
  return load<u32>(SHIFTS + ((((opcode - 0x71) << 3) | (reg & 7)) << 2));
}

// @ts-ignore: decorator
@inline
export function groupAeOp(reg: u32): u32 {
  return load<u32>(GROUP_AE + ((reg & 7) << 2));
}
