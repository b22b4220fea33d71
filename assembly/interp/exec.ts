// The Exec backend: values are u64 numbers, zero-extended from the operand size, and everything happens at once.
// It is the vCPU struct itself with methods, so `b` in a meaning is one pointer. Build (jit/) has the same methods on IR nodes.
//
// Rules for meanings (isa/):
//  - all memory accesses that can fault come before the first architectural write; after each: `if (b.faulted()) return;`
//  - a read-modify-write of memory is readModify (checks write permission, reads) … writeBack (cannot fault);
//  - `readDst`/`readSrc`/`writeDst` take the operand kind (Reg or Mem) as a type argument.
import { Attention, Flag, Vcpu } from "../cpu/state";
import {
  FlagOp,
  arithmeticFlags,
  getCarry,
  setArithmeticFlags,
  sizeLog2,
  testCondition,
  updateArithmeticFlags,
} from "../cpu/flags";
import { Insn, isMem } from "../decode/insn";
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

  /** A memory access or check before has faulted: return at once. In Build constant false. */
  @inline faulted(): bool {
    return (this.attention & Attention.FAULT) != 0;
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
    return <u64>(~(<T>a));
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
  /** CF as 0 or 1. */
  @inline carry(): u64 {
    return <u64>getCarry(this);
  }
  @inline condition(cc: u32): bool {
    return testCondition(this, cc);
  }
  /** All six arithmetic flags from EFLAGS bits. */
  @inline setFlags(bits: u32): void {
    setArithmeticFlags(this, bits);
  }
  @inline updateFlags(mask: u32, bits: u32): void {
    updateArithmeticFlags(this, mask, bits);
  }
  @inline getFlags(): u32 {
    return arithmeticFlags(this);
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
}
