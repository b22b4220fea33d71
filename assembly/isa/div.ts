// DIV and IDIV, helper instructions. #DE for a divisor of 0 and for quotients that do not fit. Flags, undefined in the
// manual, stay.
import { Vector, raise } from "../cpu/exceptions";
import { Insn } from "../decode/insn";
import { Exec } from "../interp/exec";
import { divide128 } from "./wideDivision";

const SIGN_64: u64 = 0x8000_0000_0000_0000;
const RAX: u32 = 0;
const RDX: u32 = 2;

/** rDX:rAX, of bytes AX; not for 64 bits. */
// @ts-ignore: decorator
@inline
function dividendOf<T>(cpu: Exec): u64 {
  if (sizeof<T>() == 1) return cpu.rax & 0xffff;
  const bits = <u64>(sizeof<T>() << 3);
  return cpu.readReg<T>(cpu.gpr(RAX)) | (cpu.readReg<T>(cpu.gpr(RDX)) << bits);
}

/** rAX = quotient, rDX = remainder; of bytes AL and AH. */
// @ts-ignore: decorator
@inline
function writeQuotient<T>(cpu: Exec, quotient: u64, remainder: u64): void {
  if (sizeof<T>() == 1) cpu.writeReg<u16>(cpu.gpr(RAX), (quotient & 0xff) | (remainder << 8));
  else {
    cpu.writeReg<T>(cpu.gpr(RAX), quotient);
    cpu.writeReg<T>(cpu.gpr(RDX), remainder);
  }
}

export function div<T, S>(cpu: Exec, i: Insn): void {
  const divisor = cpu.readSrc<T, S>(i);
  if (cpu.faultedBy<S>()) return;
  if (sizeof<T>() == 8) {
    div64(cpu, divisor);
    return;
  }
  const dividend = dividendOf<T>(cpu);
  if (!divisor || dividend >> (<u64>(sizeof<T>() << 3)) >= divisor) {
    raise(cpu, Vector.DE);
    return;
  }
  const quotient = dividend / divisor;
  writeQuotient<T>(cpu, quotient, dividend - quotient * divisor);
}

function div64(cpu: Exec, divisor: u64): void {
  const high = cpu.rdx;
  const low = cpu.rax;
  if (high >= divisor) {
    raise(cpu, Vector.DE);
    return;
  }
  const quotient = divide128(high, low, divisor);
  cpu.rax = quotient;
  cpu.rdx = low - quotient * divisor;
}

export function idiv<T, S>(cpu: Exec, i: Insn): void {
  const source = cpu.readSrc<T, S>(i);
  if (cpu.faultedBy<S>()) return;
  if (sizeof<T>() == 8) {
    idiv64(cpu, source);
    return;
  }
  const divisor = <i64>cpu.signExtend<T, u64>(source);
  let dividend = <i64>dividendOf<T>(cpu);
  if (sizeof<T>() == 1) dividend = <i64>(<i16>dividend);
  else if (sizeof<T>() == 2) dividend = <i64>(<i32>dividend);
  // wasm traps on both of these.
  if (!divisor || (divisor == -1 && <u64>dividend == SIGN_64)) {
    raise(cpu, Vector.DE);
    return;
  }
  const quotient = dividend / divisor;
  if (<i64>cpu.signExtend<T, u64>(<u64>quotient) != quotient) {
    raise(cpu, Vector.DE);
    return;
  }
  writeQuotient<T>(cpu, <u64>quotient, <u64>(dividend - quotient * divisor));
}

function idiv64(cpu: Exec, source: u64): void {
  const low = cpu.rax;
  const high = cpu.rdx;
  if (high == <u64>((<i64>low) >> 63) && source && source + 1 > 1) {
    // The dividend fits and the divisor is neither 0 nor -1.
    const quotient = <i64>low / <i64>source;
    cpu.rax = <u64>quotient;
    cpu.rdx = low - <u64>quotient * source;
    return;
  }
  const negative = <i64>high < 0;
  const magnitudeLow = negative ? 0 - low : low;
  const magnitudeHigh = negative ? ~high + (low == 0 ? 1 : 0) : high;
  const divisor = <i64>source < 0 ? 0 - source : source;
  if (magnitudeHigh >= divisor) {
    raise(cpu, Vector.DE);
    return;
  }
  const quotient = divide128(magnitudeHigh, magnitudeLow, divisor);
  const negate = negative != <i64>source < 0;
  if (quotient > (negate ? SIGN_64 : SIGN_64 - 1)) {
    raise(cpu, Vector.DE);
    return;
  }
  const signedQuotient = negate ? 0 - quotient : quotient;
  cpu.rax = signedQuotient;
  cpu.rdx = low - signedQuotient * source;
}
