// The Build backend: the same methods as Exec (interp/exec.ts), on IR nodes. A value is a node's address.
//
// Architectural state is changed by new values of variables, which reach their locals only before a node that may leave the region and
// at the end of the block (flush.ts). So between two such points registers and flags cost nothing.
import { FlagOp } from "../cpu/flags";
import { Flag, Mode } from "../cpu/state";
import { Insn, isMem } from "../decode/insn";
import { Op } from "../decode/op";
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { BuildState, Terminator } from "./buildState";
import { carryOf, conditionNode, overrideFlags, setKnown, setRotated, setShift, setUnlessZero } from "./flagNodes";
import { mulHigh64, mulHighSigned64 } from "./flagResults";
import { isConst, node } from "./ir";
import {
  bailIf,
  linearOf,
  loadAt,
  modifyAt,
  offsetOf,
  pastCodeLimit,
  stackLinearOf,
  storeAt,
  storeHost,
} from "./memoryNodes";
import {
  arithmetic,
  as32,
  as64,
  binary,
  bitwise,
  choose,
  compare,
  constant,
  extendSign,
  isZero,
  lowBits,
  rotateNarrow,
  swapBytes,
  unary,
} from "./values";
import { getVariable, readRegister, writeRegister } from "./variables";

const RSP: u32 = 4;

// @ts-ignore: decorator
@inline
function bitsOf<T>(): u32 {
  return (<u32>sizeof<T>()) << 3;
}


@unmanaged
export class Build extends BuildState {
  constant(value: u64): u32 {
    return constant(this, value);
  }

  // ---- operands: registers and immediates by their address in the vCPU struct or the record ----
  readReg<T>(address: u32): u32 {
    return readRegister(this, address, bitsOf<T>());
  }

  writeReg<T>(address: u32, value: u32): void {
    writeRegister(this, address, bitsOf<T>(), value);
  }

  readSrc<T, K>(i: Insn): u32 {
    if (isMem<K>()) return this.loadOperand<T>(i);
    return readRegister(this, i.src, bitsOf<T>());
  }

  readDst<T, K>(i: Insn): u32 {
    if (isMem<K>()) return this.loadOperand<T>(i);
    return readRegister(this, i.dst, bitsOf<T>());
  }

  loadOperand<T>(i: Insn): u32 {
    return loadAt(this, linearOf(this, i, constant(this, 0), <u32>sizeof<T>(), false), <u32>sizeof<T>());
  }

  readModify<T, K>(i: Insn): u32 {
    if (isMem<K>())
      return modifyAt(this, linearOf(this, i, constant(this, 0), <u32>sizeof<T>(), true), <u32>sizeof<T>());
    return readRegister(this, i.dst, bitsOf<T>());
  }

  writeBack<T, K>(i: Insn, value: u32): void {
    if (isMem<K>()) storeHost(this, this.rmwHost, value, <u32>sizeof<T>());
    else writeRegister(this, i.dst, bitsOf<T>(), value);
  }

  writeDst<T, K>(i: Insn, value: u32): void {
    if (isMem<K>())
      storeAt(this, linearOf(this, i, constant(this, 0), <u32>sizeof<T>(), true), value, <u32>sizeof<T>());
    else writeRegister(this, i.dst, bitsOf<T>(), value);
  }

  load<T>(linear: u32): u32 {
    return loadAt(this, linear, <u32>sizeof<T>());
  }

  store<T>(linear: u32, value: u32): void {
    storeAt(this, linear, value, <u32>sizeof<T>());
  }

  modify<T>(linear: u32): u32 {
    return modifyAt(this, linear, <u32>sizeof<T>());
  }

  finishModify<T>(value: u32): void {
    storeHost(this, this.rmwHost, value, <u32>sizeof<T>());
  }

  address(i: Insn): u32 {
    return offsetOf(this, i, constant(this, 0));
  }

  linear(i: Insn): u32 {
    return linearOf(this, i, constant(this, 0), (<u32>1) << (<u32>i.size), false);
  }

  linearDisplaced(i: Insn, delta: u32): u32 {
    return linearOf(this, i, delta, (<u32>1) << (<u32>i.size), false);
  }

  gpr(index: u32): u32 {
    return <u32>MemoryMap.VCPU + (index << 3);
  }

  // ---- stack ----
  stackPointer(delta: i64): u32 {
    const rsp = getVariable(this, RSP);
    if (this.wide) return binary(this, Wasm.I64_ADD, as64(this, rsp), constant(this, <u64>delta));
    return binary(this, Wasm.I32_ADD, as32(this, rsp), constant(this, (<u64>delta) & 0xffff_ffff));
  }

  stackLinear<T>(i: Insn, pointer: u32, write: bool): u32 {
    return stackLinearOf(this, pointer, <u32>sizeof<T>(), write);
  }

  setStackPointer<T>(pointer: u32): void {
    const width = this.mode & Mode.STACK_SIZE;
    const bits: u32 = width == 3 << Mode.STACK_SHIFT ? 64 : width == 2 << Mode.STACK_SHIFT ? 32 : 16;
    writeRegister(this, this.gpr(RSP), sizeof<T>() == 8 ? 64 : bits, pointer);
  }


