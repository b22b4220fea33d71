// The vCPU state: one unmanaged struct at MemoryMap.VCPU. A vCPU is one engine instance pointed at its struct; nothing
// in the engine is a mutable static. TypeScript reads fields through exported offsets (index.ts), never by literals.
//
//   +0x000  rax…r15, zero, rip, flags … (the fields below)
//   +0x400  segment registers ES CS SS DS FS GS TR LDTR, 32 bytes each (Segment)
//   +0x600  x87 registers R0…R7, 16 bytes each: significand, sign+exponent (softfloat's layout)
//   +0x800  XMM0…XMM15, 16 bytes each
import { MemoryMap } from "../shared/memoryMap";

export { Attention } from "../shared/attention";

/** Encoding order of the segment registers, plus the two system ones. */
export const enum Seg {
  ES,
  CS,
  SS,
  DS,
  FS,
  GS,
  TR,
  LDTR,
}

/** Segment attribute bits, in the layout of descriptor bytes 5-6 (SDM vol. 3A 3.4.5). */
export const enum SegAttr {
  TYPE_MASK = 0x000f,
  ACCESSED = 0x0001,
  /** Data: writable. Code: readable. */
  WRITABLE = 0x0002,
  READABLE = 0x0002,
  /** Data: expand-down. Code: conforming. */
  EXPAND_DOWN = 0x0004,
  CONFORMING = 0x0004,
  CODE = 0x0008,
  /** S: 1 code or data, 0 system. */
  CODE_OR_DATA = 0x0010,
  DPL_SHIFT = 5,
  DPL_MASK = 0x0060,
  PRESENT = 0x0080,
  AVL = 0x1000,
  LONG = 0x2000,
  /** D/B: default operand size, stack pointer size, upper bound. */
  BIG = 0x4000,
  GRANULARITY = 0x8000,
  /** Ours: loaded with a null selector, any use faults. */
  UNUSABLE = 0x10000,
}


@unmanaged
export class Segment {
  base: u64;
  /** In bytes, granularity applied. */
  limit: u32;
  /** SegAttr bits. */
  attributes: u32;
  selector: u32;
  _pad: u32;
  _pad2: u64;
}

/** EFLAGS bits. */
export const enum Flag {
  CF = 0x1,
  ONE = 0x2,
  PF = 0x4,
  AF = 0x10,
  ZF = 0x40,
  SF = 0x80,
  TF = 0x100,
  IF = 0x200,
  DF = 0x400,
  OF = 0x800,
  IOPL = 0x3000,
  NT = 0x4000,
  RF = 0x10000,
  VM = 0x20000,
  AC = 0x40000,
  VIF = 0x80000,
  VIP = 0x100000,
  ID = 0x200000,
  /** The six that arithmetic sets. */
  ARITHMETIC = 0x8d5,
}

/** Bits of `Vcpu.mode`: with the linear address they key a decoded block. */
export const enum Mode {
  /** log2 of the code segment's default size in bytes: 1, 2 or 3 (64-bit mode). */
  CODE_SIZE = 0x3,
  /** log2 of the stack pointer's size in bytes, shifted by 2. */
  STACK_SHIFT = 2,
  STACK_SIZE = 0xc,
  /** CR0.PE and not VM: protected mode. */
  PROTECTED = 0x10,
  /** EFLAGS.VM. */
  V86 = 0x20,
  /** DS, ES, SS (each) are writable, base 0, limit 4 GiB: no check, no add. Always in 64-bit mode. */
  FLAT_DS = 0x40,
  FLAT_ES = 0x80,
  FLAT_SS = 0x100,
  /** CS base 0 and limit 4 GiB (code fetch needs no check). */
  FLAT_CS = 0x200,
  /** CPL is 3. */
  USER = 0x400,
  /** EFER.LMA: IA-32e mode (64-bit or compatibility). */
  LONG = 0x800,
}


