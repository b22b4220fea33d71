// System instructions of a kernel's entry and exit at translation: SWAPGS, the bases of FS and GS, reads of control registers and of the
// time-stamp counter, STAC and CLAC. isa/system has all of them, and what faults is left to that.
import { Flag, Mode, SEGMENTS_OFFSET, Seg, Segment, Vcpu } from "../cpu/state";
import { Cr4 } from "../cpu/registerBits";
import { Insn } from "../decode/insn";
import { TlbKind, tlbBase } from "../mmu/tlb";
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { callCold } from "./coldNodes";
import { changeEflags } from "./flagImage";
import { flush } from "./flush";
import { IrOp, node } from "./ir";
import { bailIf, loadField, storeField } from "./memoryNodes";
import { forgetSpans } from "./spans";
import { as32, as64, binary, choose, compare, constant, isZero, newNode } from "./values";

const CPL: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("cpl");
const CR4: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("cr4");
const KERNEL_GS_BASE: u32 = MemoryMap.VCPU + <u32>offsetof<Vcpu>("kernelGsBase");

/** Of Insn.size: 64 bits. */
const QUADWORD: u32 = 3;

function baseAddress(seg: u32): u32 {
  return MemoryMap.VCPU + <u32>SEGMENTS_OFFSET + (seg << 5) + <u32>offsetof<Segment>("base");
}

/** Bits of CR4 as they are now. */
function cr4Bits(b: Build, bits: u32): u32 {
  return binary(b, Wasm.I32_AND, loadField(b, CR4, Wasm.I32_LOAD), constant(b, bits));
}

/** Mode bits tell CPL 3 alone: leaves the region at CPL 1 and 2. */
function requireCpl0(b: Build): void {
  bailIf(b, compare(b, Wasm.I32_NE, loadField(b, CPL, Wasm.I32_LOAD), constant(b, 0)));
}

export function swapGs(b: Build, i: Insn): void {
  if (!b.wide || b.mode & Mode.USER) {
    callCold(b, i);
    return;
  }
  requireCpl0(b);
  const base = loadField(b, baseAddress(Seg.GS), Wasm.I64_LOAD);
  storeField(b, baseAddress(Seg.GS), loadField(b, KERNEL_GS_BASE, Wasm.I64_LOAD), Wasm.I64_STORE);
  storeField(b, KERNEL_GS_BASE, base, Wasm.I64_STORE);
}

/** RDFSBASE, RDGSBASE. */
export function readBase(b: Build, i: Insn, seg: u32): void {
  if (!b.wide) {
    callCold(b, i);
    return;
  }
  bailIf(b, isZero(b, cr4Bits(b, Cr4.FSGSBASE)));
  const base = loadField(b, baseAddress(seg), Wasm.I64_LOAD);
  if (i.size == QUADWORD) b.writeReg<u64>(i.dst, base);
  else b.writeReg<u32>(i.dst, base);
}

/** WRFSBASE, WRGSBASE. */
export function writeBase(b: Build, i: Insn, seg: u32): void {
  if (!b.wide) {
    callCold(b, i);
    return;
  }
  bailIf(b, isZero(b, cr4Bits(b, Cr4.FSGSBASE)));
  if (i.size != QUADWORD) {
    storeField(b, baseAddress(seg), as64(b, b.readReg<u32>(i.src)), Wasm.I64_STORE);
    return;
  }
  const base = b.readReg<u64>(i.src);
  b.checkIndirectTarget(base); // canonical
  storeField(b, baseAddress(seg), as64(b, base), Wasm.I64_STORE);
}

/** CR8 is the board's. */
export function movFromCr(b: Build, i: Insn): void {
  const address = controlRegister(<u32>i.regField);
  if (!address || b.mode & Mode.USER) {
    callCold(b, i);
    return;
  }
  requireCpl0(b);
  const value = loadField(b, address, Wasm.I64_LOAD);
  if (i.size == QUADWORD) b.writeReg<u64>(i.dst, value);
  else b.writeReg<u32>(i.dst, value);
}

/** Where it is in the vCPU struct, or 0. */
function controlRegister(number: u32): u32 {
  switch (number) {
    case 0:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("cr0");
    case 2:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("cr2");
    case 3:
      return MemoryMap.VCPU + <u32>offsetof<Vcpu>("cr3");
    case 4:
      return CR4;
    default:
      return 0;
  }
}

/** STAC and CLAC: the TLB in use is another one then (cpu/mode.ts updateTlbKind). */
export function setAlignmentFlag(b: Build, i: Insn, on: bool): void {
  if (b.mode & Mode.USER) {
    callCold(b, i);
    return;
  }
  requireCpl0(b);
  changeEflags(b, Flag.AC, on ? Flag.AC : 0);
  const plain = constant(b, tlbBase(TlbKind.SUPERVISOR));
  const tlb = on ? plain : choose(b, cr4Bits(b, Cr4.SMAP), constant(b, tlbBase(TlbKind.SUPERVISOR_SMAP)), plain);
  storeField(b, MemoryMap.VCPU + <u32>offsetof<Vcpu>("tlb"), tlb, Wasm.I32_STORE);
  newNode(b, IrOp.TLB, ValueType.EMPTY, 0, 0, 0, 0);
  forgetSpans();
}

/**
 * RDTSC and RDTSCP. Where the board has found by this look at the clock that something is due, the region is left before the
 * instruction, which then reads the clock again.
 */
export function readTime(b: Build, i: Insn, withAux: bool): void {
  const isForbidden = cr4Bits(b, Cr4.TSD);
  bailIf(b, choose(b, isForbidden, loadField(b, CPL, Wasm.I32_LOAD), constant(b, 0)));
  flush(b);
  const time = newNode(b, IrOp.TIME, ValueType.I64, 0, 0, 0, 0);
  node(time).flag = <u8>i.indexInBlock;
  bailIf(b, loadField(b, MemoryMap.VCPU + <u32>offsetof<Vcpu>("attention"), Wasm.I32_LOAD));
  b.writeReg<u32>(b.gpr(RAX), time);
  b.writeReg<u32>(b.gpr(RDX), as32(b, binary(b, Wasm.I64_SHR_U, time, constant(b, 32))));
  if (!withAux) return;
  const aux = loadField(b, MemoryMap.VCPU + <u32>offsetof<Vcpu>("tscAux"), Wasm.I64_LOAD);
  b.writeReg<u64>(b.gpr(RCX), aux);
}

const RAX: u32 = 0;
const RCX: u32 = 1;
const RDX: u32 = 2;
