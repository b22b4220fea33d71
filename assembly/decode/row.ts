// The notation of the opcode tables. A row is one u32:
//
//   31      17 16     10 9      0
//   | flags   | Kind    | Op    |
//
// Tables write it as `Op.ADD | Enc.Ev_Gv`: Enc names operands as the manual does (SDM vol. 2D appendix A.2.1: E ModRM
// register or memory, G ModRM reg, M memory only, I immediate, J relative, O moffs, Z register in the opcode, S segment
// register, A rAX; b byte, w word, v operand size, z operand size with at most 32 bits).

export const ROW_OP: u32 = 0x3ff;
export const ROW_KIND_SHIFT: u32 = 10;
export const ROW_KIND: u32 = 0x7f << 10;

export const enum RowFlag {
  /** A ModRM byte (and its SIB and displacement) follows the opcode. */
  MODRM = 1 << 17,
  /** The operand size is a byte. */
  BYTE = 1 << 18,
  /** The operand size is a word. */
  WORD = 1 << 19,
  /** The op field is a group number: ModRM.reg selects the row in GROUPS, which may leave out the operands. */
  GROUP = 1 << 20,
  /** Undefined in 64-bit mode. */
  NO64 = 1 << 21,
  /** 64-bit mode: the operand size is 8 without prefix, 2 with 66. */
  DEFAULT64 = 1 << 22,
  /** 64-bit mode: the operand size is 8 whatever the prefixes (near branches on Intel). */
  FORCE64 = 1 << 23,
  /** The block ends after it (Prefix.ENDS_BLOCK). */
  ENDS = 1 << 24,
  /** Undefined in real and virtual-8086 mode. */
  PROTECTED = 1 << 25,
  /** REX.W is ignored: the operand size is 2 or 4 (port I/O). */
  MAX32 = 1 << 26,
}

/** How operands are found. */
export const enum Kind {
  /** In a group's row: as in the group's opcode. */
  INHERIT,
  UD,
  /** No operands. */
  NONE,
  /** No operands, a hot op: Form.SPECIAL. */
  BARE,
  // ModRM operands
  E_G,
  G_E,
  E_I,
  E_IB,
  E_1,
  E_CL,
  E,
  SRC_E,
  G_M,
  DST_M,
  SRC_M,
  G_E_I,
  G_E_IB,
  E_G_IB,
  /** Destination register or a memory word. */
  E_WORD,
  /** MOV Sreg. */
  E_S,
  S_E,
  G_EB,
  G_EW,
  CC_E,
  CC_G_E,
  LOAD_FAR,
  /** Operand ignored. */
  NOP_E,
  // Register in the opcode
  Z,
  SRC_Z,
  Z_I,
  Z_A,
  // rAX, immediates, branches
  A_I,
  PUSH_I,
  PUSH_IB,
  IMM8,
  IMM16,
  IMM16_BARE,
  ENTER,
  FAR,
  J,
  JB,
  JCC,
  JCCB,
  A_O,
  O_A,
  SEG,
  // Strings and ports
  SI,
  DI,
  XLAT,
  IN_IMM,
  OUT_IMM,
  IN_DX,
  OUT_DX,
  // Their own functions
  NOP_90,
  ARPL_MOVSXD,
  X87,
  SSE,
  EMMS,
  CONTROL,
  GROUP_0F01,
  GROUP_0FAE,
  GROUP_0FC7,
  MOVNTI,
  MAP_0F38,
  /** A prefix byte; the op field is a PrefixByte. */
  PREFIX,
}

/** Prefix bytes; segment overrides are their Seg number. */
export const enum PrefixByte {
  OPERAND_SIZE = 6,
  ADDRESS_SIZE,
  LOCK,
  REPNE,
  REP,
  /** 0F: the two-byte map. */
  ESCAPE,
}

