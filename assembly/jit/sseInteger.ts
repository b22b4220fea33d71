// Packed integers at translation: arithmetic, logic, interleaving, shifts and shuffles of XMM registers, as isa/sse/integer.ts,
// shift.ts and shuffle.ts. The forms on MMX registers are the engine's.
import { Insn } from "../decode/insn";
import { Form } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { requireSse, sourceVector, xmm } from "./sseOperands";
import { as32, binary, choose, constant } from "./values";
import { getVariable, setVariable } from "./variables";
import { extractLane, shuffleBytes, vectorBinary, vectorConstant, vectorSelect, vectorUnary } from "./vectorNodes";

export function buildInteger(b: BuildState, i: Insn, op: u32): bool {
  if (i.size == 3) return false;
  requireSse(b);
  if (i.src == i.immAddress) {
    shiftByConstant(b, i, op);
    return true;
  }
  const y = sourceVector(b, i);
  const dst = xmm(i.dst);
  const x = getVariable(b, dst);
  if (op >= <u32>SseOp.PSRLW) setVariable(b, dst, shiftByElement(b, op, x, y));
  else setVariable(b, dst, integer(b, op, x, y, i.form == Form.RR && i.src == i.dst));
  return true;
}

function integer(b: BuildState, op: u32, x: u32, y: u32, isSame: bool): u32 {
  if (isSame && op == SseOp.PXOR) return vectorConstant(b, 0);
  const code = operator(op);
  if (code) return vectorBinary(b, code, x, y);
  switch (op) {
    case SseOp.PANDN:
      return vectorBinary(b, Wasm.V128_ANDNOT, y, x);
    case SseOp.PMULHW:
      return highHalves(b, Wasm.I32X4_EXTMUL_LOW_I16X8_S, x, y);
    case SseOp.PMULHUW:
      return highHalves(b, Wasm.I32X4_EXTMUL_LOW_I16X8_U, x, y);
    case SseOp.PMULUDQ:
      return vectorBinary(b, Wasm.I64X2_EXTMUL_LOW_I32X4_U, evenDwords(b, x), evenDwords(b, y));
    case SseOp.PSADBW:
      return sumOfAbsoluteDifferences(b, x, y);
    default:
      return interleave(b, op, x, y);
  }
}

/** The wasm instruction that does the same, or 0. */
function operator(op: u32): u32 {
  switch (op) {
    case SseOp.PACKSSWB:
      return Wasm.I8X16_NARROW_I16X8_S;
    case SseOp.PACKUSWB:
      return Wasm.I8X16_NARROW_I16X8_U;
    case SseOp.PACKSSDW:
      return Wasm.I16X8_NARROW_I32X4_S;
    case SseOp.PCMPGTB:
      return Wasm.I8X16_GT_S;
    case SseOp.PCMPGTW:
      return Wasm.I16X8_GT_S;
    case SseOp.PCMPGTD:
      return Wasm.I32X4_GT_S;
    case SseOp.PCMPEQB:
      return Wasm.I8X16_EQ;
    case SseOp.PCMPEQW:
      return Wasm.I16X8_EQ;
    case SseOp.PCMPEQD:
      return Wasm.I32X4_EQ;
    case SseOp.PADDB:
      return Wasm.I8X16_ADD;
    case SseOp.PADDW:
      return Wasm.I16X8_ADD;
    case SseOp.PADDD:
      return Wasm.I32X4_ADD;
    case SseOp.PADDQ:
      return Wasm.I64X2_ADD;
    case SseOp.PSUBB:
      return Wasm.I8X16_SUB;
    case SseOp.PSUBW:
      return Wasm.I16X8_SUB;
    case SseOp.PSUBD:
      return Wasm.I32X4_SUB;
    case SseOp.PSUBQ:
      return Wasm.I64X2_SUB;
    case SseOp.PADDSB:
      return Wasm.I8X16_ADD_SAT_S;
    case SseOp.PADDSW:
      return Wasm.I16X8_ADD_SAT_S;
    case SseOp.PADDUSB:
      return Wasm.I8X16_ADD_SAT_U;
    case SseOp.PADDUSW:
      return Wasm.I16X8_ADD_SAT_U;
    case SseOp.PSUBSB:
      return Wasm.I8X16_SUB_SAT_S;
    case SseOp.PSUBSW:
      return Wasm.I16X8_SUB_SAT_S;
    case SseOp.PSUBUSB:
      return Wasm.I8X16_SUB_SAT_U;
    case SseOp.PSUBUSW:
      return Wasm.I16X8_SUB_SAT_U;
    case SseOp.PMINUB:
      return Wasm.I8X16_MIN_U;
    case SseOp.PMINSW:
      return Wasm.I16X8_MIN_S;
    case SseOp.PMAXUB:
      return Wasm.I8X16_MAX_U;
    case SseOp.PMAXSW:
      return Wasm.I16X8_MAX_S;
    case SseOp.PAVGB:
      return Wasm.I8X16_AVGR_U;
    case SseOp.PAVGW:
      return Wasm.I16X8_AVGR_U;
    case SseOp.PMULLW:
      return Wasm.I16X8_MUL;
    case SseOp.PMADDWD:
      return Wasm.I32X4_DOT_I16X8_S;
    case SseOp.PAND:
      return Wasm.V128_AND;
    case SseOp.POR:
      return Wasm.V128_OR;
    case SseOp.PXOR:
      return Wasm.V128_XOR;
    default:
      return 0;
  }
}

