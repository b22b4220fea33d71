/**
 * What the machine itself consists of: descriptors, page tables, and a stub for each vector:
 *
 *   [push 0]  push vector  out TRAP_PORT, al  add sp, 2 words  iret
 *
 * The host looks at the frame when it hears from the port, notes the trap, and changes the frame's IP: handlers run as guest code.
 */
import { le } from "../instructions/encoder.ts";
import { type Environment, PROGRAM_SELECTORS, SEGMENT_NAMES, SELECTOR, type SegmentSpec } from "./environment.ts";
import { SOFTWARE_VECTOR } from "./families/system.ts";
import type { Image } from "./image.ts";
import { physicalFrame } from "./image.ts";
import { KERNEL, type Mapping, MMIO_PHYSICAL, mappings, PAGE, PHYSICAL } from "./layout.ts";

export const TRAP_PORT = 0xe0;
export const VECTORS = 0x50;
export const INTERRUPT_VECTOR = 0x40;
/** Vectors that push an error code. */
const HAS_ERROR = new Set([8, 10, 11, 12, 13, 14, 17]);
const STUB_BYTES = 16;

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const NO_EXECUTE = 1n << 63n;

/** Bytes for a physical address. */
type Poke = (address: number, bytes: readonly number[]) => void;

/** Word size of the handlers, in bytes. */
export function kernelWord(environment: Environment): number {
  return environment.paging === "long" ? 8 : environment.paging === "legacy" ? 4 : 2;
}

/** Where the machine's own memory lies for the guest. */
export const kernelLinear = (environment: Environment, physical: number) =>
  environment.paging === "none" ? physical : KERNEL + physical;

function descriptor({ base, limit, attributes }: SegmentSpec): number[] {
  const units = attributes & 0x8000 ? limit >>> 12 : limit;
  const high = ((attributes >> 8) & 0xf0) | ((units >>> 16) & 15);
  return [...le(units & 0xffff, 2), ...le(base & 0xffffff, 3), attributes & 0xff, high, base >>> 24];
}

function writeDescriptors(environment: Environment, poke: Poke): void {
  const long = environment.paging === "long";
  const at = (selector: number, bytes: number[]) => poke(PHYSICAL.GDT + (selector & ~7), bytes);
  at(
    SELECTOR.KERNEL_CODE,
    descriptor({ selector: 0, base: 0, limit: 0xffff_ffff, attributes: long ? 0xa09b : 0xc09b }),
  );
  at(SELECTOR.KERNEL_DATA, descriptor({ selector: 0, base: 0, limit: 0xffff_ffff, attributes: 0xc093 }));
  if (!environment.v86) for (const name of SEGMENT_NAMES) at(PROGRAM_SELECTORS[name], descriptor(environment[name]));
  at(SELECTOR.TSS, [
    ...le(0x67, 2),
    ...le(KERNEL + PHYSICAL.TSS, 3),
    0x8b,
    0,
    (KERNEL + PHYSICAL.TSS) >>> 24,
    ...le(0, 8),
  ]);
  const stack = KERNEL + PHYSICAL.KERNEL_STACK;
  poke(PHYSICAL.TSS + 4, le(stack, 8));
  if (long) poke(PHYSICAL.TSS + 0x24, le(stack, 8));
  else poke(PHYSICAL.TSS + 8, le(SELECTOR.KERNEL_DATA, 4));
  poke(PHYSICAL.TSS + 0x66, le(0x68, 2));
}

function writeGates(environment: Environment, poke: Poke): void {
  const long = environment.paging === "long";
  for (let vector = 0; vector < VECTORS; vector++) {
    const handler = PHYSICAL.HANDLERS + vector * STUB_BYTES;
    if (environment.paging === "none") {
      poke(vector * 4, [...le(handler, 2), 0, 0]);
      continue;
    }
    const linear = KERNEL + handler;
    const access = [3, 4, SOFTWARE_VECTOR].includes(vector) ? 0xee : 0x8e;
    // Ring 0 of 64-bit mode takes the interrupt stack table: its own stack may be anywhere.
    const ist = long && environment.cpl === 0 ? 1 : 0;
    const gate = [...le(linear & 0xffff, 2), ...le(SELECTOR.KERNEL_CODE, 2), ist, access, ...le(linear >>> 16, 2)];
    poke(PHYSICAL.IDT + vector * (long ? 16 : 8), long ? [...gate, ...le(0, 8)] : gate);
  }
}

