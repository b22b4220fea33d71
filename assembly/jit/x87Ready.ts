// What has to be so before an x87 instruction changes anything; otherwise the region is left for the interpreter.
import { Cr0 } from "../cpu/registerBits";
import { Vcpu } from "../cpu/state";
import { Wasm } from "../wasm/opcodes";
import { BuildState } from "./buildState";
import { bailIf } from "./memoryNodes";
import { binary, constant } from "./values";
import { knowX87, loadStatus, loadVcpu, unlessTags, x87State } from "./x87State";

/** The six exceptions, as flags and as masks. */
export const EXCEPTIONS: u32 = 0x3f;
/** Status word: ES. */
const SUMMARY: u32 = 0x80;

/** Once in a block: the x87 can be used (SDM vol. 3A 2.5), nothing is pending, all exceptions are masked. */
export function beginX87(b: BuildState): void {
  if (!b.x87Checked) {
    const unavailable = binary(b, Wasm.I32_AND, loadVcpu(b, offsetof<Vcpu>("cr0")), constant(b, Cr0.EM | Cr0.TS));
    const pending = binary(b, Wasm.I32_AND, loadStatus(b), constant(b, SUMMARY));
    const wrong = binary(b, Wasm.I32_OR, unavailable, pending);
    bailIf(b, binary(b, Wasm.I32_OR, wrong, unmaskedIn(b, loadVcpu(b, offsetof<Vcpu>("fpuControl")))));
    b.x87Checked = true;
  }
  if (!x87State().known) knowX87(b);
}

/** Not 0 if a control word has an exception unmasked. */
export function unmaskedIn(b: BuildState, control: u32): u32 {
  const all = constant(b, EXCEPTIONS);
  return binary(b, Wasm.I32_XOR, binary(b, Wasm.I32_AND, control, all), all);
}

/** A bit for each ST(n) that has to have a value. */
export function requireFull(b: BuildState, registers: u32): void {
  const empty = unlessTags(b, registers, false);
  if (empty) bailIf(b, empty);
}

/** The register below TOP has to be empty. */
export function requireRoom(b: BuildState): void {
  const full = unlessTags(b, 1 << 7, true);
  if (full) bailIf(b, full);
}