  @inline faulted(): bool {
    return false;
  }


  @inline faultedBy<K>(): bool {
    return false;
  }

  // ---- arithmetic ----
  add<T>(a: u32, x: u32): u32 {
    return arithmetic(this, Wasm.I32_ADD, bitsOf<T>(), a, x);
  }

  sub<T>(a: u32, x: u32): u32 {
    return arithmetic(this, Wasm.I32_SUB, bitsOf<T>(), a, x);
  }

  mul<T>(a: u32, x: u32): u32 {
    return arithmetic(this, Wasm.I32_MUL, bitsOf<T>(), a, x);
  }

  and<T>(a: u32, x: u32): u32 {
    return bitwise(this, Wasm.I32_AND, bitsOf<T>(), a, x);
  }

  or<T>(a: u32, x: u32): u32 {
    return bitwise(this, Wasm.I32_OR, bitsOf<T>(), a, x);
  }

  xor<T>(a: u32, x: u32): u32 {
    return bitwise(this, Wasm.I32_XOR, bitsOf<T>(), a, x);
  }

  not<T>(a: u32): u32 {
    const ones = constant(this, (<u64>-1) >> (<u64>(64 - bitsOf<T>())));
    return arithmetic(this, Wasm.I32_XOR, bitsOf<T>(), a, ones);
  }

  signExtend<S, T>(a: u32): u32 {
    return extendSign(this, a, bitsOf<S>(), bitsOf<T>());
  }

  select(condition: u32, a: u32, x: u32): u32 {
    return choose(this, condition, a, x);
  }

  equal(a: u32, x: u32): u32 {
    return isConst(x) && !node(x).imm ? isZero(this, a) : compare(this, Wasm.I32_EQ, a, x);
  }

  notEqual(a: u32, x: u32): u32 {
    return compare(this, Wasm.I32_NE, a, x);
  }

  both(a: u32, x: u32): u32 {
    return binary(this, Wasm.I32_AND, a, x);
  }

  // ---- shifts ----
  shl<T>(a: u32, count: u32): u32 {
    return arithmetic(this, Wasm.I32_SHL, bitsOf<T>(), a, count);
  }

  shr<T>(a: u32, count: u32): u32 {
    return arithmetic(this, Wasm.I32_SHR_U, bitsOf<T>(), a, count);
  }

  sar<T>(a: u32, count: u32): u32 {
    const wide = extendSign(this, a, bitsOf<T>(), sizeof<T>() == 8 ? 64 : 32);
    return arithmetic(this, Wasm.I32_SHR_S, bitsOf<T>(), wide, count);
  }

  rotl<T>(a: u32, count: u32): u32 {
    if (sizeof<T>() >= 4) return arithmetic(this, Wasm.I32_ROTL, bitsOf<T>(), a, count);
    return rotateNarrow(this, Wasm.I32_SHL, Wasm.I32_SHR_U, bitsOf<T>(), a, count);
  }

  rotr<T>(a: u32, count: u32): u32 {
    if (sizeof<T>() >= 4) return arithmetic(this, Wasm.I32_ROTR, bitsOf<T>(), a, count);
    return rotateNarrow(this, Wasm.I32_SHR_U, Wasm.I32_SHL, bitsOf<T>(), a, count);
  }

  lowestBit<T>(a: u32): u32 {
    if (sizeof<T>() == 8) return unary(this, Wasm.I64_CTZ, ValueType.I64, as64(this, a));
    return unary(this, Wasm.I32_CTZ, ValueType.I32, as32(this, a));
  }

  highestBit<T>(a: u32): u32 {
    if (sizeof<T>() == 8) {
      const zeros = unary(this, Wasm.I64_CLZ, ValueType.I64, as64(this, a));
      return binary(this, Wasm.I64_SUB, constant(this, 63), zeros);
    }
    return binary(this, Wasm.I32_SUB, constant(this, 31), unary(this, Wasm.I32_CLZ, ValueType.I32, as32(this, a)));
  }

  byteSwap<T>(a: u32): u32 {
    return sizeof<T>() == 2 ? constant(this, 0) : swapBytes(this, a, sizeof<T>() == 8);
  }

  // ---- the upper half of products ----
  mulHigh<T>(a: u32, x: u32): u32 {
    if (sizeof<T>() == 8) return mulHigh64(this, as64(this, a), as64(this, x));
    return this.highPart<T>(as64(this, a), as64(this, x));
  }

  mulHighSigned<T>(a: u32, x: u32): u32 {
    if (sizeof<T>() == 8) return mulHighSigned64(this, as64(this, a), as64(this, x));
    return this.highPart<T>(extendSign(this, a, bitsOf<T>(), 64), extendSign(this, x, bitsOf<T>(), 64));
  }