/** Odd words of the doubleword products by `low` and the instruction for the high half after it. */
function highHalves(b: BuildState, low: u32, x: u32, y: u32): u32 {
  return shuffleBytes(b, vectorBinary(b, low, x, y), vectorBinary(b, low + 1, x, y), 0xfeba_7632_feba_7632, 0xff00);
}

function evenDwords(b: BuildState, x: u32): u32 {
  return shuffleBytes(b, x, x, 0xba98_3210_ba98_3210, 0);
}

function sumOfAbsoluteDifferences(b: BuildState, x: u32, y: u32): u32 {
  const greater = vectorBinary(b, Wasm.I8X16_MAX_U, x, y);
  const difference = vectorBinary(b, Wasm.I8X16_SUB, greater, vectorBinary(b, Wasm.I8X16_MIN_U, x, y));
  const pairs = vectorUnary(b, Wasm.I16X8_EXTADD_PAIRWISE_I8X16_U, difference);
  const fours = vectorUnary(b, Wasm.I32X4_EXTADD_PAIRWISE_I16X8_U, pairs);
  const upper = vectorBinary(b, Wasm.I64X2_SHR_U, fours, constant(b, 32));
  return vectorBinary(b, Wasm.V128_AND, vectorBinary(b, Wasm.I64X2_ADD, fours, upper), vectorConstant(b, 0xffff));
}

function interleave(b: BuildState, op: u32, x: u32, y: u32): u32 {
  switch (op) {
    case SseOp.PUNPCKLBW:
      return shuffleBytes(b, x, y, 0x7766_5544_3322_1100, 0xaaaa);
    case SseOp.PUNPCKHBW:
      return shuffleBytes(b, x, y, 0xffee_ddcc_bbaa_9988, 0xaaaa);
    case SseOp.PUNPCKLWD:
      return shuffleBytes(b, x, y, 0x7676_5454_3232_1010, 0xcccc);
    case SseOp.PUNPCKHWD:
      return shuffleBytes(b, x, y, 0xfefe_dcdc_baba_9898, 0xcccc);
    case SseOp.PUNPCKLDQ:
      return shuffleBytes(b, x, y, 0x7654_7654_3210_3210, 0xf0f0);
    case SseOp.PUNPCKHDQ:
      return shuffleBytes(b, x, y, 0xfedc_fedc_ba98_ba98, 0xf0f0);
    case SseOp.PUNPCKLQDQ:
      return shuffleBytes(b, x, y, 0x7654_3210_7654_3210, 0xff00);
    default:
      return shuffleBytes(b, x, y, 0xfedc_ba98_fedc_ba98, 0xff00);
  }
}

// ---- shifts ----

function shiftOperator(op: u32): u32 {
  switch (op) {
    case SseOp.PSRLW:
      return Wasm.I16X8_SHR_U;
    case SseOp.PSRLD:
      return Wasm.I32X4_SHR_U;
    case SseOp.PSRLQ:
      return Wasm.I64X2_SHR_U;
    case SseOp.PSRAW:
      return Wasm.I16X8_SHR_S;
    case SseOp.PSRAD:
      return Wasm.I32X4_SHR_S;
    case SseOp.PSLLW:
      return Wasm.I16X8_SHL;
    case SseOp.PSLLD:
      return Wasm.I32X4_SHL;
    default:
      return Wasm.I64X2_SHL;
  }
}

/** Bits of the elements. */
function elementBits(op: u32): u32 {
  switch (op) {
    case SseOp.PSRLW:
    case SseOp.PSRAW:
    case SseOp.PSLLW:
      return 16;
    case SseOp.PSRLD:
    case SseOp.PSRAD:
    case SseOp.PSLLD:
      return 32;
    default:
      return 64;
  }
}

