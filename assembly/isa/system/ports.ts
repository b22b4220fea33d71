// IN, OUT, INS, OUTS. SDM vol. 2; permissions: vol. 1 19.5 (IOPL and the I/O permission bit map).
import { portRead, portReadBlock, portWrite, portWriteBlock } from "../../host/imports";
import { Flag, Mode, Seg, SegAttr, Vcpu, registerAddress, segment } from "../../cpu/state";
import { raiseGp } from "../../cpu/exceptions";
import { Insn, Prefix } from "../../decode/insn";
import { Exec } from "../../interp/exec";
import { segmentLinear } from "../../mmu/segmentation";
import { checkWrite } from "../../mmu/slow";
import { systemLoad16 } from "../../mmu/systemAccess";
import {
  DESTINATION,
  SOURCE,
  elementsInSegment,
  elementsOnPage,
  hostToRead,
  hostToWrite,
  linearBase,
  linearMask,
} from "../stringState";
import { faulted } from "./segments";

/** Iterations of a repeated instruction before interrupts get a look. */
const REPEAT_BATCH: u32 = 512;

const RCX: u32 = 1;
/** Fewer go one at a time. */
const LEAST_BLOCK: u64 = 8;
const IO_MAP_BASE: u32 = 0x66;

/** Whether the program may use `bytes` ports from `port` on; false with a fault pending. */
export function mayUsePorts(cpu: Vcpu, port: u32, bytes: u32): bool {
  if (!(cpu.mode & (Mode.PROTECTED | Mode.V86))) return true;
  if (!(cpu.mode & Mode.V86) && cpu.cpl <= ((<u32>cpu.eflags) & Flag.IOPL) >> 12) return true;
  const tr = segment(cpu, Seg.TR);
  // Bit 3 of the type: a 32- or 64-bit TSS.
  if (!(tr.attributes & SegAttr.UNUSABLE) && tr.attributes & 8 && tr.limit >= IO_MAP_BASE + 1) {
    const map = <u32>systemLoad16(cpu, tr.base + IO_MAP_BASE);
    if (faulted(cpu)) return false;
    const at = map + (port >> 3);
    // Two bytes are read always, so both must lie within the limit.
    if (at + 1 <= tr.limit) {
      const bits = (<u32>systemLoad16(cpu, tr.base + <u64>at)) >> (port & 7);
      if (faulted(cpu)) return false;
      if (!(bits & ((1 << bytes) - 1))) return true;
    }
  }
  raiseGp(cpu, 0);
  return false;
}

export function portIn(cpu: Exec, i: Insn): void {
  const bytes = (<u32>1) << i.size;
  const port = <u32>load<u16>(<usize>i.src);
  if (!mayUsePorts(cpu, port, bytes)) return;
  const value = <u64>portRead(port, bytes);
  if (bytes == 4) cpu.rax = value & 0xffff_ffff;
  else if (bytes == 2) cpu.writeReg<u16>(<u32>registerAddress(cpu, 0), value);
  else cpu.writeReg<u8>(<u32>registerAddress(cpu, 0), value);
}

export function portOut(cpu: Exec, i: Insn): void {
  const bytes = (<u32>1) << i.size;
  const port = <u32>load<u16>(<usize>i.dst);
  if (!mayUsePorts(cpu, port, bytes)) return;
  const value = <u32>cpu.rax;
  portWrite(port, bytes == 4 ? value : bytes == 2 ? value & 0xffff : value & 0xff, bytes);
}

// @ts-ignore: decorator
@inline
function addressMask(i: Insn): u64 {
  return i.addressSize == 3 ? <u64>-1 : i.addressSize == 2 ? 0xffff_ffff : 0xffff;
}

/** Writes an index or count register as wide as the address size. */
// @ts-ignore: decorator
@inline
function writeIndex(cpu: Vcpu, i: Insn, register: u32, value: u64): void {
  const address = registerAddress(cpu, register);
  if (i.addressSize == 1) store<u16>(address, <u16>value);
  else store<u64>(address, i.addressSize == 2 ? value & 0xffff_ffff : value);
}

