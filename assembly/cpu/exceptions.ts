// Raising exceptions. Delivery (gates, stacks, double faults) is isa/system/deliver.ts, called by the run loop.
// SDM vol. 3A ch. 6.
import { Attention, Vcpu } from "./state";

export const enum Vector {
  DE = 0,
  DB = 1,
  NMI = 2,
  BP = 3,
  OF = 4,
  BR = 5,
  UD = 6,
  NM = 7,
  DF = 8,
  TS = 10,
  NP = 11,
  SS = 12,
  GP = 13,
  PF = 14,
  MF = 16,
  AC = 17,
  MC = 18,
  XM = 19,
}

/** Makes an exception without error code pending; the instruction must return without further writes. */
export function raise(cpu: Vcpu, vector: u32): void {
  if (cpu.attention & Attention.FAULT) return; // the first fault of an instruction wins
  cpu.exceptionVector = vector;
  cpu.exceptionError = 0;
  cpu.exceptionHasError = 0;
  cpu.attention |= Attention.FAULT;
}

export function raiseError(cpu: Vcpu, vector: u32, errorCode: u32): void {
  if (cpu.attention & Attention.FAULT) return;
  cpu.exceptionVector = vector;
  cpu.exceptionError = errorCode;
  cpu.exceptionHasError = 1;
  cpu.attention |= Attention.FAULT;
}

export function raiseUd(cpu: Vcpu): void {
  raise(cpu, Vector.UD);
}

export function raiseGp(cpu: Vcpu, errorCode: u32): void {
  raiseError(cpu, Vector.GP, errorCode);
}

export function raisePageFault(cpu: Vcpu, linearAddress: u64, errorCode: u32): void {
  if (cpu.attention & Attention.FAULT) return;
  cpu.cr2 = linearAddress;
  raiseError(cpu, Vector.PF, errorCode);
}
