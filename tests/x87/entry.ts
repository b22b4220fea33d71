// Test-only exports over the x87 instructions: one vCPU, guest RAM without paging, one instruction decoded and executed.
import { Attention, SEGMENTS_OFFSET, Vcpu, X87_OFFSET, vcpu } from "../../assembly/cpu/state";
import { resetCpu } from "../../assembly/cpu/reset";
import { decode } from "../../assembly/decode/decode";
import { Insn } from "../../assembly/decode/insn";
import { Op } from "../../assembly/decode/op";
import { readEflags } from "../../assembly/cpu/flags";
import { Exec } from "../../assembly/interp/exec";
import { executeX87 } from "../../assembly/isa/x87/execute";
import { initPhysicalMap } from "../../assembly/mmu/mapMemory";
import { initTlb } from "../../assembly/mmu/flush";
import { MemoryMap } from "../../assembly/shared/memoryMap";

const RECORD: usize = MemoryMap.BLOCKS;
const BYTES: usize = MemoryMap.SCRATCH;

export const VCPU: u32 = MemoryMap.VCPU;
export const CODE: u32 = MemoryMap.SCRATCH;
export const RAM: u32 = MemoryMap.GUEST_RAM;
export const REGISTERS: u32 = <u32>MemoryMap.VCPU + <u32>X87_OFFSET;
export const SEGMENTS: u32 = <u32>MemoryMap.VCPU + <u32>SEGMENTS_OFFSET;

/** Power-on with RAM of `bytes` bytes. */
export function init(bytes: u32): void {
  const cpu = vcpu();
  cpu.a20Mask = <u32>-1;
  initPhysicalMap(bytes);
  initTlb(cpu);
  resetCpu(cpu);
}

/** Executes the instruction in the code buffer as one at `ip`; the vector of the exception, -1 without, -2 if it is none of the x87's. */
export function step(ip: u64): i32 {
  const cpu = changetype<Exec>(changetype<usize>(vcpu()));
  const i = changetype<Insn>(RECORD);
  cpu.attention = 0;
  decode(cpu, i, BYTES, 15, ip);
  const op = <i32>i.op;
  if (op < Op.X87_MEM || op > Op.FWAIT) return -2;
  executeX87(cpu, i);
  return cpu.attention & Attention.FAULT ? cpu.exceptionVector : -1;
}

/** Executes it again and again, for timing. */
export function repeat(count: i32): void {
  const cpu = changetype<Exec>(changetype<usize>(vcpu()));
  for (let n = 0; n < count; n++) executeX87(cpu, changetype<Insn>(RECORD));
}

export function eflags(): u64 {
  return readEflags(vcpu());
}

const offsets = memory.data<u32>([
  offsetof<Vcpu>("rax"),
  offsetof<Vcpu>("rsi"),
  offsetof<Vcpu>("eflags"),
  offsetof<Vcpu>("flagOp"),
  offsetof<Vcpu>("mode"),
  offsetof<Vcpu>("cr0"),
  offsetof<Vcpu>("cr3"),
  offsetof<Vcpu>("fpuControl"),
  offsetof<Vcpu>("fpuStatus"),
  offsetof<Vcpu>("fpuTop"),
  offsetof<Vcpu>("fpuEmpty"),
  offsetof<Vcpu>("fpuOpcode"),
  offsetof<Vcpu>("fpuIp"),
  offsetof<Vcpu>("fpuDp"),
  offsetof<Vcpu>("fpuCs"),
  offsetof<Vcpu>("fpuDs"),
  offsetof<Vcpu>("attention"),
  offsetof<Vcpu>("rip"),
  offsetof<Vcpu>("interruptRequest"),
]);

/** Offset of field `n` of Vcpu, in the order above. */
export function fieldOffset(n: u32): u32 {
  return load<u32>(offsets + (n << 2));
}
