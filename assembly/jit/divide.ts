// DIV and IDIV at translation: in place where the quotient surely fits; what would raise #DE goes to the interpreter.
// Flags, undefined in the manual, stay (isa/div.ts).
import { Insn, Mem, Reg } from "../decode/insn";
import { Form } from "../decode/op";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { Helper } from "./helperNumber";
import { IrOp, node } from "./ir";
import { bailIf } from "./memoryNodes";
import { as32, as64, binary, compare, constant, extendSign, lowBits, newNode } from "./values";

const RAX: u32 = 0;
const RDX: u32 = 2;

export function divide(b: Build, i: Insn, signed: bool): void {
  switch (<u32>i.size) {
    case 0:
      divideOf<u8>(b, i, signed);
      return;
    case 1:
      divideOf<u16>(b, i, signed);
      return;
    case 2:
      divideOf<u32>(b, i, signed);
      return;
    default:
      if (signed) divideSigned64(b, i);
      else divideUnsigned64(b, i);
  }
}

function sourceOf<T>(b: Build, i: Insn): u32 {
  return i.form == Form.RM ? b.readSrc<T, Mem>(i) : b.readSrc<T, Reg>(i);
}

/** The upper half of the dividend: rDX, of bytes AH. */
function upperOf<T>(b: Build): u32 {
  if (sizeof<T>() == 1) return b.readReg<u8>(b.gpr(RAX) + 1);
  return b.readReg<T>(b.gpr(RDX));
}

function writeQuotient<T>(b: Build, quotient: u32, remainder: u32): void {
  if (sizeof<T>() == 1) {
    b.writeReg<u8>(b.gpr(RAX), quotient);
    b.writeReg<u8>(b.gpr(RAX) + 1, remainder);
  } else {
    b.writeReg<T>(b.gpr(RAX), quotient);
    b.writeReg<T>(b.gpr(RDX), remainder);
  }
}

/** Of 8, 16 and 32 bits: a 64-bit division. */
function divideOf<T>(b: Build, i: Insn, signed: bool): void {
  const bits = (<u32>sizeof<T>()) << 3;
  const source = sourceOf<T>(b, i);
  const upper = upperOf<T>(b);
  const low = as64(b, b.readReg<T>(b.gpr(RAX)));
  const high = binary(b, Wasm.I64_SHL, as64(b, upper), constant(b, bits));
  let dividend = binary(b, Wasm.I64_OR, high, low);
  let divisor: u32;
  let quotient: u32;
  if (signed) {
    if (bits < 32) dividend = extendSign(b, as32(b, dividend), bits << 1, 64);
    divisor = extendSign(b, source, bits, 64);
    bailIf(b, isZeroOrMinusOne(b, divisor));
    quotient = binary(b, Wasm.I64_DIV_S, dividend, divisor);
    const kept = extendSign(b, lowBits(b, as32(b, quotient), bits), bits, 64);
    bailIf(b, compare(b, Wasm.I32_NE, quotient, kept));
  } else {
    bailIf(b, compare(b, Wasm.I32_GE_U, upper, source));
    divisor = as64(b, source);
    quotient = binary(b, Wasm.I64_DIV_U, dividend, divisor);
  }
  const remainder = binary(b, Wasm.I64_SUB, dividend, binary(b, Wasm.I64_MUL, quotient, divisor));
  writeQuotient<T>(b, lowBits(b, as32(b, quotient), bits), lowBits(b, as32(b, remainder), bits));
}

function isZeroOrMinusOne(b: Build, value: u32): u32 {
  return compare(b, Wasm.I32_LE_U, binary(b, Wasm.I64_ADD, value, constant(b, 1)), constant(b, 1));
}

function divideUnsigned64(b: Build, i: Insn): void {
  const source = as64(b, sourceOf<u64>(b, i));
  const upper = as64(b, b.readReg<u64>(b.gpr(RDX)));
  const low = as64(b, b.readReg<u64>(b.gpr(RAX)));
  bailIf(b, compare(b, Wasm.I32_GE_U, upper, source));
  const quotient = newNode(b, IrOp.CALL, ValueType.I64, upper, low, source, 0);
  node(quotient).code = Helper.DIVIDE;
  const remainder = binary(b, Wasm.I64_SUB, low, binary(b, Wasm.I64_MUL, quotient, source));
  writeQuotient<u64>(b, quotient, remainder);
}

/** Of a dividend that is a sign-extended quadword; all others are the interpreter's. */
function divideSigned64(b: Build, i: Insn): void {
  const source = as64(b, sourceOf<u64>(b, i));
  const upper = as64(b, b.readReg<u64>(b.gpr(RDX)));
  const low = as64(b, b.readReg<u64>(b.gpr(RAX)));
  const sign = binary(b, Wasm.I64_SHR_S, low, constant(b, 63));
  const wider = compare(b, Wasm.I32_NE, upper, sign);
  bailIf(b, binary(b, Wasm.I32_OR, wider, isZeroOrMinusOne(b, source)));
  const quotient = binary(b, Wasm.I64_DIV_S, low, source);
  const remainder = binary(b, Wasm.I64_SUB, low, binary(b, Wasm.I64_MUL, quotient, source));
  writeQuotient<u64>(b, quotient, remainder);
}