/** Operand notation: a kind and the flags that go with it. */
export const enum Enc {
  UD = Kind.UD << 10,
  None = Kind.NONE << 10,
  Bare = Kind.BARE << 10,
  Eb_Gb = (Kind.E_G << 10) | RowFlag.MODRM | RowFlag.BYTE,
  Ev_Gv = (Kind.E_G << 10) | RowFlag.MODRM,
  Ew_Gw = (Kind.E_G << 10) | RowFlag.MODRM | RowFlag.WORD,
  Gb_Eb = (Kind.G_E << 10) | RowFlag.MODRM | RowFlag.BYTE,
  Gv_Ev = (Kind.G_E << 10) | RowFlag.MODRM,
  Eb_Ib = (Kind.E_IB << 10) | RowFlag.MODRM | RowFlag.BYTE,
  Ev_Iz = (Kind.E_I << 10) | RowFlag.MODRM,
  /** Byte immediate, sign-extended. */
  Ev_Ib = (Kind.E_IB << 10) | RowFlag.MODRM,
  Eb_1 = (Kind.E_1 << 10) | RowFlag.MODRM | RowFlag.BYTE,
  Ev_1 = (Kind.E_1 << 10) | RowFlag.MODRM,
  Eb_CL = (Kind.E_CL << 10) | RowFlag.MODRM | RowFlag.BYTE,
  Ev_CL = (Kind.E_CL << 10) | RowFlag.MODRM,
  /** One operand that is written. */
  Eb = (Kind.E << 10) | RowFlag.MODRM | RowFlag.BYTE,
  Ev = (Kind.E << 10) | RowFlag.MODRM,
  /** One operand that is only read. */
  src_Eb = (Kind.SRC_E << 10) | RowFlag.MODRM | RowFlag.BYTE,
  src_Ev = (Kind.SRC_E << 10) | RowFlag.MODRM,
  src_Ew = (Kind.SRC_E << 10) | RowFlag.MODRM | RowFlag.WORD,
  Gv_M = (Kind.G_M << 10) | RowFlag.MODRM,
  M = (Kind.DST_M << 10) | RowFlag.MODRM,
  src_M = (Kind.SRC_M << 10) | RowFlag.MODRM,
  Gv_Ev_Iz = (Kind.G_E_I << 10) | RowFlag.MODRM,
  Gv_Ev_Ib = (Kind.G_E_IB << 10) | RowFlag.MODRM,
  Ev_Gv_Ib = (Kind.E_G_IB << 10) | RowFlag.MODRM,
  Rv_Mw = (Kind.E_WORD << 10) | RowFlag.MODRM,
  Ev_Sw = (Kind.E_S << 10) | RowFlag.MODRM,
  Sw_Ew = (Kind.S_E << 10) | RowFlag.MODRM | RowFlag.WORD,
  Gv_Eb = (Kind.G_EB << 10) | RowFlag.MODRM,
  Gv_Ew = (Kind.G_EW << 10) | RowFlag.MODRM,
  cc_Eb = (Kind.CC_E << 10) | RowFlag.MODRM | RowFlag.BYTE,
  cc_Gv_Ev = (Kind.CC_G_E << 10) | RowFlag.MODRM,
  Gv_Mp = (Kind.LOAD_FAR << 10) | RowFlag.MODRM | RowFlag.ENDS,
  nop_Ev = (Kind.NOP_E << 10) | RowFlag.MODRM,
  Zv = Kind.Z << 10,
  src_Zv = Kind.SRC_Z << 10,
  Zb_Ib = (Kind.Z_I << 10) | RowFlag.BYTE,
  Zv_Iv = Kind.Z_I << 10,
  Zv_rAX = Kind.Z_A << 10,
  AL_Ib = (Kind.A_I << 10) | RowFlag.BYTE,
  rAX_Iz = Kind.A_I << 10,
  Iz = Kind.PUSH_I << 10,
  /** Byte, sign-extended to the operand size. */
  sIb = Kind.PUSH_IB << 10,
  Ib = Kind.IMM8 << 10,
  Iw = Kind.IMM16 << 10,
  bare_Iw = Kind.IMM16_BARE << 10,
  Iw_Ib = Kind.ENTER << 10,
  Ap = (Kind.FAR << 10) | RowFlag.NO64 | RowFlag.ENDS,
  Jb = (Kind.JB << 10) | RowFlag.FORCE64 | RowFlag.ENDS,
  Jz = (Kind.J << 10) | RowFlag.FORCE64 | RowFlag.ENDS,
  cc_Jb = (Kind.JCCB << 10) | RowFlag.FORCE64 | RowFlag.ENDS,
  cc_Jz = (Kind.JCC << 10) | RowFlag.FORCE64 | RowFlag.ENDS,
  AL_Ob = (Kind.A_O << 10) | RowFlag.BYTE,
  rAX_Ov = Kind.A_O << 10,
  Ob_AL = (Kind.O_A << 10) | RowFlag.BYTE,
  Ov_rAX = Kind.O_A << 10,
  Sw = Kind.SEG << 10,
  Xb = (Kind.SI << 10) | RowFlag.BYTE,
  Xv = Kind.SI << 10,
  Yb = (Kind.DI << 10) | RowFlag.BYTE,
  Yv = Kind.DI << 10,
  BX_AL = (Kind.XLAT << 10) | RowFlag.BYTE,
  portIn_Ib = (Kind.IN_IMM << 10) | RowFlag.ENDS | RowFlag.MAX32,
  portOut_Ib = (Kind.OUT_IMM << 10) | RowFlag.ENDS | RowFlag.MAX32,
  portIn_DX = (Kind.IN_DX << 10) | RowFlag.ENDS | RowFlag.MAX32,
  portOut_DX = (Kind.OUT_DX << 10) | RowFlag.ENDS | RowFlag.MAX32,
  nop90 = Kind.NOP_90 << 10,
  arplMovsxd = (Kind.ARPL_MOVSXD << 10) | RowFlag.MODRM,
  x87 = (Kind.X87 << 10) | RowFlag.MODRM,
  sse = (Kind.SSE << 10) | RowFlag.MODRM,
  /** An instruction of the SSE decoder without ModRM. */
  emms = Kind.EMMS << 10,
  /** MOV CRn, DRn: mod is ignored, so it reads its own ModRM. */
  control = Kind.CONTROL << 10,
  group0F01 = (Kind.GROUP_0F01 << 10) | RowFlag.MODRM,
  group0FAE = (Kind.GROUP_0FAE << 10) | RowFlag.MODRM,
  group0FC7 = (Kind.GROUP_0FC7 << 10) | RowFlag.MODRM,
  movnti = (Kind.MOVNTI << 10) | RowFlag.MODRM,
  map0F38 = Kind.MAP_0F38 << 10,
  prefix = Kind.PREFIX << 10,
}

/** Rows whose op is chosen by ModRM.reg (SDM vol. 2D table A-6). */
export const enum Group {
  /** Immediate group: ADD … CMP. */
  G1 = RowFlag.GROUP | 0,
  /** 8F. */
  G1A = RowFlag.GROUP | 1,
  /** Shifts. */
  G2 = RowFlag.GROUP | 2,
  G3B = RowFlag.GROUP | 3,
  G3V = RowFlag.GROUP | 4,
  /** FE. */
  G4 = RowFlag.GROUP | 5,
  /** FF. */
  G5 = RowFlag.GROUP | 6,
  /** 0F 00. */
  G6 = RowFlag.GROUP | 7,
  /** 0F BA. */
  G8 = RowFlag.GROUP | 8,
  /** C6, C7. */
  G11 = RowFlag.GROUP | 9,
}