function inOne(cpu: Exec, i: Insn, port: u32, bytes: u32): void {
  const index = load<u64>(registerAddress(cpu, DESTINATION)) & addressMask(i);
  const linear = segmentLinear(cpu, Seg.ES, index, bytes, true);
  // The device must not see a read whose value cannot be stored.
  if (faulted(cpu) || !checkWrite(cpu, linear, bytes)) return;
  const value = <u64>portRead(port, bytes);
  if (bytes == 4) cpu.store<u32>(linear, value);
  else if (bytes == 2) cpu.store<u16>(linear, value);
  else cpu.store<u8>(linear, value);
  writeIndex(cpu, i, DESTINATION, index + cpu.directionStep * <i64>bytes);
}

function outOne(cpu: Exec, i: Insn, port: u32, bytes: u32): void {
  const index = load<u64>(registerAddress(cpu, SOURCE)) & addressMask(i);
  const linear = segmentLinear(cpu, i.segment, index, bytes, false);
  if (faulted(cpu)) return;
  const value = bytes == 4 ? cpu.load<u32>(linear) : bytes == 2 ? cpu.load<u16>(linear) : cpu.load<u8>(linear);
  if (faulted(cpu)) return;
  portWrite(port, <u32>value, bytes);
  writeIndex(cpu, i, SOURCE, index + cpu.directionStep * <i64>bytes);
}

/** A run of units on a page of plain memory that the device moves in one piece: how many, perhaps 0. */
function moveBlock(cpu: Exec, i: Insn, port: u32, input: bool, wanted: u64): u32 {
  const register = input ? DESTINATION : SOURCE;
  const seg: u32 = input ? Seg.ES : i.segment;
  if (wanted < LEAST_BLOCK || cpu.eflags & Flag.DF) return 0;
  const index = load<u64>(registerAddress(cpu, register)) & addressMask(i);
  const linear = (index + linearBase(cpu, i, seg)) & linearMask(cpu);
  const within = elementsInSegment(cpu, i, seg, index, i.size, wanted, input);
  const count = <u32>elementsOnPage(linear, i.size, false, within);
  if (!count) return 0;
  const size = (<u32>1) << i.size;
  const host = input ? hostToWrite(cpu, linear) : hostToRead(cpu, linear);
  if (!host) return 0;
  const moved = input ? portReadBlock(port, size, host, count) : portWriteBlock(port, size, host, count);
  if (moved) writeIndex(cpu, i, register, index + ((<u64>moved) << i.size));
  return moved;
}

export function ins(cpu: Exec, i: Insn): void {
  stringPort(cpu, i, true);
}

export function outs(cpu: Exec, i: Insn): void {
  stringPort(cpu, i, false);
}

function stringPort(cpu: Exec, i: Insn, input: bool): void {
  // Canonicality and page faults of these are the instruction's own.
  cpu.insn = <u32>changetype<usize>(i);
  const bytes = (<u32>1) << i.size;
  const port = (<u32>cpu.rdx) & 0xffff;
  const repeats = (i.prefixes & (Prefix.REP | Prefix.REPNE)) != 0;
  if (repeats && !(cpu.rcx & addressMask(i))) return;
  if (!mayUsePorts(cpu, port, bytes)) return;
  if (!repeats) {
    if (input) inOne(cpu, i, port, bytes);
    else outOne(cpu, i, port, bytes);
    return;
  }
  // One at a time while single-stepping: each iteration traps.
  const batch: u32 = cpu.eflags & Flag.TF ? 1 : REPEAT_BATCH;
  let left = cpu.rcx & addressMask(i);
  for (let n: u32 = 0; n < batch;) {
    let moved = moveBlock(cpu, i, port, input, min<u64>(left, batch - n));
    if (!moved) {
      if (input) inOne(cpu, i, port, bytes);
      else outOne(cpu, i, port, bytes);
      if (faulted(cpu)) return;
      moved = 1;
    }
    n += moved;
    left -= moved;
    writeIndex(cpu, i, RCX, left);
    if (!left) return;
    if (cpu.attention || cpu.interruptRequest) break;
  }
  cpu.restart(i);
}
