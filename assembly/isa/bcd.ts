// Decimal adjustments, helper instructions (SDM vol. 2A "DAA" and the others' pseudo-code). Undefined flags: OF is
// cleared by DAA and DAS, kept by AAA and AAS together with SF, ZF and PF; AAM and AAD clear CF, AF and OF.
import { Vector, raise } from "../cpu/exceptions";
import { setArithmeticFlags, updateArithmeticFlags, zeroSignParity } from "../cpu/flags";
import { Flag } from "../cpu/state";
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";

// @ts-ignore: decorator
@inline
function setAx(cpu: Exec, value: u32): void {
  cpu.writeReg<u16>(cpu.gpr(0), <u64>value);
}

// @ts-ignore: decorator
@inline
function setAl(cpu: Exec, value: u32): void {
  cpu.writeReg<u8>(cpu.gpr(0), <u64>value);
}

/** DAA for `step` 1, DAS for -1. */
function adjustPacked(cpu: Exec, step: i32): void {
  const flags = <u32>cpu.getFlags();
  const before = (<u32>cpu.rax) & 0xff;
  let al = before;
  let result: u32 = 0;
  if ((al & 0xf) > 9 || flags & Flag.AF) {
    // The carry or borrow of this addition counts only for DAS: after DAA's the second step sets CF anyway.
    if (step < 0 && al < 6) result |= Flag.CF;
    al += 6 * step;
    result |= Flag.AF;
  }
  if (before > 0x99 || flags & Flag.CF) {
    al += 0x60 * step;
    result |= Flag.CF;
  }
  al &= 0xff;
  setAl(cpu, al);
  setArithmeticFlags(cpu, result | zeroSignParity<u8>(<u64>al));
}

export function daa(cpu: Exec, i: Insn): void {
  adjustPacked(cpu, 1);
}

export function das(cpu: Exec, i: Insn): void {
  adjustPacked(cpu, -1);
}

/** AAA for `step` 1, AAS for -1. */
function adjustUnpacked(cpu: Exec, step: i32): void {
  const adjust = ((<u32>cpu.rax) & 0xf) > 9 || ((<u32>cpu.getFlags()) & Flag.AF) != 0;
  let ax = (<u32>cpu.rax) & 0xffff;
  if (adjust) ax += 0x106 * step;
  setAx(cpu, ax & 0xff0f);
  updateArithmeticFlags(cpu, Flag.AF | Flag.CF, adjust ? Flag.AF | Flag.CF : 0);
}

export function aaa(cpu: Exec, i: Insn): void {
  adjustUnpacked(cpu, 1);
}

export function aas(cpu: Exec, i: Insn): void {
  adjustUnpacked(cpu, -1);
}

export function aam(cpu: Exec, i: Insn): void {
  const base = (<u32>i.imm) & 0xff;
  if (!base) {
    raise(cpu, Vector.DE);
    return;
  }
  const al = (<u32>cpu.rax) & 0xff;
  const rest = al % base;
  setAx(cpu, ((al / base) << 8) | rest);
  setArithmeticFlags(cpu, zeroSignParity<u8>(<u64>rest));
}

export function aad(cpu: Exec, i: Insn): void {
  const ax = (<u32>cpu.rax) & 0xffff;
  const al = ((ax & 0xff) + (ax >> 8) * ((<u32>i.imm) & 0xff)) & 0xff;
  setAx(cpu, al);
  setArithmeticFlags(cpu, zeroSignParity<u8>(<u64>al));
}
