// What translated code calls in the engine (helperNumber.ts, module.ts). Exported by index.ts.
import { Attention, Vcpu, vcpu } from "../cpu/state";
import { getCarry, readEflags, testCondition } from "../cpu/flags";
import { Insn } from "../decode/insn";
import { IP_NOT_SET } from "../interp/blocks";
import { dispatch } from "../interp/dispatch";
import { Exec } from "../interp/exec";
import { settle } from "../interp/fuel";
import { divide128 } from "../isa/wideDivision";
import { MemoryMap } from "../shared/memoryMap";
import { hostForRead, hostForWrite } from "../mmu/hostAddress";
import { segmentLinear } from "../mmu/segmentation";

/** The host address of `access & 255` bytes at `linear`, for writing if bit 8 is set; 0 where the interpreter has to do it. */
export function jitProbe(linear: u64, access: u32): u32 {
  const size = access & 0xff;
  return access & 0x100 ? hostForWrite(vcpu(), linear, size) : hostForRead(vcpu(), linear, size);
}

/**
 * Executes the record at `address`, `left` being the fuel before it. True when the region has to be left: memory then has
 * everything, a fault may be pending.
 */
export function jitCold(address: u32, left: u32): u32 {
  const cpu = changetype<Exec>(vcpu());
  const i = changetype<Insn>(<usize>address);
  settle(cpu, left);
  cpu.linkSlot = IP_NOT_SET;
  dispatch(cpu, i);
  const attention = cpu.attention;
  if (!attention) {
    cpu.insn = 0;
    return 0;
  }
  cpu.insn = 0;
  cpu.jitLeft = left;
  if (attention & Attention.FAULT) {
    cpu.rip = i.rip;
    return 1;
  }
  // Counted by the fuel: the run loop may go on with what is left of it.
  if (!(attention & Attention.RESTART)) cpu.jitLeft = left - 1;
  if (!(attention & Attention.JUMPED) && cpu.linkSlot == IP_NOT_SET) cpu.rip = i.nextRip;
  return 1;
}

// @ts-ignore: decorator
@inline
function setLazy(cpu: Vcpu, op: u32, a: u64, b: u64): void {
  cpu.flagOp = op;
  cpu.flagA = a;
  cpu.flagB = b;
}

/** Condition `cc` of the lazy flags given. */
export function jitCondition(op: u32, a: u64, b: u64, cc: u32): u32 {
  const cpu = vcpu();
  setLazy(cpu, op, a, b);
  return testCondition(cpu, cc) ? 1 : 0;
}

/** CF of the lazy flags given. */
export function jitCarry(op: u32, a: u64, b: u64): u32 {
  const cpu = vcpu();
  setLazy(cpu, op, a, b);
  return getCarry(cpu) ? 1 : 0;
}

/** Makes EFLAGS definite from the lazy flags in memory. */
export function jitEflags(): void {
  readEflags(vcpu());
}

/** The linear address of an access: segment, size << 8, write << 16. -1 where the segment does not allow it. */
export function jitSegment(offset: u32, access: u32): u64 {
  const cpu = vcpu();
  const linear = segmentLinear(cpu, access & 0xff, <u64>offset, (access >> 8) & 0xff, (access & 0x1_0000) != 0);
  if (!(cpu.attention & Attention.FAULT)) return linear;
  // The interpreter will raise it.
  cpu.attention &= ~Attention.FAULT;
  return <u64>-1;
}

/** high:low / divisor, for high < divisor. */
export function jitDivide(high: u64, low: u64, divisor: u64): u64 {
  return divide128(high, low, divisor);
}
