/**
 * A guest that runs instruction tests as a user process runs them on the host: flat user segments with Linux's selectors, paging with
 * the same linear layout, CPL 3. Every case ends in an exception, whose handler is HLT in ring 0 on a stack of its own.
 *
 *   0000_4000  page tables           0000_a000  GDT, IDT, TSS
 *   0000_c000  entry and handlers    0000_d000  FXSAVE images, entry frame    0000_fff0  ring 0 stack
 *   0010_0000  physical memory of the test's pages; the two data pages are not neighbours
 *
 * Entry, with the registers already set: [FXRSTOR] IRET. Handlers: [FXSAVE] HLT; the vector follows from RIP.
 */
import { ExitReason } from "../../assembly/shared/exitReason.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { SEGMENT } from "../../src/machine/cpuState.ts";
import { createEngine, type EngineMode, emptyHost } from "../support/engine.ts";
import type { Result } from "./caseFile.ts";
import { initialImage } from "./caseFile.ts";
import type { Bits } from "./encoder.ts";
import { CODE, CODE_PAGES, IMAGE_SIZE, imageAddress, PAGE, READ_ONLY, REGIONS } from "./layout.ts";
import type { TestCase } from "./testCase.ts";

const TABLES = 0x4000;
const POINTERS = 0x5000;
const DIRECTORY = 0x6000;
const PAGE_TABLE = 0x7000;
const GDT = 0xa000;
const IDT = 0xa100;
const TSS = 0xb100;
const ENTRY = 0xc000;
const ENTRY_FX = 0xc020;
const HANDLERS = 0xc100;
const HANDLER_SIZE = 16;
const FX_IN = 0xd200;
const FX_OUT = 0xd400;
const FRAME = 0xd600;
const RING0_STACK = 0xfff0;
const PHYSICAL = 0x10_0000;

const KERNEL_CODE = 0x10;
const KERNEL_DATA = 0x18;
const USER_CODE_32 = 0x23;
const USER_DATA = 0x2b;
const USER_CODE_64 = 0x33;
const TSS_SELECTOR = 0x40;

const CR0 = 0x8005_0033; // PG, AM, WP, NE, ET, MP, PE
const CR4 = 0x620; // PAE, OSFXSR, OSXMMEXCPT
const EFER_LONG = 0xd01; // NXE, LMA, LME, SCE
const PRESENT = 1n;
const WRITABLE = 2n;
const USER = 4n;
const LARGE = 0x80n;
const NO_EXECUTE = 1n << 63n;

/** Vectors that push an error code. */
const HAS_ERROR = new Set([8, 10, 11, 12, 13, 14, 17]);

/** Far more than any case takes. */
const INSTRUCTION_LIMIT = 5000;

/** Physical address of the n-th page of the image: turned round, so that no two neighbours stay neighbours. */
const imagePage = (n: number) => PHYSICAL + 0x1_0000 + (IMAGE_SIZE / PAGE - 1 - n) * 2 * PAGE;

export class GuestError extends Error {}

export class Guest {
  private engine!: Engine;
  private readonly image = new Uint8Array(IMAGE_SIZE);
  private readonly wanted = new Uint8Array(IMAGE_SIZE);

  private constructor(
    private readonly mode: EngineMode,
    private readonly bits: Bits,
  ) {}

  static async create(mode: EngineMode, bits: Bits): Promise<Guest> {
    const guest = new Guest(mode, bits);
    await guest.restart();
    return guest;
  }

  /** A fresh engine, after one was lost to a trap or a runaway. */
  async restart(): Promise<void> {
    this.engine = await createEngine(this.mode, 4, emptyHost());
    this.writeTables();
    this.writeDescriptors();
    this.writeStubs();
    this.startCpu();
  }

