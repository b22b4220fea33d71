/** A program with addresses: its bytes, what the machine starts with, and where execution goes on after a fault. */
import { le } from "../instructions/encoder.ts";
import { double, extended, FX, fxImage, single, tags } from "../instructions/fpState.ts";
import { Random } from "../support/random.ts";
import { type Environment, offsetIn } from "./environment.ts";
import { CODE, CODE_PAGES, CONTROL, FRAMES, type Frame, frameAddress, PAGE, STACK_TOP } from "./layout.ts";
import type { Context, Insn, Label, Variant } from "./program.ts";

export interface Image {
  environment: Environment;
  frameSet: number;
  codeWritable: boolean;
  /** Contents of each frame. */
  frames: Map<Frame, Uint8Array>;
  /** IP of the first instruction. */
  entry: number;
  head: number;
  halt: number;
  registers: BigUint64Array;
  flags: number;
  /** IPs of instructions that are left, in order, and of the ends of their blocks. */
  places: Place[];
  seed: number;
}

export interface Place {
  insn: Insn;
  ip: number;
  bytes: number[];
  /** IP of the next instruction, and of the first one of the next block. */
  next: number;
  nextBlock: number;
}

/** Physical address of `frame` for a program: in real mode that is the linear one. */
export function physicalFrame(environment: Environment, frame: Frame, set: number): number {
  if (environment.paging !== "none") return frameAddress(frame, set);
  return REAL_FRAMES[frame];
}

/** Real mode has no aliases: the frames that only those show lie where nobody looks. */
const REAL_FRAMES: Record<Frame, number> = {
  C0: 0x2_0000,
  C1: 0x2_1000,
  C2: 0x2_2000,
  C1_OTHER: 0x5_0000,
  D0: 0x3_1000,
  D1: 0x3_2000,
  READ_ONLY: 0x3_3000,
  D2: 0x3_4000,
  D3: 0x5_1000,
  CONTROL: 0x3_6000,
  S0: 0x4_1000,
  S1: 0x4_2000,
};

/** Physical address of the code byte at `ip`. */
export function codeAddress({ environment, frameSet }: Image, ip: number): number {
  const offset = ip - offsetIn(environment, "cs", CODE);
  const frame = (["C0", "C1", "C2"] as const)[Math.floor(offset / PAGE)]!;
  return physicalFrame(environment, frame, frameSet) + (offset % PAGE);
}

const CODE_BYTES = CODE_PAGES * PAGE;

/** Gives each instruction its IP: lengths first, then bytes. */
function place({ program, dropped }: Variant, frameSet: number): { places: Place[]; ips: number[] } {
  const { environment, insns, start } = program;
  const nowhere: Context = { ip: () => start, frame: () => 0 };
  const ips: number[] = [];
  let at = offsetIn(environment, "cs", CODE) + start;
  for (const [n, insn] of insns.entries()) {
    ips.push(at);
    if (!dropped.has(n)) at += insn.encode(at, nowhere).length;
  }
  ips.push(at);
  const ip = (label: Label) => ips[Math.min(label.index, insns.length)]!;
  const context: Context = { ip, frame: (frame) => physicalFrame(environment, frame, frameSet) };
  const places: Place[] = [];
  for (const [n, insn] of insns.entries()) {
    if (dropped.has(n)) continue;
    const bytes = insn.encode(ips[n]!, context);
    if (bytes.length !== ips[n + 1]! - ips[n]!) throw new Error(`the length of "${insn.text}" changes with its labels`);
    places.push({ insn, ip: ips[n]!, bytes, next: ips[n + 1]!, nextBlock: 0 });
  }
  let nextBlock = at;
  for (let n = places.length - 1; n >= 0; n--) {
    const { insn, next } = places[n]!;
    if (n + 1 < places.length && places[n + 1]!.insn.block !== insn.block) nextBlock = next;
    places[n]!.nextBlock = nextBlock;
  }
  return { places, ips };
}

/** Code of all pages, and of the second one's other version: the same with other immediates. */
function codeBytes(places: readonly Place[], base: number): { code: Uint8Array; other: Uint8Array } {
  const code = new Uint8Array(CODE_BYTES).fill(0xf4);
  const other = code.slice();
  for (const { insn, ip, bytes } of places) {
    const at = ip - base;
    if (at + bytes.length > CODE_BYTES) throw new Error("the program is too long for its pages");
    code.set(bytes, at);
    const changed = Uint8Array.from(bytes);
    const patch = insn.patches[0];
    if (patch && patch.values.length === 0) changed[bytes.length - patch.fromEnd]! ^= 0x15;
    other.set(changed, at);
  }
  return { code, other };
}

