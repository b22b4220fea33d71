// Operation numbers. One Op is one meaning (one function of isa/), whatever its operands.
//
// Ops below Op.COLD_FIRST are hot: the interpreter has a switch case for each (op, size, form), numbered
// handler = op << 4 | log2(size) << 2 | form. All others are reached through one case, HANDLER_COLD, by family.

export const enum Form {
  /** dst and src are values in memory of the vCPU (a register, or for src the record's own immediate). */
  RR = 0,
  /** dst is guest memory; src as in RR. */
  MR = 1,
  /** dst as in RR; src is guest memory. */
  RM = 2,
  /** Hot op whose switch case has no operand kinds (jumps), or a second meaning named at the op. */
  SPECIAL = 3,
}

export const enum Op {
  ADD = 0,
  OR,
  ADC,
  SBB,
  AND,
  SUB,
  XOR,
  CMP,
  TEST,
  MOV,
  /** Source is a byte (zero- or sign-extended to size). */
  MOVZX8,
  MOVZX16,
  MOVSX8,
  MOVSX16,
  /** MOVSXD: source is a doubleword. */
  MOVSX32,
  /** dst = effective address (no segment base) truncated to size. Memory operand fields hold the address. */
  LEA,
  INC,
  DEC,
  NEG,
  NOT,
  /** Shifts and rotates by src (a byte: CL or immediate), masked by the meaning. */
  SHL,
  SHR,
  SAR,
  ROL,
  ROR,
  /** dst = dst * src (two-operand). */
  IMUL2,
  /** dst = src * imm. Form RR or RM. */
  IMUL3,
  /** RR: src register or immediate; RM: memory source. size = operand size. */
  PUSH,
  /** RR: dst register; MR: memory. */
  POP,
  /** cc in Insn.condition. RR: dst register byte; MR memory byte. */
  SETCC,
  /** cc in Insn.condition. RR or RM. */
  CMOVCC,
  XCHG,
  /** Near direct jump to Insn.target. */
  JMP,
  /** Near conditional jump to Insn.target; the low 4 bits of the handler are the condition. */
  JCC,
  /** Near direct call to Insn.target, size = operand size. */
  CALL,
  /** Near return; imm = bytes to release. size = operand size. */
  RET,
  /** Near indirect, RR (src) or RM. */
  JMP_INDIRECT,
  CALL_INDIRECT,
  LEAVE,
  NOP,
  /** CBW/CWDE/CDQE by size of the destination (1, 2, 3). */
  CBW,
  /** CWD/CDQ/CQO by size (1, 2, 3). */
  CWD,
  /** Bit tests by register or immediate; RR only is hot, memory forms (bit string addressing) too but slower. */
  BT,
  BSF,
  BSR,
  /** One-operand: rDX:rAX = rAX * src. RR or RM. */
  MUL,
  IMUL1,
  DIV,
  IDIV,
  /** Pseudo-op: the block ends, go on at Insn.nextRip. Not an instruction; not counted. */
  BLOCK_END,
  BSWAP,
  XADD,
  CMPXCHG,
  /** Free for fused or specialised hot forms. */
  HOT_LIMIT = 64,

  COLD_FIRST = 64,

  // --- integer (isa/integer dispatch: executeInteger) ---
  RCL = 64,
  RCR,
  SHLD, // dst, src (register), count: imm, or CL when Insn.opcode is A5/AD
  SHRD,
  BTS, // dst register or memory; src register or immediate
  BTR,
  BTC,
  PUSHA,
  POPA,
  PUSHF,
  POPF,
  ENTER, // imm = frame size | nesting << 16
  CLC,
  STC,
  CMC,
  CLD,
  STD,
  LAHF,
  SAHF,
  SALC,
  DAA,
  DAS,
  AAA,
  AAS,
  AAM, // imm
  AAD, // imm
  XLAT, // memory operand fields: segment; address = rBX + AL
  BOUND,
  CMPXCHG8B, // size 2: CMPXCHG8B, size 3: CMPXCHG16B
  LOOP, // target; addressSize picks CX/ECX/RCX
  LOOPE,
  LOOPNE,
  JCXZ,
  MOVS, // strings: size, Prefix.REP/REPNE, segment override in Insn.segment, addressSize
  CMPS,
  STOS,
  LODS,
  SCAS,
  PAUSE,
  /** PREFETCHh, CLFLUSH, fences, multi-byte NOP, ENDBR. CLFLUSH touches its address. */
  FENCE,
  CLFLUSH,
  MOVNTI,
  MOVBE, // not claimed by CPUID: decode gives UD
  RDRAND, // likewise
  POPCNT, // likewise
  INTEGER_LAST = 159,

  // --- system (isa/system dispatch: executeSystem) ---
  UD = 160,
  HLT,
  CLI,
  STI,
  IN, // dst rAX; src: port (imm or DX) through Insn.src; size
  OUT, // dst: port (imm or DX), src: rAX
  INS, // REP as strings
  OUTS,
  INT, // imm = vector
  INT3,
  INTO,
  INT1,
  IRET,
  JMP_FAR, // imm = offset | selector << 32 (direct)
  CALL_FAR,
  JMP_FAR_INDIRECT, // memory operand m16:size
  CALL_FAR_INDIRECT,
  RET_FAR, // imm = bytes to release
  MOV_FROM_SEG, // dst register/memory = segment register (Insn.regField)
  MOV_TO_SEG,
  PUSH_SEG, // Insn.regField
  POP_SEG,
  LDS, // load far pointer: Insn.regField2 segment (Seg) in imm; dst register
  SLDT,
  STR,
  LLDT,
  LTR,
  VERR,
  VERW,
  SGDT,
  SIDT,
  LGDT,
  LIDT,
  SMSW,
  LMSW,
  INVLPG,
  SWAPGS,
  RDTSCP,
  LAR,
  LSL,
  ARPL,
  SYSCALL,
  SYSRET,
  SYSENTER,
  SYSEXIT,
  CLTS,
  INVD,
  WBINVD,
  MOV_FROM_CR, // dst register (GPR), Insn.regField = CR number
  MOV_TO_CR, // src register, Insn.regField
  MOV_FROM_DR,
  MOV_TO_DR,
  WRMSR,
  RDMSR,
  RDTSC,
  RDPMC,
  CPUID,
  RDFSBASE, // dst
  RDGSBASE,
  WRFSBASE, // src
  WRGSBASE,
  XGETBV,
  XSETBV,
  CLAC,
  STAC,
  MONITOR,
  MWAIT,
  VMCALL,
  RSM,
  INVPCID,
  SYSTEM_LAST = 287,

  // --- x87 (isa/x87): memory forms op = X87_MEM + (opcode & 7) * 8 + reg; register forms X87_REG + the same, Insn.modrm tells rm ---
  X87_MEM = 288,
  X87_REG = 352,
  FWAIT = 416,

  // --- MMX, SSE, FXSAVE, XSAVE: op = SSE + an index of decode/sse.ts ---
  SSE = 448,
}

export const HANDLER_COLD: u32 = 1023;
