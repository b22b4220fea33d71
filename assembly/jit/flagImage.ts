// PUSHF, POPF, CLI, STI, CLD and STD at translation, as kernels use them; isa/eflags.ts has all of them.
import { Flag, Mode, Vcpu } from "../cpu/state";
import { Insn } from "../decode/insn";
import { MemoryMap } from "../shared/memoryMap";
import { Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { adoptEflags, makeFlagsDefinite } from "./flagNodes";
import { bailIf, loadField, storeField } from "./memoryNodes";
import { as32, binary, compare, constant } from "./values";

const EFLAGS: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("eflags");
/** What POPF changes here; a difference in any other bit is the interpreter's. */
const PLAIN: u32 = Flag.ARITHMETIC | Flag.IF;
const OTHERS: u32 =
  Flag.TF | Flag.DF | Flag.IOPL | Flag.NT | Flag.RF | Flag.VM | Flag.AC | Flag.VIF | Flag.VIP | Flag.ID;

/** Protected mode or above, and not for applications; 32 or 64 bits. */
export function isKernelFlagImage(b: Build, i: Insn): bool {
  return (b.mode & (Mode.PROTECTED | Mode.USER | Mode.V86)) == Mode.PROTECTED && i.size > 1;
}

export function pushFlags<T>(b: Build, i: Insn): void {
  makeFlagsDefinite(b);
  const now = loadField(b, EFLAGS, Wasm.I32_LOAD);
  const kept = binary(b, Wasm.I32_AND, now, constant(b, ~(Flag.RF | Flag.VM) & 0xffff_ffff));
  const image = binary(b, Wasm.I32_OR, kept, constant(b, Flag.ONE));
  const pointer = b.stackPointer(-(<i64>sizeof<T>()));
  b.store<T>(b.stackLinear<T>(i, pointer, true), image);
  b.setStackPointer<T>(pointer);
}

/** One that lets a waiting interrupt in is left to the interpreter. */
export function popFlags<T>(b: Build, i: Insn): void {
  const image = as32(b, b.load<T>(b.stackLinear<T>(i, b.stackPointer(0), false)));
  const now = loadField(b, EFLAGS, Wasm.I32_LOAD);
  const different = binary(b, Wasm.I32_AND, binary(b, Wasm.I32_XOR, image, now), constant(b, OTHERS));
  const unusual = binary(b, Wasm.I32_OR, different, field(b, <u32>offsetof<Vcpu>("cpl")));
  bailIf(b, binary(b, Wasm.I32_OR, unusual, isInterruptWaiting(b)));
  const kept = binary(b, Wasm.I32_AND, now, constant(b, ~PLAIN & 0xffff_ffff));
  const taken = binary(b, Wasm.I32_AND, image, constant(b, PLAIN));
  storeField(b, EFLAGS, binary(b, Wasm.I32_OR, kept, taken), Wasm.I32_STORE);
  adoptEflags(b);
  b.setStackPointer<T>(b.stackPointer(<i64>sizeof<T>()));
}

/** Not 0 if one waits. */
function isInterruptWaiting(b: Build): u32 {
  const normal = field(b, <u32>offsetof<Vcpu>("interruptRequest"));
  return binary(b, Wasm.I32_OR, normal, field(b, <u32>offsetof<Vcpu>("nmiRequest")));
}

function field(b: Build, offset: u32): u32 {
  return loadField(b, MemoryMap.VCPU + offset, Wasm.I32_LOAD);
}

/**
 * STI, where IOPL cannot forbid it, before another instruction of its block. Where no interrupt waits nothing tells that the next
 * instruction runs before one can come: nothing asks for one in between.
 */
export function setInterruptFlag(b: Build): void {
  bailIf(b, binary(b, Wasm.I32_OR, isInterruptWaiting(b), field(b, <u32>offsetof<Vcpu>("cpl"))));
  changeEflags(b, Flag.IF, Flag.IF);
}

/** CLI, where IOPL cannot forbid it. */
export function clearInterruptFlag(b: Build): void {
  bailIf(b, compare(b, Wasm.I32_NE, field(b, <u32>offsetof<Vcpu>("cpl")), constant(b, 0)));
  changeEflags(b, Flag.IF, 0);
}

export function setDirection(b: Build, down: bool): void {
  changeEflags(b, Flag.DF, down ? Flag.DF : 0);
}

/** EFLAGS bits other than the arithmetic ones. */
export function changeEflags(b: Build, mask: u32, bits: u32): void {
  const now = loadField(b, EFLAGS, Wasm.I32_LOAD);
  const kept = binary(b, Wasm.I32_AND, now, constant(b, ~mask & 0xffff_ffff));
  storeField(b, EFLAGS, binary(b, Wasm.I32_OR, kept, constant(b, bits)), Wasm.I32_STORE);
}