  /** Of the product of two I64: the bits above those of T. */
  highPart<T>(a: u32, x: u32): u32 {
    const product = binary(this, Wasm.I64_MUL, a, x);
    const high = binary(this, Wasm.I64_SHR_U, product, constant(this, bitsOf<T>()));
    return lowBits(this, as32(this, high), bitsOf<T>());
  }

  // ---- flags ----
  flagsAdd<T>(result: u32, x: u32): void {
    setKnown(this, FlagOp.ADD, bitsOf<T>(), result, x, 0);
  }

  flagsSub<T>(a: u32, x: u32): void {
    setKnown(this, FlagOp.SUB, bitsOf<T>(), a, x, 0);
  }

  flagsAdc<T>(result: u32, x: u32, carryIn: u32): void {
    setKnown(this, FlagOp.ADC, bitsOf<T>(), result, x, carryIn);
  }

  flagsSbb<T>(a: u32, x: u32, carryIn: u32): void {
    setKnown(this, FlagOp.SBB, bitsOf<T>(), a, x, carryIn);
  }

  flagsLogic<T>(result: u32): void {
    setKnown(this, FlagOp.LOGIC, bitsOf<T>(), result, constant(this, 0), 0);
  }

  flagsInc<T>(result: u32): void {
    setKnown(this, FlagOp.INC, bitsOf<T>(), result, 0, 0);
  }

  flagsDec<T>(result: u32): void {
    setKnown(this, FlagOp.DEC, bitsOf<T>(), result, 0, 0);
  }

  flagsShl<T>(a: u32, count: u32): void {
    setShift(this, FlagOp.SHL, bitsOf<T>(), a, count);
  }

  flagsShr<T>(a: u32, count: u32): void {
    setShift(this, FlagOp.SHR, bitsOf<T>(), a, count);
  }

  flagsSar<T>(a: u32, count: u32): void {
    setShift(this, FlagOp.SAR, bitsOf<T>(), a, count);
  }

  flagsDoubleShift<T>(count: u32, result: u32, carry: u32, overflow: u32): void {
    const one = constant(this, 1);
    const c = binary(this, Wasm.I32_AND, as32(this, carry), one);
    const o = binary(this, Wasm.I32_AND, as32(this, overflow), one);
    const bits = binary(this, Wasm.I32_OR, c, binary(this, Wasm.I32_SHL, o, constant(this, 11)));
    setUnlessZero(this, FlagOp.SHIFT, bitsOf<T>(), result, bits, count);
  }

  flagsRol<T>(count: u32, result: u32): void {
    const carry = binary(this, Wasm.I32_AND, as32(this, result), constant(this, 1));
    const top = this.topBits<T>(result, 1);
    setRotated(this, count, carry, binary(this, Wasm.I32_XOR, top, carry));
  }

  flagsRor<T>(count: u32, result: u32): void {
    const carry = this.topBits<T>(result, 1);
    const difference = binary(this, Wasm.I32_XOR, this.topBits<T>(result, 2), carry);
    setRotated(this, count, carry, binary(this, Wasm.I32_AND, difference, constant(this, 1)));
  }

  /** The uppermost `count` bits. */
  topBits<T>(value: u32, count: u32): u32 {
    return as32(this, arithmetic(this, Wasm.I32_SHR_U, bitsOf<T>(), value, constant(this, bitsOf<T>() - count)));
  }

  flagsImul<T>(a: u32, x: u32): void {
    setKnown(this, FlagOp.IMUL, bitsOf<T>(), a, x, 0);
  }

  flagsMul<T>(a: u32, x: u32): void {
    setKnown(this, FlagOp.MUL, bitsOf<T>(), a, x, 0);
  }

  setCarry(carry: u32): void {
    overrideFlags(this, Flag.CF, as32(this, carry));
  }

  carry(): u32 {
    return carryOf(this);
  }

  condition(cc: u32): u32 {
    return conditionNode(this, cc);
  }

  conditionOf(cc: u32): u32 {
    return conditionNode(this, cc);
  }

  // ---- control ----
  jump(i: Insn, target: u32): void {
    this.terminator = i.op == Op.BLOCK_END ? Terminator.NEXT : Terminator.JUMP;
  }

  jumpIf(taken: u32, i: Insn, target: u32): void {
    if (!(this.mode & Mode.FLAT_CS)) bailIf(this, binary(this, Wasm.I32_AND, taken, pastCodeLimit(this, target)));
    this.terminator = Terminator.BRANCH;
    this.taken = taken;
  }

  jumpIndirect(target: u32): void {
    this.terminator = Terminator.INDIRECT;
    this.target = target;
  }

  checkTarget(target: u32): void {
    if (!(this.mode & Mode.FLAT_CS)) bailIf(this, pastCodeLimit(this, target));
  }

  checkIndirectTarget(target: u32): void {
    if (!this.wide) {
      this.checkTarget(target);
      return;
    }
    const wide = as64(this, target);
    const sixteen = constant(this, 16);
    const canonical = binary(this, Wasm.I64_SHR_S, binary(this, Wasm.I64_SHL, wide, sixteen), sixteen);
    bailIf(this, binary(this, Wasm.I64_NE, canonical, wide));
  }
}
