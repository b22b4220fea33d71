// The Exec backend: values are u64 numbers, zero-extended from the operand size, and everything happens at once.
// It is the vCPU struct itself with methods, so `b` in a meaning is one pointer. Build (jit/) has the same methods on IR nodes.
//
// Rules for meanings (isa/):
//  - all memory accesses that can fault come before the first architectural write; after each: `if (b.faulted()) return;`
//  - a read-modify-write of memory is readModify (checks write permission, reads) … writeBack (cannot fault);
//  - `readDst`/`readSrc`/`writeDst` take the operand kind (Reg or Mem) as a type argument.
import { Attention, Flag, Vcpu, registerAddress } from "../cpu/state";
import {
  FlagOp,
  arithmeticFlags,
  getCarry,
  setArithmeticFlags,
  setCarry,
  setCarryOverflow,
  sizeLog2,
  testCondition,
  testConditionInline,
  updateArithmeticFlags,
} from "../cpu/flags";
import { Insn, isMem } from "../decode/insn";
import { displacedAddress } from "../isa/displaced";
import { setStackPointer, stackLinear } from "../isa/stackAccess";
import { checkDirectTarget, checkIndirectTarget } from "../isa/target";
import { mulHighSigned, mulHighUnsigned } from "../cpu/product";
import { effectiveAddress, linearAddress } from "../mmu/address";
import { linearLoad, linearModify, linearStore, linearWriteBack } from "../mmu/access";


@unmanaged
export class Exec extends Vcpu {
  // ---- values ----
  @inline constant(value: u64): u64 {
    return value;
  }

  // ---- operands ----
  @inline readReg<T>(address: u32): u64 {
    return <u64>load<T>(<usize>address);
  }

  /** A 32-bit write clears the upper half, 8- and 16-bit ones keep the rest (SDM vol. 1 3.4.1.1). */
  @inline writeReg<T>(address: u32, value: u64): void {
    if (sizeof<T>() == 4) store<u64>(<usize>address, <u64>(<u32>value));
    else store<T>(<usize>address, <T>value);
  }


  @inline readSrc<T, K>(i: Insn): u64 {
    if (isMem<K>()) return linearLoad<T>(this, linearAddress(this, i));
    return <u64>load<T>(<usize>i.src);
  }

  /** dst as a source only (CMP, TEST). */
  @inline readDst<T, K>(i: Insn): u64 {
    if (isMem<K>()) return linearLoad<T>(this, linearAddress(this, i));
    return <u64>load<T>(<usize>i.dst);
  }

  /** dst that writeBack will write. */
  @inline readModify<T, K>(i: Insn): u64 {
    if (isMem<K>()) return linearModify<T>(this, linearAddress(this, i));
    return <u64>load<T>(<usize>i.dst);
  }

  /** Completes readModify; cannot fault. */
  @inline writeBack<T, K>(i: Insn, value: u64): void {
    if (isMem<K>()) linearWriteBack<T>(this, value);
    else this.writeReg<T>(i.dst, value);
  }

  /** Writes dst that was not read; a memory one can fault. */
  @inline writeDst<T, K>(i: Insn, value: u64): void {
    if (isMem<K>()) linearStore<T>(this, linearAddress(this, i), value);
    else this.writeReg<T>(i.dst, value);
  }

  /** Loads from / stores to a linear address (segment already applied). */
  @inline load<T>(linear: u64): u64 {
    return linearLoad<T>(this, linear);
  }


  @inline store<T>(linear: u64, value: u64): void {
    linearStore<T>(this, linear, value);
  }

  /** The effective address, without segment (LEA), truncated to the address size. */
  @inline address(i: Insn): u64 {
    return effectiveAddress(i);
  }

  /** The linear address of the memory operand. */
  @inline linear(i: Insn): u64 {
    return linearAddress(this, i);
  }

  /** The address of general register `index` (0-15), for readReg and writeReg. */
  @inline gpr(index: u32): u32 {
    return <u32>registerAddress(this, index);
  }