function writeStubs(environment: Environment, poke: Poke): void {
  const word = kernelWord(environment);
  const iret = word === 8 ? [0x48, 0xcf] : [0xcf];
  for (let vector = 0; vector < VECTORS; vector++) {
    const error = HAS_ERROR.has(vector) && word > 2 ? [] : [0x6a, 0];
    const drop = [...(word === 8 ? [0x48] : []), 0x83, 0xc4, 2 * word];
    poke(PHYSICAL.HANDLERS + vector * STUB_BYTES, [...error, 0x6a, vector, 0xe6, TRAP_PORT, ...drop, ...iret]);
  }
  poke(PHYSICAL.ENTRY, iret);
}

function pageEntry(image: Image, { frame, writable, executable }: Mapping): bigint {
  const { environment, frameSet } = image;
  const physical = frame === "MMIO" ? MMIO_PHYSICAL : physicalFrame(environment, frame, frameSet);
  const user = environment.cpl === 3 ? USER : 0;
  const noExecute = environment.paging === "long" && !executable ? NO_EXECUTE : 0n;
  return (BigInt(physical | 0) & 0xffff_f000n) | BigInt(PRESENT | (writable ? WRITABLE : 0) | user) | noExecute;
}

/** Two tables at the lowest level: the program's pages, and the machine's own. */
function writeTables(image: Image, poke: Poke): void {
  const { environment } = image;
  const long = environment.paging === "long";
  const size = long ? 8 : 4;
  const shift = long ? 21 : 22;
  const entries = long ? 0x1ff : 0x3ff;
  const top = PRESENT | WRITABLE | USER;
  const directory = long ? PHYSICAL.DIRECTORY : PHYSICAL.TABLES;
  if (long) {
    poke(PHYSICAL.TABLES, le(PHYSICAL.POINTERS | top, 8));
    poke(PHYSICAL.POINTERS, le(PHYSICAL.DIRECTORY | top, 8));
  }
  poke(directory + (environment.base >>> shift) * size, le(PHYSICAL.PROGRAM_TABLE | top, size));
  poke(directory + (KERNEL >>> shift) * size, le(PHYSICAL.KERNEL_TABLE | top, size));
  for (let page = 0; page < PHYSICAL.KERNEL_PAGES; page++)
    poke(
      PHYSICAL.KERNEL_TABLE + (((KERNEL >>> 12) + page) & entries) * size,
      le((page * PAGE) | PRESENT | WRITABLE, size),
    );
  for (const mapping of mappings(image.codeWritable))
    poke(
      PHYSICAL.PROGRAM_TABLE + (((environment.base + mapping.offset) >>> 12) & entries) * size,
      le(pageEntry(image, mapping), size),
    );
}

/** What does not depend on the program, by environment. */
const kernels = new Map<string, Uint8Array>();

const poking =
  (memory: Uint8Array): Poke =>
  (address, bytes) =>
    memory.set(bytes, address);

/** Physical memory from 0: everything but the program's pages. */
export function kernelMemory(image: Image): Uint8Array {
  const { environment } = image;
  let kernel = kernels.get(environment.name);
  if (!kernel) {
    kernel = new Uint8Array(PHYSICAL.KERNEL_PAGES * PAGE);
    const poke = poking(kernel);
    writeDescriptors(environment, poke);
    writeGates(environment, poke);
    writeStubs(environment, poke);
    kernels.set(environment.name, kernel);
  }
  const memory = kernel.slice();
  if (environment.paging !== "none") writeTables(image, poking(memory));
  return memory;
}

/** Words of the IRET frame that enters the program. */
export function entryFrame({ environment, entry, flags, registers }: Image): bigint[] {
  const { cs, ss, es, ds, fs, gs } = environment;
  const v86 = environment.v86 ? 0x2_3000 : 0; // VM, IOPL 3
  const frame = [BigInt(entry), BigInt(cs.selector), BigInt(flags | v86), registers[4]!, BigInt(ss.selector)];
  return environment.v86 ? [...frame, ...[es, ds, fs, gs].map(({ selector }) => BigInt(selector))] : frame;
}
