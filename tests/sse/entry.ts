// Test-only exports over the SSE decoder and executor: executes the inputs of inputs.ts.
import { arithmeticFlags } from "../../assembly/cpu/flags";
import { Cr4 } from "../../assembly/cpu/registerBits";
import { Attention, Mode, Vcpu, vcpu, x87Address, xmmAddress } from "../../assembly/cpu/state";
import { decode } from "../../assembly/decode/decode";
import { Insn } from "../../assembly/decode/insn";
import { Op } from "../../assembly/decode/op";
import { Exec } from "../../assembly/interp/exec";
import { executeSse } from "../../assembly/isa/sse/execute";
import { selectTlb } from "../../assembly/mmu/fill";
import { flushAll, initTlb } from "../../assembly/mmu/flush";
import { initPhysicalMap } from "../../assembly/mmu/mapMemory";
import { MemoryMap } from "../../assembly/shared/memoryMap";

const RECORD: usize = MemoryMap.BLOCKS;
const RAM: usize = MemoryMap.GUEST_RAM;
/** Guest addresses: the operand at RDI. */
const DATA: u32 = 0x2000;

export const buffer: u32 = MemoryMap.JIT;

export function init(): void {
  const cpu = vcpu();
  memory.fill(changetype<usize>(cpu), 0, 0x4000);
  cpu.a20Mask = <u32>-1;
  cpu.cr0 = 0x20;
  cpu.cr4 = Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE;
  cpu.xcr0 = 3;
  cpu.mode = 3 | Mode.PROTECTED | Mode.LONG | Mode.FLAT_CS | Mode.FLAT_DS | Mode.FLAT_ES | Mode.FLAT_SS;
  initPhysicalMap(0x100000);
  initTlb(cpu);
  selectTlb(cpu);
}

/** Turns paging on: the first 64 KiB one to one, but the page at 0x6000 is not present. Tables are at 0xa000. */
export function pageWithHole(): void {
  const cpu = vcpu();
  memory.fill(RAM + 0xa000, 0, 0x4000);
  for (let n: u32 = 0; n < 3; n++) store<u64>(RAM + 0xa000 + (n << 12), <u64>((0xb000 + (n << 12)) | 7));
  for (let n: u32 = 0; n < 16; n++) store<u64>(RAM + 0xd000 + (n << 3), n == 6 ? 0 : <u64>((n << 12) | 7));
  cpu.cr0 = 0x80000021;
  cpu.cr3 = 0xa000;
  cpu.cr4 |= Cr4.PAE;
  cpu.efer = 0x500;
  flushAll(cpu);
  selectTlb(cpu);
}

function fault(cpu: Vcpu): u32 {
  const pending = cpu.attention & Attention.FAULT ? cpu.exceptionVector : 0;
  cpu.attention = 0;
  return pending;
}

/** Executes the instruction at `bytes`; gives the exception's vector or 0. */
export function execute(bytes: u32, length: u32): u32 {
  const cpu = changetype<Exec>(vcpu());
  const i = changetype<Insn>(RECORD);
  const decoded = decode(cpu, i, bytes, 15, 0x1000);
  if (i.op == Op.UD) return 6;
  if (i.op < <u16>Op.SSE || decoded != <i32>length) return 99;
  executeSse(cpu, i);
  return fault(cpu);
}

/** Executes the `count` inputs at `inputs` (stride 128) and writes the outputs at `outputs` (stride 128). */
export function runAll(inputs: u32, outputs: u32, count: u32): void {
  const cpu = vcpu();
  for (let n: u32 = 0; n < count; n++) {
    const input = <usize>(inputs + (n << 7));
    const output = <usize>(outputs + (n << 7));
    memory.copy(xmmAddress(cpu, 1), input + 16, 32);
    memory.fill(x87Address(cpu, 0), 0, 128);
    store<u64>(x87Address(cpu, 1), load<u64>(input, 48));
    store<u64>(x87Address(cpu, 2), load<u64>(input, 56));
    cpu.rcx = load<u64>(input, 64);
    cpu.rdx = load<u64>(input, 72);
    cpu.rdi = DATA;
    memory.copy(RAM + DATA, input + 80, 16);
    cpu.mxcsr = load<u32>(input, 96);
    cpu.fpuTop = 3;
    cpu.fpuEmpty = 0xff;
    cpu.eflags = 2;
    cpu.flagOp = 0;
    const vector = execute(<u32>input + 1, <u32>load<u8>(input));
    memory.copy(output, xmmAddress(cpu, 1), 32);
    store<u64>(output, load<u64>(x87Address(cpu, 1)), 32);
    store<u64>(output, load<u64>(x87Address(cpu, 2)), 40);
    store<u64>(output, cpu.rcx, 48);
    store<u64>(output, cpu.rdx, 56);
    memory.copy(output + 64, RAM + DATA, 16);
    store<u32>(output, cpu.mxcsr, 80);
    store<u32>(output, arithmeticFlags(cpu), 84);
    store<u32>(output, vector, 88);
    store<u8>(output, <u8>~cpu.fpuEmpty, 92);
    store<u8>(output, <u8>cpu.fpuTop, 93);
    store<u16>(output, load<u16>(x87Address(cpu, 1), 8), 94);
  }
}

const fields = memory.data<u32>([
  offsetof<Vcpu>("cr0"),
  offsetof<Vcpu>("cr4"),
  offsetof<Vcpu>("xcr0"),
  offsetof<Vcpu>("rax"),
  offsetof<Vcpu>("rdx"),
  offsetof<Vcpu>("rdi"),
  offsetof<Vcpu>("fpuIp"),
  offsetof<Vcpu>("fpuDp"),
  offsetof<Vcpu>("mxcsr"),
  offsetof<Vcpu>("fpuControl"),
  offsetof<Vcpu>("fpuStatus"),
  offsetof<Vcpu>("fpuTop"),
  offsetof<Vcpu>("fpuEmpty"),
  offsetof<Vcpu>("fpuOpcode"),
  offsetof<Vcpu>("fpuCs"),
  offsetof<Vcpu>("fpuDs"),
]);

/** Address of field `n` in the order above; those from mxcsr on have 4 bytes. */
export function fieldAddress(n: u32): u32 {
  return <u32>changetype<usize>(vcpu()) + load<u32>(fields + (n << 2));
}

export function xmm(n: u32): u32 {
  return <u32>xmmAddress(vcpu(), n);
}

export function x87(n: u32): u32 {
  return <u32>x87Address(vcpu(), n);
}