  /** The linear address of the memory operand moved by `delta` bytes (before truncation and segment). */
  @inline linearDisplaced(i: Insn, delta: u64): u64 {
    return displacedAddress(this, i, delta);
  }

  /** readModify and writeBack at a linear address. */
  @inline modify<T>(linear: u64): u64 {
    return linearModify<T>(this, linear);
  }


  @inline finishModify<T>(value: u64): void {
    linearWriteBack<T>(this, value);
  }

  // ---- stack (isa/stackAccess.ts) ----
  /** rSP + delta, not truncated to the stack's width. */
  @inline stackPointer(delta: i64): u64 {
    return this.rsp + <u64>delta;
  }
  /** The linear address of a T on the stack at `pointer`, truncated to the stack's width. */
  @inline stackLinear<T>(i: Insn, pointer: u64, write: bool): u64 {
    return stackLinear<T>(this, i, pointer, write);
  }
  /** Sets the part of rSP that the stack's width covers. T as of the access: 64-bit ones know the width. */
  @inline setStackPointer<T>(pointer: u64): void {
    setStackPointer<T>(this, pointer);
  }

  /** A memory access or check before has faulted: return at once. In Build constant false. */
  @inline faulted(): bool {
    return (this.attention & Attention.FAULT) != 0;
  }

  /** faulted() after reading an operand of kind K: costs nothing for a register. */
  @inline faultedBy<K>(): bool {
    return isMem<K>() ? (this.attention & Attention.FAULT) != 0 : false;
  }

  // ---- arithmetic on T-sized values ----
  @inline add<T>(a: u64, b: u64): u64 {
    return <u64>(<T>a + <T>b);
  }


  @inline sub<T>(a: u64, b: u64): u64 {
    return <u64>(<T>a - <T>b);
  }


  @inline and<T>(a: u64, b: u64): u64 {
    return a & b;
  }


  @inline or<T>(a: u64, b: u64): u64 {
    return a | b;
  }


  @inline xor<T>(a: u64, b: u64): u64 {
    return a ^ b;
  }


  @inline not<T>(a: u64): u64 {
    return <u64>~(<T>a);
  }


  @inline mul<T>(a: u64, b: u64): u64 {
    return <u64>(<T>a * <T>b);
  }
  /** Sign-extends from S to T. */
  @inline signExtend<S, T>(a: u64): u64 {
    if (sizeof<S>() == 1) return <u64>(<T>(<i64>(<i8>a)));
    if (sizeof<S>() == 2) return <u64>(<T>(<i64>(<i16>a)));
    if (sizeof<S>() == 4) return <u64>(<T>(<i64>(<i32>a)));
    return a;
  }


  @inline select(condition: bool, a: u64, b: u64): u64 {
    return select<u64>(a, b, condition);
  }


  @inline equal(a: u64, b: u64): bool {
    return a == b;
  }


  @inline notEqual(a: u64, b: u64): bool {
    return a != b;
  }
  /** Both conditions. */
  @inline both(a: bool, b: bool): bool {
    return a && b;
  }

  // ---- shifts: counts below 32 (64 for u64), also above the width of T ----
  @inline shl<T>(a: u64, count: u64): u64 {
    return <u64>(<T>(a << count));
  }


  @inline shr<T>(a: u64, count: u64): u64 {
    return a >> count;
  }


  @inline sar<T>(a: u64, count: u64): u64 {
    return <u64>(<T>((<i64>this.signExtend<T, u64>(a)) >> (<i64>count)));
  }


  @inline rotl<T>(a: u64, count: u64): u64 {
    if (sizeof<T>() == 8) return rotl<u64>(a, count);
    if (sizeof<T>() == 4) return <u64>rotl<u32>(<u32>a, <u32>count);
    const bits = <u64>(sizeof<T>() << 3);
    const left = count & (bits - 1);
    return <u64>(<T>((a << left) | (a >> (bits - left))));
  }