// @ts-ignore: decorator
@inline
function isArithmetic(op: u32): bool {
  return op == SseOp.PSRAW || op == SseOp.PSRAD;
}

function shiftByConstant(b: BuildState, i: Insn, op: u32): void {
  const count = (<u32>i.imm) & 0xff;
  const dst = xmm(i.dst);
  const x = getVariable(b, dst);
  if (op >= <u32>SseOp.PSRLDQ) {
    setVariable(b, dst, shiftBytes(b, op == SseOp.PSLLDQ, x, min<u32>(count, 16)));
    return;
  }
  const bits = elementBits(op);
  if (count >= bits && !isArithmetic(op)) setVariable(b, dst, vectorConstant(b, 0));
  else setVariable(b, dst, vectorBinary(b, shiftOperator(op), x, constant(b, min<u32>(count, bits - 1))));
}

/** PSLLDQ and PSRLDQ: by bytes. */
function shiftBytes(b: BuildState, left: bool, x: u32, count: u32): u32 {
  let order: u64 = 0;
  let zeros: u32 = 0;
  for (let k: u32 = 0; k < 16; k++) {
    const from = left ? k - count : k + count;
    order |= (<u64>(from & 15)) << ((<u64>k) << 2);
    if (from > 15) zeros |= 1 << k;
  }
  return shuffleBytes(b, x, vectorConstant(b, 0), order, zeros);
}

/** By the low quadword of y; wasm takes counts modulo the width. */
function shiftByElement(b: BuildState, op: u32, x: u32, y: u32): u32 {
  const bits = elementBits(op);
  const count = extractLane(b, Wasm.I64X2_EXTRACT_LANE, y, 0);
  const fits = binary(b, Wasm.I64_LT_U, count, constant(b, bits));
  if (isArithmetic(op)) {
    const limited = choose(b, fits, as32(b, count), constant(b, bits - 1));
    return vectorBinary(b, shiftOperator(op), x, limited);
  }
  return vectorSelect(b, fits, vectorBinary(b, shiftOperator(op), x, as32(b, count)), vectorConstant(b, 0));
}

// ---- shuffles ----

/** Nibbles for the bytes of doubleword `n` & 3. */
// @ts-ignore: decorator
@inline
function dword(n: u32): u64 {
  return 0x3210 + <u64>(n & 3) * 0x4444;
}

/** Nibbles for the bytes of the four words of a quadword that `order` picks. */
function words(order: u32): u64 {
  let nibbles: u64 = 0;
  for (let k: u32 = 0; k < 4; k++) nibbles |= (0x10 + <u64>((order >> (k << 1)) & 3) * 0x22) << ((<u64>k) << 3);
  return nibbles;
}

const LOW_QUADWORD: u64 = 0x7654_3210;
const HIGH_QUADWORD: u64 = 0xfedc_ba98;

/** Shuffles by immediate. */
export function buildShuffle(b: BuildState, i: Insn, op: u32): bool {
  if (i.size == 3) return false;
  requireSse(b);
  const order = <u32>i.imm;
  const y = sourceVector(b, i);
  const dst = xmm(i.dst);
  switch (op) {
    case SseOp.PSHUFD: {
      const bytes = dword(order) | (dword(order >> 2) << 16) | (dword(order >> 4) << 32) | (dword(order >> 6) << 48);
      setVariable(b, dst, shuffleBytes(b, y, y, bytes, 0));
      return true;
    }
    case SseOp.PSHUFLW:
      setVariable(b, dst, shuffleBytes(b, y, y, words(order) | (HIGH_QUADWORD << 32), 0));
      return true;
    case SseOp.PSHUFHW:
      setVariable(b, dst, shuffleBytes(b, y, y, LOW_QUADWORD | ((words(order) + 0x8888_8888) << 32), 0));
      return true;
    case SseOp.SHUFPS: {
      const bytes = dword(order) | (dword(order >> 2) << 16) | (dword(order >> 4) << 32) | (dword(order >> 6) << 48);
      setVariable(b, dst, shuffleBytes(b, getVariable(b, dst), y, bytes, 0xff00));
      return true;
    }
    default: {
      const low = order & 1 ? HIGH_QUADWORD : LOW_QUADWORD;
      const high = order & 2 ? HIGH_QUADWORD : LOW_QUADWORD;
      setVariable(b, dst, shuffleBytes(b, getVariable(b, dst), y, low | (high << 32), 0xff00));
      return true;
    }
  }
}
