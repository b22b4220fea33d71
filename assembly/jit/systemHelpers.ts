// System instructions that translated code has the engine do without the whole way of a cold one: registers and flags stay where they are.
import { timeStamp } from "../cpu/mode";
import { vcpu } from "../cpu/state";
import { settle } from "../interp/fuel";
import { loadPlainSegment } from "../isa/system/plainLoad";

/** Loads DS, ES, FS or GS in protected mode; 1, with nothing done, where the interpreter has to. */
export function jitLoadSegment(selector: u32, seg: u32): u32 {
  return loadPlainSegment(vcpu(), seg, selector) ? 0 : 1;
}

/** The time-stamp counter, `left` being the fuel before the instruction. The board may want attention then. */
export function jitTime(left: u32): u64 {
  const cpu = vcpu();
  settle(cpu, left);
  cpu.insn = 0; // that of a decoded block before would count (index.ts instructionsRetired)
  return timeStamp(cpu);
}