@unmanaged
export class Vcpu {
  rax: u64;
  rcx: u64;
  rdx: u64;
  rbx: u64;
  rsp: u64;
  rbp: u64;
  rsi: u64;
  rdi: u64;
  r8: u64;
  r9: u64;
  r10: u64;
  r11: u64;
  r12: u64;
  r13: u64;
  r14: u64;
  r15: u64;
  /** Always 0: the base or index of an address that has none. */
  zero: u64;
  /** Of the next instruction, kept at block boundaries only (an instruction knows its own: `Insn.nextRip`). */
  rip: u64;
  /** EFLAGS; the arithmetic bits in it are valid only while flagOp is FlagOp.EFLAGS (cpu/flags.ts). */
  eflags: u64;
  /** Lazy flags: which operation, and its two values (cpu/flags.ts). */
  flagOp: u32;
  attention: u32;
  flagA: u64;
  flagB: u64;
  /** Address of the TLB of the current privilege (mmu/tlb.ts). */
  tlb: u32;
  /** Mode bits. */
  mode: u32;
  cpl: u32;
  /** The instruction being executed, for slow paths. */
  insn: u32;
  /** Instructions retired before the running block. */
  instructions: u64;
  /** `run` comes back when `instructions` reaches this. */
  instructionLimit: u64;
  /** For a transfer: address of the Insn.link slot to chain through, or 0. */
  linkSlot: u32;
  /** Pending exception (with Attention.FAULT). */
  exceptionVector: u32;
  exceptionError: u32;
  exceptionHasError: u32;
  /** INTR is asserted (written by the host). */
  interruptRequest: u32;
  /** NMI latched (written by the host). */
  nmiRequest: u32;
  /** In an NMI handler: further ones wait for IRET. */
  nmiBlocked: u32;
  /** Set by STI and MOV/POP SS: no interrupt (bit 0) nor trap (bit 1) before the next instruction is done. */
  interruptShadow: u32;
  /** In HLT. */
  halted: u32;
  /** In shutdown after a triple fault. */
  shutdown: u32;
  /** Written by the host: come back from `run`. */
  exitRequest: u32;
  /** Address line 20: all ones, or ~(1 << 20) while the gate is closed (written by the host). */
  a20Mask: u32;
  /** The host pointer of a read-modify-write in flight, or 0 when it must go through the slow path. */
  rmwHost: u32;
  /** Stop exactly at instructionLimit (icount), or at the next block end. */
  exactLimit: u32;
  rmwLinear: u64;
  cr0: u64;
  cr2: u64;
  cr3: u64;
  cr4: u64;
  efer: u64;
  gdtBase: u64;
  idtBase: u64;
  gdtLimit: u32;
  idtLimit: u32;
  dr0: u64;
  dr1: u64;
  dr2: u64;
  dr3: u64;
  dr6: u64;
  dr7: u64;
  star: u64;
  lstar: u64;
  cstar: u64;
  sfmask: u64;
  kernelGsBase: u64;
  sysenterCs: u64;
  sysenterEsp: u64;
  sysenterEip: u64;
  pat: u64;
  apicBase: u64;
  miscEnable: u64;
  tscOffset: i64;
  tscAux: u64;
  mtrrDefType: u64;
  xcr0: u64;
  /** x87: FpuEnv of softfloat (control word, then flags), then the rest of the environment. */
  fpuControl: u32;
  fpuFlags: u32;
  /** Status word without TOP; TOP is fpuTop. */
  fpuStatus: u32;
  fpuTop: u32;
  /** Bit n set: physical register n is empty. */
  fpuEmpty: u32;
  fpuOpcode: u32;
  fpuIp: u64;
  fpuDp: u64;
  fpuCs: u32;
  fpuDs: u32;
  mxcsr: u32;
  /** Changes when the linear mapping of code may have changed (mmu/epochs.ts). */
  mappingEpoch: u32;
  /** Counters for --stats. */
  statTlbMisses: u64;
  statBlocksBuilt: u64;
  statInvalidations: u64;
  statInterrupts: u64;
  statExceptions: u64;
  statEvictions: u64;
  /** A #DB trap is due after this instruction; its causes are already in dr6. */
  pendingDebug: u32;
  /** The instruction just run went through an interrupt gate (or masked TF): no single-step trap after it. */
  stepSuppressed: u32;
  /** PAE paging: the page-directory pointers, loaded with CR3 (mmu/paging.ts). Four in a row. */
  pdpte0: u64;
  pdpte1: u64;
  pdpte2: u64;
  pdpte3: u64;
  /** A read-modify-write that takes the slow path: where its bytes lie, and those on a second page (mmu/slow.ts). */
  rmwPhysical: u64;
  rmwPhysical2: u64;
  /** While translated code runs, `instructions` is short of what it has retired since: jitGiven - jitLeft. */
  jitGiven: u32;
  jitLeft: u32;
  /** JitMode. */
  jitMode: u32;
  /** Runs of a decoded block before it is hot. */
  jitThreshold: u32;
  /** Blocks in the queue of hot ones (jit/queue.ts), and when they are due whatever their number. */
  jitQueued: u32;
  /** JitFeature bits. */
  jitFeatures: u32;
  jitDue: u64;
  /** Low half of the IP of the block that left translated code by an indirect jump. */
  exitFrom: u32;
  /** Changes when that of global pages may have. */
  globalEpoch: u32;
  /** Epochs given out. */
  epochs: u32;
  /** Translated functions that wait for one that they have called (jit/nestedCalls.ts). */
  callDepth: u32;
  statJitInstructions: u64;
  statRegions: u64;
  statModules: u64;
  statGuestBytes: u64;
  statWasmBytes: u64;
  statJitInvalidations: u64;
  statJitEvictions: u64;
  /** Transfers from translated to translated code by a link or a nested call, and all others out of translated code. */
  statChained: u64;
  statDispatches: u64;
  /** Guest instructions in the regions that were translated. */
  statGuestInstructions: u64;
}

export const SEGMENTS_OFFSET: usize = 0x400;
export const X87_OFFSET: usize = 0x600;
export const XMM_OFFSET: usize = 0x800;
/** MTRR variable and fixed ranges, and other MSRs nobody reads quickly, as u64 each. */
export const MSR_BANK_OFFSET: usize = 0xa00;
/** Start of a 4 KiB area for code that needs transient scratch inside the struct (exception frames, TSS images). */
export const SCRATCH_OFFSET: usize = 0x2000;

/** The vCPU of this engine instance. */
// @ts-ignore: decorator
@inline
export function vcpu(): Vcpu {
  return changetype<Vcpu>(<usize>MemoryMap.VCPU);
}

// @ts-ignore: decorator
@inline
export function segment(cpu: Vcpu, index: u32): Segment {
  return changetype<Segment>(changetype<usize>(cpu) + SEGMENTS_OFFSET + ((<usize>index) << 5));
}

/** Address of general register `index` (0-15). */
// @ts-ignore: decorator
@inline
export function registerAddress(cpu: Vcpu, index: u32): usize {
  return changetype<usize>(cpu) + ((<usize>index) << 3);
}

// @ts-ignore: decorator
@inline
export function xmmAddress(cpu: Vcpu, index: u32): usize {
  return changetype<usize>(cpu) + XMM_OFFSET + ((<usize>index) << 4);
}

/** Address of physical x87 register `index` (not relative to TOP). MMn is its significand. */
// @ts-ignore: decorator
@inline
export function x87Address(cpu: Vcpu, index: u32): usize {
  return changetype<usize>(cpu) + X87_OFFSET + ((<usize>index) << 4);
}