  @inline rotr<T>(a: u64, count: u64): u64 {
    if (sizeof<T>() == 8) return rotr<u64>(a, count);
    if (sizeof<T>() == 4) return <u64>rotr<u32>(<u32>a, <u32>count);
    const bits = <u64>(sizeof<T>() << 3);
    const right = count & (bits - 1);
    return <u64>(<T>((a >> right) | (a << (bits - right))));
  }
  /** The lowest set bit's number; any number for 0. */
  @inline lowestBit<T>(a: u64): u64 {
    return ctz<u64>(a);
  }
  /** The highest set bit's number; any number for 0. */
  @inline highestBit<T>(a: u64): u64 {
    return 63 - clz<u64>(a);
  }


  @inline byteSwap<T>(a: u64): u64 {
    return sizeof<T>() == 8 ? bswap<u64>(a) : sizeof<T>() == 4 ? <u64>bswap<u32>(<u32>a) : 0;
  }

  // ---- the upper half of products ----
  @inline mulHigh<T>(a: u64, b: u64): u64 {
    if (sizeof<T>() == 8) return mulHighUnsigned(a, b);
    return (a * b) >> (<u64>(sizeof<T>() << 3));
  }


  @inline mulHighSigned<T>(a: u64, b: u64): u64 {
    if (sizeof<T>() == 8) return mulHighSigned(a, b);
    const product = this.signExtend<T, u64>(a) * this.signExtend<T, u64>(b);
    return <u64>(<T>(product >> (<u64>(sizeof<T>() << 3))));
  }
  // ---- flags ----
  @inline flagsLazy<T>(kind: u32, a: u64, b: u64): void {
    this.flagOp = (kind << 2) | sizeLog2<T>();
    this.flagA = a;
    this.flagB = b;
  }
  /** Flags of a + b = result. */
  @inline flagsAdd<T>(result: u64, b: u64): void {
    this.flagsLazy<T>(FlagOp.ADD, result, b);
  }
  /** Flags of a - b. */
  @inline flagsSub<T>(a: u64, b: u64): void {
    this.flagsLazy<T>(FlagOp.SUB, a, b);
  }


  @inline flagsAdc<T>(result: u64, b: u64, carryIn: u64): void {
    this.flagsLazy<T>(carryIn ? FlagOp.ADC : FlagOp.ADD, result, b);
  }


  @inline flagsSbb<T>(a: u64, b: u64, carryIn: u64): void {
    this.flagsLazy<T>(carryIn ? FlagOp.SBB : FlagOp.SUB, a, b);
  }


  @inline flagsLogic<T>(result: u64): void {
    this.flagsLazy<T>(FlagOp.LOGIC, result, 0);
  }


  @inline flagsInc<T>(result: u64): void {
    const carry = this.carry();
    this.flagsLazy<T>(FlagOp.INC, result, carry);
  }


  @inline flagsDec<T>(result: u64): void {
    const carry = this.carry();
    this.flagsLazy<T>(FlagOp.DEC, result, carry);
  }
  /** Sets CF and OF from 0 or 1, the others from `result`; AF is cleared. */
  @inline flagsShift<T>(result: u64, carry: u64, overflow: u64): void {
    this.flagsLazy<T>(FlagOp.SHIFT, result, carry | (overflow << 11));
  }
  /** flagsShift unless count is 0. */
  @inline flagsDoubleShift<T>(count: u64, result: u64, carry: u64, overflow: u64): void {
    if (count) this.flagsShift<T>(result, carry & 1, overflow & 1);
  }
  /** Flags of a << count; none when count is 0. */
  @inline flagsShl<T>(a: u64, count: u64): void {
    if (count) this.flagsLazy<T>(FlagOp.SHL, a, count);
  }


  @inline flagsShr<T>(a: u64, count: u64): void {
    if (count) this.flagsLazy<T>(FlagOp.SHR, a, count);
  }