/** Numbers of all kinds: integers, singles, doubles, extended, edge values, in 16-byte slots. */
function makePool(): Uint8Array {
  const r = new Random(0xda7a);
  const pool = r.bytes(POOL_BYTES);
  for (let at = 0; at < POOL_BYTES; at += 16) {
    const kind = r.below(6);
    if (kind === 0)
      pool.set(
        [1, 2, 3, 4].flatMap(() => le(single(r), 4)),
        at,
      );
    else if (kind === 1)
      pool.set(
        [1, 2].flatMap(() => le(double(r), 8)),
        at,
      );
    else if (kind === 2) pool.set(extended(r, true), at);
    else if (kind === 3)
      pool.set(
        [1, 2, 3, 4].flatMap(() => le(r.below(512) - 256, 4)),
        at,
      );
  }
  return pool;
}

const POOL_BYTES = 0x4_0000;
const POOL = makePool();

/** A piece of the pool. */
function dataPage(r: Random): Uint8Array {
  const at = 16 * r.below((POOL_BYTES - PAGE) / 16);
  return POOL.subarray(at, at + PAGE);
}

const ROUNDINGS = [0, 0, 0x2000, 0x4000, 0x6000];

/** MXCSR values at CONSTANTS, x87 control words 16 bytes on. */
function constants(r: Random): number[] {
  const mxcsr = () => {
    const masks = r.chance(8) ? r.u32() & 0x1f80 : 0x1f80;
    return masks | r.pick(ROUNDINGS) | (r.chance(4) ? 0x8000 : 0) | (r.chance(4) ? 0x40 : 0);
  };
  const control = () =>
    0x40 | r.pick([0x300, 0x300, 0x200, 0]) | (r.below(4) << 10) | (r.chance(8) ? r.below(0x40) : 0x3f);
  return [...[0, 1, 2, 3].flatMap(() => le(mxcsr(), 4)), ...[0, 1, 2, 3].flatMap(() => le(control(), 4))];
}

function fpuState(r: Random): Uint8Array {
  const top = r.below(8);
  const image = fxImage(r, {
    contents: r.pick(["integer", "single", "double"]),
    fsw: top << 11,
    ftw: tags(top, r.below(6)),
  });
  const view = new DataView(image.buffer);
  view.setUint16(FX.FCW, 0x37f, true);
  return image;
}

function controlPage(variant: Variant, r: Random, ips: readonly number[]): Uint8Array {
  const { program, iterations, contents } = variant;
  const page = new Uint8Array(PAGE);
  page.set(le(iterations, 4), CONTROL.COUNTER);
  for (let n = 0; n < CONTROL.GUARD_COUNT; n++) page.set(le(1 + r.below(12), 4), CONTROL.GUARDS + 4 * n);
  const word = program.environment.bits / 8;
  for (const [n, label] of program.tables.entries())
    page.set(le(ips[Math.min(label.index, program.insns.length)]!, word), CONTROL.TABLES + n * word);
  page.set(
    contents ? constants(r) : [...Array(4).fill(le(0x1f80, 4)), ...Array(4).fill(le(0x37f, 4))].flat(),
    CONTROL.CONSTANTS,
  );
  page.set(contents ? fpuState(r) : fxImage(new Random(1)), CONTROL.FX_IN);
  return page;
}

const ARITHMETIC_FLAGS = 0x8d5;

export function makeImage(variant: Variant, frameSet: number): Image {
  const { program, contents } = variant;
  const { environment } = program;
  const r = new Random(contents);
  const { places, ips } = place(variant, frameSet);
  const { code, other } = codeBytes(places, offsetIn(environment, "cs", CODE));
  const frames = new Map<Frame, Uint8Array>();
  for (const [n, name] of (["C0", "C1", "C2"] as const).entries())
    frames.set(name, code.subarray(n * PAGE, (n + 1) * PAGE));
  frames.set("C1_OTHER", other.subarray(PAGE, 2 * PAGE));
  frames.set("CONTROL", controlPage(variant, r, ips));
  for (const frame of FRAMES) if (!frames.has(frame)) frames.set(frame, contents ? dataPage(r) : new Uint8Array(PAGE));
  const registers = new BigUint64Array(16);
  for (let n = 0; n < (environment.bits === 64 ? 16 : 8); n++)
    registers[n] = contents
      ? BigInt.asUintN(environment.bits === 64 ? 64 : 32, r.chance(2) ? r.u64() : BigInt(r.below(1000)))
      : 0n;
  registers[4] = BigInt(offsetIn(environment, "ss", STACK_TOP));
  const at = (label: Label) => ips[label.index]!;
  return {
    environment,
    frameSet,
    codeWritable: program.codeWritable,
    frames,
    entry: ips[0]!,
    head: at(program.head),
    halt: at(program.halt),
    registers,
    flags: 0x202 | (r.u32() & ARITHMETIC_FLAGS),
    places,
    seed: program.seed,
  };
}
