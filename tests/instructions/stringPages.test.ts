/**
 * Repeated MOVS and STOS in 64-bit mode through page tables, where elements lie on two pages whose frames are apart, shared or
 * missing: memory, registers and CR2 are those of single elements.
 */
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { createEngine, ENGINE_MODES, emptyHost } from "../support/engine.ts";
import { Random } from "../support/random.ts";

const PAGE = 0x1000;
const CODE = 0x1000;
const SNIPPET = 16;
const HANDLER = 0x3000;
const TABLES = 0x1_0000;
const IDT = 0x2_0000;
const GDT = 0x2_1000;
const STACK = 0x3_0000;
/** Linear pages of data, and the first of their frames. */
const DATA = 0x10_0000;
const FRAMES = 0x20_0000;
const PAGES = 8;
const PRESENT = 1;
const WRITABLE = 2;
const PAGE_FAULT = 14;
const LONG_CODE = 0xa09b;
const JUMP_TO_ITSELF = [0xeb, 0xfe];
const [RAX, RCX, RSP, RSI, RDI] = [0, 1, 4, 6, 7];
const MAPPINGS = 8;
const CASES = 60;

interface Page {
  frame: number;
  rights: number;
}

interface Case {
  moves: boolean;
  size: number;
  down: boolean;
  count: number;
  from: number;
  to: number;
}

const SIZES = [1, 2, 4, 8] as const;

/** Where the code of a case is; with its bytes. */
function snippet({ moves, size, down }: Pick<Case, "moves" | "size" | "down">): { address: number; bytes: number[] } {
  const number = (SIZES.indexOf(size as 1) << 2) | (Number(moves) << 1) | Number(down);
  const prefix = size === 2 ? [0x66] : [];
  const rex = size === 8 ? [0x48] : [];
  const opcode = (moves ? 0xa4 : 0xaa) | Number(size > 1);
  const bytes = [down ? 0xfd : 0xfc, 0xf3, ...prefix, ...rex, opcode, ...JUMP_TO_ITSELF];
  return { address: CODE + number * SNIPPET, bytes };
}