  @inline flagsSar<T>(a: u64, count: u64): void {
    if (count) this.flagsLazy<T>(FlagOp.SAR, a, count);
  }
  /** CF is the bit that went round last, OF its difference from the sign. */
  @inline flagsRol<T>(count: u64, result: u64): void {
    if (!count) return;
    const carry = result & 1;
    setCarryOverflow(this, carry | (((result >> (<u64>((sizeof<T>() << 3) - 1))) ^ carry) << 11));
  }


  @inline flagsRor<T>(count: u64, result: u64): void {
    if (!count) return;
    const carry = result >> (<u64>((sizeof<T>() << 3) - 1));
    setCarryOverflow(this, carry | ((((result >> (<u64>((sizeof<T>() << 3) - 2))) ^ carry) & 1) << 11));
  }
  /** Flags of the signed product a * b. */
  @inline flagsImul<T>(a: u64, b: u64): void {
    this.flagsLazy<T>(FlagOp.IMUL, a, b);
  }
  /** Flags of the unsigned product a * b. */
  @inline flagsMul<T>(a: u64, b: u64): void {
    this.flagsLazy<T>(FlagOp.MUL, a, b);
  }
  /** Sets CF alone, from 0 or 1. */
  @inline setCarry(carry: u64): void {
    setCarry(this, carry);
  }
  /** CF as 0 or 1. */
  @inline carry(): u64 {
    return <u64>getCarry(this);
  }


  @inline condition(cc: u32): bool {
    return testCondition(this, cc);
  }
  /** condition() where `cc` is known at compile time. */
  @inline conditionOf(cc: u32): bool {
    return testConditionInline(this, cc);
  }
  /** All six arithmetic flags from EFLAGS bits. */
  @inline setFlags(bits: u32): void {
    setArithmeticFlags(this, bits);
  }


  @inline updateFlags(mask: u32, bits: u64): void {
    updateArithmeticFlags(this, mask, <u32>bits);
  }
  /** The six as EFLAGS bits. */
  @inline getFlags(): u64 {
    return <u64>arithmeticFlags(this);
  }


  @inline setDirection(down: bool): void {
    if (down) this.eflags |= Flag.DF;
    else this.eflags &= ~(<u64>Flag.DF);
  }


  @inline get directionStep(): i64 {
    return this.eflags & Flag.DF ? -1 : 1;
  }

  // ---- control ----
  /** Goes to `target` (an IP), chained through this record's link. */
  @inline jump(i: Insn, target: u64): void {
    this.rip = target;
    this.linkSlot = <u32>changetype<usize>(i) + <u32>offsetof<Insn>("link");
  }
  /** A way out that falls through: chained through the BLOCK_END record that follows. */
  @inline fallThrough(i: Insn): void {
    this.rip = i.nextRip;
    this.linkSlot = <u32>changetype<usize>(i) + <u32>offsetof<Insn>() + <u32>offsetof<Insn>("link");
  }
  /** jump if `taken`, else fallThrough. A target past the code segment's limit faults if taken. */
  @inline jumpIf(taken: bool, i: Insn, target: u64): void {
    if (taken) {
      this.checkTarget(target);
      if (!this.faulted()) this.jump(i, target);
    } else this.fallThrough(i);
  }
  /** #GP(0) if a near direct jump cannot go to `target`. */
  @inline checkTarget(target: u64): void {
    checkDirectTarget(this, target);
  }
  /** #GP(0) if an indirect jump or a return cannot go to `target`. */
  @inline checkIndirectTarget(target: u64): void {
    checkIndirectTarget(this, target);
  }


  @inline jumpIndirect(target: u64): void {
    this.rip = target;
    this.linkSlot = 0;
  }
  /** For cold ops that end a block and set IP themselves: the run loop looks everything up afresh. */
  @inline leaveTo(target: u64): void {
    this.rip = target;
    this.linkSlot = 0;
    this.attention |= Attention.JUMPED;
  }
  /** A repeated string instruction that is not through: interrupts get their chance, then it goes on. */
  @inline
  restart(i: Insn): void {
    this.leaveTo(i.rip);
    this.attention |= Attention.RESTART;
  }
}
