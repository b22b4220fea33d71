// An instruction that translated code has the engine execute (helpers.ts jitCold), on a copy of its record.
import { Insn, INSN_SIZE } from "../decode/insn";
import { Op } from "../decode/op";
import { SseOp } from "../decode/sseOp";
import { ValueType } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { allocateData } from "./codeCache";
import { forgetFlags } from "./flagNodes";
import { flush } from "./flush";
import { IrOp, Var, node } from "./ir";
import { forgetSpans } from "./spans";
import { newNode } from "./values";
import { FLAG_VARIABLES, GENERAL_REGISTERS, X87_VARIABLES, forgetVariables } from "./variables";
import { forgetX87, x87State } from "./x87State";

/**
 * What a cold instruction may change of what a region knows. Flags that it does not name it must not bring into another form either: those of a
 * narrow region lie in memory (lowerVariables.ts), and later blocks rely on their kind.
 */
export const enum Clobbers {
  NOTHING = 0,
  REGISTERS = 1,
  FLAGS = 2,
  VECTORS = 4,
  /** The TLB in use. */
  TLB = 8,
  X87 = 16,
  ALL = 31,
}

export const VECTOR_VARIABLES: u64 = 0xffff << Var.XMM;

export function callCold(b: BuildState, i: Insn): void {
  const record = allocateData(<u32>INSN_SIZE);
  if (!record) {
    b.full = true;
    return;
  }
  memory.copy(<usize>record, changetype<usize>(i), INSN_SIZE);
  const copy = changetype<Insn>(<usize>record);
  copy.indexInBlock = 0;
  if (i.src == i.immAddress) copy.src = copy.immAddress;
  if (i.dst == i.immAddress) copy.dst = copy.immAddress;
  flush(b);
  const clobbers = clobbersOf(i);
  const id = newNode(b, IrOp.COLD, ValueType.EMPTY, 0, 0, 0, <i64>record);
  const n = node(id);
  n.code = clobbers;
  n.flag = <u8>i.indexInBlock;
  n.size = <u8>x87State().delta;
  if (clobbers & Clobbers.REGISTERS) forgetVariables(GENERAL_REGISTERS);
  if (clobbers & Clobbers.VECTORS) forgetVariables(VECTOR_VARIABLES);
  if (clobbers & Clobbers.FLAGS) forgetFlags(b);
  if (clobbers & Clobbers.X87) forgetVariables(X87_VARIABLES);
  forgetX87();
  forgetSpans();
  if (changesSseState(<u32>i.op)) b.sseChecked = false;
  b.x87Checked = false;
}

/** Variables of a Clobbers set. */
export function clobberedVariables(clobbers: u32): u64 {
  let mask: u64 = 0;
  if (clobbers & Clobbers.REGISTERS) mask |= GENERAL_REGISTERS;
  if (clobbers & Clobbers.FLAGS) mask |= FLAG_VARIABLES;
  if (clobbers & Clobbers.VECTORS) mask |= VECTOR_VARIABLES;
  if (clobbers & Clobbers.X87) mask |= X87_VARIABLES;
  return mask;
}

function clobbersOf(i: Insn): u32 {
  const op = <u32>i.op;
  if (op < <u32>Op.UD) return Clobbers.REGISTERS | Clobbers.FLAGS;
  if (op < <u32>Op.X87_MEM) return systemClobbers(op);
  if (op < <u32>Op.SSE) return x87Clobbers(i, op);
  // MMX and FXRSTOR change TOP and tags.
  return sseClobbers(i, op - Op.SSE) | Clobbers.X87;
}

function systemClobbers(op: u32): u32 {
  switch (op) {
    case Op.SWAPGS:
    case Op.OUT:
    case Op.INVLPG:
    // A change of what the rest of the block was decoded for leaves the region.
    case Op.MOV_TO_SEG:
      return Clobbers.NOTHING;
    case Op.IN:
    case Op.CPUID:
    case Op.RDMSR:
    case Op.MOV_FROM_CR:
    case Op.MOV_FROM_DR:
    case Op.POP_SEG:
      return Clobbers.REGISTERS;
    default:
      return Clobbers.ALL;
  }
}

/** FNSTSW AX, FCMOVcc, FCOMI and their like have to do with general registers or flags. */
function x87Clobbers(i: Insn, op: u32): u32 {
  if (op < <u32>Op.X87_REG || op >= <u32>Op.FWAIT) return Clobbers.X87;
  const index = op - Op.X87_REG;
  const group = index >> 3;
  if (group == 7 && (index & 7) == 4) return Clobbers.X87 | Clobbers.REGISTERS;
  if ((group == 3 || group == 7) && ((index & 7) == 5 || (index & 7) == 6)) return Clobbers.X87 | Clobbers.FLAGS;
  return Clobbers.X87;
}

/** MMX registers are in memory always: so nothing for those that only work on them (Insn.size 3). */
function sseClobbers(i: Insn, op: u32): u32 {
  if (op <= <u32>SseOp.SHUFPD) return i.size == 3 ? Clobbers.NOTHING : Clobbers.VECTORS;
  if (op <= <u32>SseOp.FLOAT_LAST) return Clobbers.VECTORS;
  switch (op) {
    case SseOp.UCOMISS:
    case SseOp.UCOMISD:
    case SseOp.COMISS:
    case SseOp.COMISD:
      return Clobbers.FLAGS;
    case SseOp.CVTTSS2SI:
    case SseOp.CVTTSD2SI:
    case SseOp.CVTSS2SI:
    case SseOp.CVTSD2SI:
    case SseOp.MOVD_STORE:
    case SseOp.MOVD_MMX_STORE:
    case SseOp.PMOVMSKB:
    case SseOp.MOVMSKPS:
    case SseOp.MOVMSKPD:
    case SseOp.PEXTRW:
      return Clobbers.REGISTERS;
    case SseOp.CVTTPS2PI:
    case SseOp.CVTTPD2PI:
    case SseOp.CVTPS2PI:
    case SseOp.CVTPD2PI:
    case SseOp.MOVQ_MMX:
    case SseOp.MOVD_MMX:
    case SseOp.MOVDQ2Q:
    case SseOp.MASKMOV:
    case SseOp.EMMS:
    case SseOp.FXSAVE:
    case SseOp.LDMXCSR:
    case SseOp.STMXCSR:
    case SseOp.XSAVE:
      return Clobbers.NOTHING;
    default:
      return Clobbers.VECTORS;
  }
}

/** Whether CR0, CR4 or the control bits of MXCSR may be others afterwards. */
function changesSseState(op: u32): bool {
  if (op < <u32>Op.SSE) return op >= <u32>Op.UD && op < <u32>Op.X87_MEM;
  const sse = op - Op.SSE;
  return sse == SseOp.LDMXCSR || sse == SseOp.FXRSTOR || sse == SseOp.XRSTOR;
}