function quadwords(...values: bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

async function machine(mode: (typeof ENGINE_MODES)[number], pages: Page[]): Promise<Engine> {
  const engine = await createEngine(mode, 4, emptyHost());
  for (let level = 0; level < 3; level++)
    engine.write(TABLES + level * PAGE, quadwords(BigInt(TABLES + (level + 1) * PAGE) | 3n));
  const low = Array.from({ length: DATA / PAGE - 1 }, (_, k) => BigInt(k * PAGE) | 3n);
  const data = pages.map(({ frame, rights }) => BigInt(FRAMES + frame * PAGE) | BigInt(rights));
  engine.write(TABLES + 3 * PAGE, quadwords(...low, 0n, ...data));
  engine.write(GDT, quadwords(0n, 0x00af_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn));
  engine.write(IDT + PAGE_FAULT * 16, quadwords(0x8e00_0008_0000n | BigInt(HANDLER), 0n));
  engine.write(HANDLER, Uint8Array.from(JUMP_TO_ITSELF));
  for (const size of SIZES)
    for (const moves of [false, true])
      for (const down of [false, true]) {
        const { address, bytes } = snippet({ moves, size, down });
        engine.write(address, Uint8Array.from(bytes));
      }
  engine.setField64(VcpuField.CR3, BigInt(TABLES));
  engine.setField64(VcpuField.CR4, 0x20n);
  engine.setField64(VcpuField.EFER, 0x500n);
  engine.setField64(VcpuField.CR0, 0x8001_0011n);
  engine.setField64(VcpuField.GDT_BASE, BigInt(GDT));
  engine.setField(VcpuField.GDT_LIMIT, 23);
  engine.setField64(VcpuField.IDT_BASE, BigInt(IDT));
  engine.setField(VcpuField.IDT_LIMIT, 0xfff);
  engine.setSegment(1, 8, 0, 0xffff_ffff, LONG_CODE);
  for (const segment of [0, 2, 3]) engine.setSegment(segment, 16, 0, 0xffff_ffff, 0xc093);
  engine.stateChanged();
  return engine;
}

/** The same by single elements, on `frames`; the linear address that faulted, or 0, and how many were done. */
function expected(c: Case, pages: Page[], frames: Uint8Array, value: Uint8Array): { done: number; fault: number } {
  for (let done = 0; done < c.count; done++) {
    const step = (c.down ? -done : done) * c.size;
    const places = (start: number) =>
      Array.from({ length: c.size }, (_, k) => {
        const offset = start + step + k - DATA;
        const { frame, rights } = pages[Math.floor(offset / PAGE)] ?? { frame: 0, rights: 0 };
        return { linear: DATA + offset, at: frame * PAGE + (offset & (PAGE - 1)), rights };
      });
    const source = c.moves ? places(c.from) : [];
    const target = places(c.to);
    const missing =
      source.find(({ rights }) => !(rights & PRESENT)) ?? target.find(({ rights }) => rights !== (PRESENT | WRITABLE));
    if (missing) return { done, fault: missing.linear };
    const element = c.moves ? source.map(({ at }) => frames[at] ?? 0) : [...value];
    target.forEach(({ at }, k) => {
      frames[at] = element[k] ?? 0;
    });
  }
  return { done: c.count, fault: 0 };
}

function randomCase(random: Random): Case {
  const size = random.pick(SIZES);
  // Mostly so that the ends of pages are near.
  const place = () => DATA + PAGE + random.below(PAGES - 2) * PAGE + random.below(random.chance(2) ? 16 : PAGE) - 8;
  const from = place();
  const to = random.chance(2) ? from + random.below(2 * size + 33) - size - 16 : place();
  const count = random.chance(2) ? random.below(40) : random.below(Math.floor((3 * PAGE) / size));
  return { moves: !random.chance(3), size, down: random.chance(2), count, from, to };
}

function randomPages(random: Random): Page[] {
  return Array.from({ length: PAGES }, () => {
    const rights = random.chance(8) ? 0 : random.chance(8) ? PRESENT : PRESENT | WRITABLE;
    return { frame: random.below(PAGES), rights };
  });
}

it.each(ENGINE_MODES)("%s", async (mode) => {
  const random = new Random(11);
  for (let mapping = 0; mapping < MAPPINGS; mapping++) {
    const pages = randomPages(random);
    const engine = await machine(mode, pages);
    for (let k = 0; k < CASES; k++) {
      const c = randomCase(random);
      const frames = Uint8Array.from({ length: PAGES * PAGE }, () => random.below(256));
      const value = quadwords(random.chance(3) ? 0n : 0x8877_6655_4433_2211n * BigInt(k));
      engine.write(FRAMES, frames);
      const registers: [number, bigint][] = [
        [RAX, new DataView(value.buffer).getBigUint64(0, true)],
        [RCX, BigInt(c.count)],
        [RSI, BigInt(c.from)],
        [RDI, BigInt(c.to)],
        [RSP, BigInt(STACK)],
      ];
      for (const [register, content] of registers) engine.setField64(VcpuField.REGISTERS, content, register);
      engine.setField64(VcpuField.CR2, 0n);
      engine.setField64(VcpuField.RIP, BigInt(snippet(c).address));
      engine.stateChanged();
      engine.run(20, true);
      const { done, fault } = expected(c, pages, frames, value.subarray(0, c.size));
      const after = new Uint8Array(PAGES * PAGE);
      engine.read(FRAMES, after);
      const moved = BigInt((c.down ? -done : done) * c.size);
      const description = `mapping ${mapping}, case ${k}: ${JSON.stringify(c)}`;
      expect(Number(engine.field64(VcpuField.CR2)), description).toBe(fault);
      expect(Number(engine.field64(VcpuField.REGISTERS, RCX)), description).toBe(c.count - done);
      expect(engine.field64(VcpuField.REGISTERS, RDI), description).toBe(BigInt(c.to) + moved);
      expect(engine.field64(VcpuField.REGISTERS, RSI), description).toBe(BigInt(c.from) + (c.moves ? moved : 0n));
      expect(Buffer.compare(after, frames), description).toBe(0);
    }
  }
});