  private write64(address: number, ...values: bigint[]): void {
    const bytes = Buffer.alloc(8 * values.length);
    for (const [n, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * n);
    this.engine.write(address, bytes);
  }

  /** The low 2 MB one to one for ring 0; the test's pages for the user. */
  private writeTables(): void {
    // PAE: directory pointers allow no permission bits (SDM vol. 3A 4.4.1).
    const permissions = this.bits === 64 ? PRESENT | WRITABLE | USER : PRESENT;
    if (this.bits === 64) this.write64(TABLES, BigInt(POINTERS) | permissions);
    this.write64(this.bits === 64 ? POINTERS : TABLES, BigInt(DIRECTORY) | permissions);
    this.write64(DIRECTORY, PRESENT | WRITABLE | LARGE);
    this.write64(DIRECTORY + 8 * (CODE >>> 21), BigInt(PAGE_TABLE) | PRESENT | WRITABLE | USER);
    const map = (linear: number, physical: number, bits: bigint) =>
      this.write64(PAGE_TABLE + 8 * ((linear >>> 12) & 0x1ff), BigInt(physical) | PRESENT | USER | bits);
    for (let n = 0; n < CODE_PAGES; n++) map(CODE + n * PAGE, PHYSICAL + n * 3 * PAGE, WRITABLE);
    for (let n = 0; n < IMAGE_SIZE / PAGE; n++) {
      const linear = imageAddress(n * PAGE);
      map(linear, imagePage(n), NO_EXECUTE | (linear === READ_ONLY ? 0n : WRITABLE));
    }
  }

  private writeDescriptors(): void {
    const kernelCode = this.bits === 64 ? 0x00af_9b00_0000_ffffn : 0x00cf_9b00_0000_ffffn;
    const userCode = 0x00cf_fb00_0000_ffffn;
    const userData = 0x00cf_f300_0000_ffffn;
    this.write64(GDT, 0n, 0n, kernelCode, 0x00cf_9300_0000_ffffn, userCode, userData, 0x00af_fb00_0000_ffffn, 0n);
    this.write64(GDT + TSS_SELECTOR, 0x0000_8b00_0000_0067n | (BigInt(TSS) << 16n), 0n);
    for (let vector = 0; vector < 256; vector++) {
      const at = HANDLERS + vector * HANDLER_SIZE;
      // user code may call #BP and #OF, and Linux's system call gate; all are interrupt gates
      const access = [3, 4, 0x80].includes(vector) ? 0xee : 0x8e;
      const gate = BigInt(at) | (BigInt(KERNEL_CODE) << 16n) | (BigInt(access) << 40n);
      if (this.bits === 64) this.write64(IDT + 16 * vector, gate, 0n);
      else this.write64(IDT + 8 * vector, gate);
    }
    const tss = Buffer.alloc(0x68);
    tss.writeUInt32LE(RING0_STACK, 4);
    if (this.bits === 32) tss.writeUInt32LE(KERNEL_DATA, 8);
    tss.writeUInt16LE(0x68, 0x66);
    this.engine.write(TSS, tss);
  }

  private writeStubs(): void {
    const long = this.bits === 64;
    const absolute = (opcode: number[], reg: number, at: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(at);
      return [...(long ? [0x48] : [0x36]), ...opcode, ...(long ? [(reg << 3) | 4, 0x25] : [(reg << 3) | 5]), ...bytes];
    };
    const iret = long ? [0x48, 0xcf] : [0xcf];
    // 32-bit cases may leave DS and ES null: push USER_DATA, pop DS, push, pop ES; and handlers go through SS.
    const segments = long ? [] : [0x6a, USER_DATA, 0x1f, 0x6a, USER_DATA, 0x07];
    this.engine.write(ENTRY, Uint8Array.from([...segments, ...iret]));
    this.engine.write(ENTRY_FX, Uint8Array.from([...segments, ...absolute([0x0f, 0xae], 1, FX_IN), ...iret]));
    for (let vector = 0; vector < 256; vector++)
      this.engine.write(
        HANDLERS + vector * HANDLER_SIZE,
        Uint8Array.from([...absolute([0x0f, 0xae], 0, FX_OUT), 0xf4]),
      );
  }

  private startCpu(): void {
    const { engine } = this;
    const long = this.bits === 64;
    engine.setField64(VcpuField.GDT_BASE, BigInt(GDT));
    engine.setField(VcpuField.GDT_LIMIT, TSS_SELECTOR + 15);
    engine.setField64(VcpuField.IDT_BASE, BigInt(IDT));
    engine.setField(VcpuField.IDT_LIMIT, 256 * (long ? 16 : 8) - 1);
    engine.setSegment(SEGMENT.TR, TSS_SELECTOR, TSS, 0x67, 0x8b);
    engine.setSegment(SEGMENT.CS, KERNEL_CODE, 0, 0xffff_ffff, long ? 0xa09b : 0xc09b);
    for (const segment of [SEGMENT.ES, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS])
      engine.setSegment(segment, USER_DATA, 0, 0xffff_ffff, 0xc0f3);
    engine.setSegment(SEGMENT.SS, KERNEL_DATA, 0, 0xffff_ffff, 0xc093);
    engine.setField64(VcpuField.CR4, BigInt(CR4));
    if (long) {
      engine.setField64(VcpuField.CR3, BigInt(TABLES));
      engine.setField64(VcpuField.EFER, BigInt(EFER_LONG));
      engine.setField64(VcpuField.CR0, BigInt(CR0));
      engine.stateChanged();
      return;
    }
    // PAE: its directory pointers are read when CR3 or CR0 is loaded, so the guest does it.
    engine.setField64(VcpuField.EFER, 0x800n);
    engine.setField64(VcpuField.CR0, BigInt(CR0 & 0x7fff_ffff));
    engine.stateChanged();
    engine.write(0xe000, Uint8Array.from([0x0f, 0x22, 0xd8, 0x0f, 0x22, 0xc3, 0xf4])); // mov cr3,eax; mov cr0,ebx; hlt
    engine.setField64(VcpuField.REGISTERS, BigInt(TABLES), 0);
    engine.setField64(VcpuField.REGISTERS, BigInt(CR0), 3);
    engine.setField64(VcpuField.RIP, 0xe000n);
    if (engine.run(10, false) !== ExitReason.HALT) throw new GuestError("the guest did not start");
  }

  private ram(address: number, length: number): Uint8Array {
    return new Uint8Array(this.engine.memory.buffer, MemoryMap.GUEST_RAM + address, length);
  }

  private writeImage(image: Uint8Array): void {
    for (let n = 0; n < IMAGE_SIZE / PAGE; n++)
      this.ram(imagePage(n), PAGE).set(image.subarray(n * PAGE, (n + 1) * PAGE));
  }

  run(test: TestCase): Result {
    const { engine, bits } = this;
    const word = bits / 8;
    this.writeCode(test);
    this.writeImage(initialImage(test, this.wanted));
    const frame = Buffer.alloc(5 * word);
    const values = [
      BigInt(test.at),
      bits === 64 ? USER_CODE_64 : USER_CODE_32,
      test.flags,
      test.registers[4]!,
      USER_DATA,
    ].map(BigInt);
    for (const [n, value] of values.entries()) {
      if (word === 8) frame.writeBigUInt64LE(value, 8 * n);
      else frame.writeUInt32LE(Number(value), 4 * n);
    }
    this.ram(FRAME, frame.length).set(frame);
    if (test.fx) this.ram(FX_IN, 512).set(test.fx);
    for (let i = 0; i < (bits === 64 ? 16 : 8); i++) engine.setField64(VcpuField.REGISTERS, test.registers[i]!, i);
    engine.setField64(VcpuField.REGISTERS, BigInt(FRAME), 4);
    engine.setField64(VcpuField.RIP, BigInt(test.fx ? ENTRY_FX : ENTRY));
    engine.setField(VcpuField.HALTED, 0);
    const reason = engine.run(INSTRUCTION_LIMIT, false);
    const rip = Number(engine.field64(VcpuField.RIP));
    const vector = (rip - HANDLERS) / HANDLER_SIZE;
    if (reason !== ExitReason.HALT || vector < 0 || vector >= 256)
      throw new GuestError(`the case did not end: exit reason ${reason} at ${rip.toString(16)}`);
    return this.result(test, Math.floor(vector));
  }

  /** Code bytes after the case are HLT, as on the host. */
  private writeCode(test: TestCase): void {
    for (let n = 0; n < CODE_PAGES; n++) {
      const page = CODE + n * PAGE;
      const from = Math.max(test.at, page);
      const to = Math.min(test.at + test.code.length, page + PAGE);
      if (from < to)
        this.engine.write(PHYSICAL + n * 3 * PAGE + from - page, test.code.subarray(from - test.at, to - test.at));
    }
  }

  private result(test: TestCase, vector: number): Result {
    const { engine, bits } = this;
    const word = bits / 8;
    const registers = new BigUint64Array(16);
    for (let i = 0; i < (bits === 64 ? 16 : 8); i++)
      registers[i] = BigInt.asUintN(bits, engine.field64(VcpuField.REGISTERS, i));
    const hasError = HAS_ERROR.has(vector);
    const sp = RING0_STACK - word * (hasError ? 6 : 5);
    if (Number(registers[4]) !== sp)
      throw new GuestError(`the handler's stack pointer is ${registers[4]!.toString(16)}, not ${sp.toString(16)}`);
    const stack = this.ram(sp, 6 * word);
    const view = new DataView(stack.buffer, stack.byteOffset, stack.byteLength);
    const at = (n: number) => (word === 8 ? view.getBigUint64(8 * n, true) : BigInt(view.getUint32(4 * n, true)));
    const base = hasError ? 1 : 0;
    registers[4] = at(base + 3);
    const result: Result = {
      vector,
      error: hasError ? Number(at(0)) : 0,
      cr2: engine.field64(VcpuField.CR2),
      rip: at(base),
      flags: Number(at(base + 2)),
      registers,
      memory: [],
    };
    if (test.fx) result.fx = this.ram(FX_OUT, 512).slice();
    this.readImage(result);
    return result;
  }

  private readImage(result: Result): void {
    const { image, wanted } = this;
    for (let n = 0; n < IMAGE_SIZE / PAGE; n++) image.set(this.ram(imagePage(n), PAGE), n * PAGE);
    if (Buffer.compare(image, wanted) === 0) return;
    let start = 0;
    for (const { base, size } of REGIONS) {
      for (let i = start; i < start + size; i++) {
        if (image[i] === wanted[i]) continue;
        const from = i;
        while (i < start + size && image[i] !== wanted[i]) i++;
        result.memory.push({ address: base + from - start, bytes: image.slice(from, i) });
      }
      start += size;
    }
  }
}
