// RCL and RCR, helper instructions: rotates through CF, of width + 1 bits. Counts of bytes and words are taken modulo 9
// and 17; a rotation by 0 leaves the flags. OF for counts above 1 goes by the formula for 1 on the result.
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import { setCarryOverflow } from "../cpu/flags";

function rotateCount<T>(cpu: Exec, i: Insn): u64 {
  const count = cpu.readReg<u8>(i.src);
  if (sizeof<T>() == 8) return count & 63;
  if (sizeof<T>() == 4) return count & 31;
  return (count & 31) % <u64>((sizeof<T>() << 3) + 1);
}

export function rcl<T, D>(cpu: Exec, i: Insn): void {
  const before = cpu.readModify<T, D>(i);
  if (cpu.faultedBy<D>()) return;
  const bits = <u64>(sizeof<T>() << 3);
  const count = rotateCount<T>(cpu, i);
  let result = before;
  if (count) {
    const carryIn = cpu.carry();
    result = cpu.shl<T>(before, count) | (carryIn << (count - 1));
    if (count > 1) result |= before >> (bits + 1 - count);
    const carry = (before >> (bits - count)) & 1;
    setCarryOverflow(cpu, carry | (((result >> (bits - 1)) ^ carry) << 11));
  }
  cpu.writeBack<T, D>(i, result);
}

export function rcr<T, D>(cpu: Exec, i: Insn): void {
  const before = cpu.readModify<T, D>(i);
  if (cpu.faultedBy<D>()) return;
  const bits = <u64>(sizeof<T>() << 3);
  const count = rotateCount<T>(cpu, i);
  let result = before;
  if (count) {
    const carryIn = cpu.carry();
    result = (before >> count) | (carryIn << (bits - count));
    if (count > 1) result |= cpu.shl<T>(before, bits + 1 - count);
    const carry = (before >> (count - 1)) & 1;
    setCarryOverflow(cpu, carry | ((((result >> (bits - 1)) ^ (result >> (bits - 2))) & 1) << 11));
  }
  cpu.writeBack<T, D>(i, result);
}
