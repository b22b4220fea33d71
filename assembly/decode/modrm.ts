// ModRM, SIB and displacement (SDM vol. 2A 2.1.5), and the segment a memory operand is in.
import { Mode, Seg, Vcpu, registerAddress } from "../cpu/state";
import { Decoder, NO_OVERRIDE, truncate } from "./decoder";
import { AddressMode, Insn } from "./insn";

/** Register numbers. ZERO is Vcpu.zero, which follows r15. */
const enum Gpr {
  RBX = 3,
  RSP = 4,
  RBP = 5,
  RSI = 6,
  RDI = 7,
  ZERO = 16,
}

/** Base and index of the 16-bit forms (SDM vol. 2A table 2-1), by r/m. */
// prettier-ignore
const FORMS_16: usize = memory.data<u32>([
  Gpr.RBX, Gpr.RSI,
  Gpr.RBX, Gpr.RDI,
  Gpr.RBP, Gpr.RSI,
  Gpr.RBP, Gpr.RDI,
  Gpr.RSI, Gpr.ZERO,
  Gpr.RDI, Gpr.ZERO,
  Gpr.RBP, Gpr.ZERO,
  Gpr.RBX, Gpr.ZERO,
]);

/** Reads ModRM and what belongs to it. */
export function parseModrm(cpu: Vcpu, d: Decoder, i: Insn): void {
  const modrm = d.fetch8();
  i.modrm = <u8>modrm;
  const reg = ((modrm >> 3) & 7) | ((d.rex & 4) << 1);
  d.reg = reg;
  i.regField = <u8>reg;
  if (modrm >= 0xc0) {
    const rm = (modrm & 7) | d.rexB;
    d.rm = rm;
    i.rmField = <u8>rm;
    return;
  }
  d.memory = true;
  if (d.addressSize == 1) parseMemory16(cpu, d, i, modrm);
  else parseMemory(cpu, d, i, modrm);
}

function parseMemory16(cpu: Vcpu, d: Decoder, i: Insn, modrm: u32): void {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  let base = load<u32>(FORMS_16 + (rm << 3));
  const index = load<u32>(FORMS_16 + (rm << 3), 4);
  let disp: i64 = 0;
  if (mod == 0) {
    if (rm == 6) {
      base = Gpr.ZERO;
      disp = <i64>(<i16>d.fetch16());
    }
  } else disp = mod == 1 ? d.fetchS8() : <i64>(<i16>d.fetch16());
  setAddress(cpu, i, base, index, 0, disp);
  setSegment(cpu, d, i, base == Gpr.RBP ? Seg.SS : Seg.DS);
}

function parseMemory(cpu: Vcpu, d: Decoder, i: Insn, modrm: u32): void {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  let base: u32;
  let index: u32 = Gpr.ZERO;
  let scale: u32 = 0;
  let disp: i64 = 0;
  if (rm == 4) {
    const sib = d.fetch8();
    scale = sib >> 6;
    index = ((sib >> 3) & 7) | ((d.rex & 2) << 2);
    if (index == Gpr.RSP) {
      index = Gpr.ZERO;
      scale = 0;
    }
    base = (sib & 7) | d.rexB;
    if ((sib & 7) == 5 && mod == 0) {
      base = Gpr.ZERO;
      disp = d.fetchS32();
    }
  } else {
    base = rm | d.rexB;
    if (rm == 5 && mod == 0) {
      base = Gpr.ZERO;
      disp = d.fetchS32();
      d.ripRelative = d.codeSize == 3;
    }
  }
  if (mod == 1) disp = d.fetchS8();
  else if (mod == 2) disp = d.fetchS32();
  setAddress(cpu, i, base, index, scale, disp);
  setSegment(cpu, d, i, base == Gpr.RSP || base == Gpr.RBP ? Seg.SS : Seg.DS);
}

// @ts-ignore: decorator
@inline
function setAddress(cpu: Vcpu, i: Insn, base: u32, index: u32, scale: u32, disp: i64): void {
  i.base = <u32>registerAddress(cpu, base);
  i.index = <u32>registerAddress(cpu, index);
  i.scale = <u8>scale;
  i.disp = disp;
}

/** A memory operand at the register `base` with nothing added (strings, XLAT). */
export function setBase(cpu: Vcpu, d: Decoder, i: Insn, base: u32): void {
  d.memory = true;
  setAddress(cpu, i, base, Gpr.ZERO, 0, 0);
}

/** A memory operand at an absolute offset, which follows (MOV with moffs). */
export function parseOffset(cpu: Vcpu, d: Decoder, i: Insn): void {
  d.memory = true;
  const size = d.addressSize;
  const offset = size == 3 ? d.fetch64() : size == 2 ? <u64>d.fetch32() : <u64>d.fetch16();
  setAddress(cpu, i, Gpr.ZERO, Gpr.ZERO, 0, <i64>offset);
  setSegment(cpu, d, i, Seg.DS);
}

/** Sets segment and address mode: `standard` unless there is an override. */
export function setSegment(cpu: Vcpu, d: Decoder, i: Insn, standard: u32): void {
  const chosen = d.segmentOverride;
  fixSegment(cpu, d, i, chosen == NO_OVERRIDE ? standard : chosen);
}

/** Sets segment and address mode, overrides apart. */
export function fixSegment(cpu: Vcpu, d: Decoder, i: Insn, segment: u32): void {
  i.segment = <u8>segment;
  if (d.codeSize == 3) {
    if (segment >= <u32>Seg.FS) i.addressMode = <u8>AddressMode.GENERAL;
    else i.addressMode = <u8>(d.addressSize == 3 ? AddressMode.FLAT64 : AddressMode.FLAT32);
    return;
  }
  let flat: u32 = 0;
  if (segment == Seg.DS) flat = Mode.FLAT_DS;
  else if (segment == Seg.SS) flat = Mode.FLAT_SS;
  else if (segment == Seg.ES) flat = Mode.FLAT_ES;
  i.addressMode = <u8>(d.addressSize == 2 && (cpu.mode & flat) != 0 ? AddressMode.FLAT32 : AddressMode.GENERAL);
}

/** RIP-relative: the displacement counts from the end of the instruction, which is known now. */
// @ts-ignore: decorator
@inline
export function resolveRipRelative(d: Decoder, i: Insn): void {
  if (d.ripRelative) i.disp = <i64>truncate(d.ipAfter + <u64>i.disp, d.addressSize);
}
