// How many instructions translated code may still run (Vcpu.jitLeft of jitGiven), and the count of those that have retired.
import { Vcpu } from "../cpu/state";

/** Instructions after which translated code comes back at the latest: V8 takes up its optimised form at the next call. */
const CHUNK: u64 = 20_000;

/** Makes `instructions` the count of all retired, `left` being the fuel now. */
// @ts-ignore: decorator
@inline
export function settle(cpu: Vcpu, left: u32): void {
  cpu.instructions += <u64>(cpu.jitGiven - left);
  cpu.jitGiven = left;
}

/** Gives translated code fuel; false when the limit is nearer than `least` instructions. */
export function refuel(cpu: Vcpu, least: u32): bool {
  settle(cpu, cpu.jitLeft);
  const left = cpu.instructionLimit - cpu.instructions;
  if (<i64>left < <i64>least) return false;
  const fuel = <u32>max<u64>(min<u64>(left, CHUNK), <u64>least);
  cpu.jitGiven = fuel;
  cpu.jitLeft = fuel;
  return true;
}
