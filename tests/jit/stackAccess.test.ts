// Spans of accesses to the stack (assembly/jit/spans.ts): what is pushed goes where the memory map, the dirty log and code on the stack say,
// whatever the region knew of the page before. Slices of each length, so that regions are entered anew everywhere.
import { expect, it } from "vitest";
import { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import { emptyHost } from "../support/engine.ts";
import { dword, machine32, outcome } from "./machine32.ts";

const ENTRY = 0x1000;
/** A round pushes 24 bytes, half of them into the page below. */
const STACK = 0x800c;
const PUSHED = 24;
const ROUNDS = 60;
const BYTES = 0x100;
const BELOW = 7;
const RSP = 4;
const PORT = 0x80;
/** Longer than a way through the region: shorter slices are interpreted. */
const LENGTHS = [60, 71, 83, 100, 151, 333, 5000];
const MODES = ["off", "forced"] as const;

const JUMP_ON = [0xeb, 0];
const HALT = 0xf4;
/** One push in each of several blocks: push eax; jmp; push ecx; jmp; push [esp]; jmp; pop edx; jmp; push edx; jmp. */
const PUSHES = [0x50, ...JUMP_ON, 0x51, ...JUMP_ON, 0xff, 0x34, 0x24, ...JUMP_ON, 0x5a, ...JUMP_ON, 0x52, ...JUMP_ON];
const pushesAnd = (middle: number[]) => [0x40, ...PUSHES, ...middle, 0x41, ...PUSHES];

/** `body` again and again, which pushes PUSHED bytes more than it pops. */
function rounds(body: number[]): number[] {
  const loop = [...body, 0x83, 0xc4, PUSHED, 0x4e]; // add esp, PUSHED; dec esi
  const back = [0x0f, 0x85, ...dword(-(loop.length + 6))]; // jnz
  return [0xbe, ...dword(ROUNDS), ...loop, ...back, HALT];
}

/** What a write to PORT does, the `time`-th. */
type Out = (engine: Engine, time: number) => void;

/** The page below is, by turns, memory of the given kind on the video memory and what it was. */
const remap =
  (kind: MemoryKind): Out =>
  (engine, time) => {
    if (time % 2 === 1) engine.mapMemory(BELOW, 1, kind, MemoryMap.VRAM);
    else engine.mapMemory(BELOW, 1, MemoryKind.RAM, MemoryMap.GUEST_RAM + BELOW * 0x1000);
  };

async function play(mode: JitOptions["mode"], body: number[], length: number, out: Out): Promise<string> {
  let times = 0;
  const host = emptyHost({ portWrite: () => out(engine, times++) });
  const engine: Engine = await machine32({ mode }, ENTRY, { [ENTRY]: rounds(body) }, host);
  engine.setField64(VcpuField.REGISTERS, BigInt(STACK), RSP);
  const dirty: string[] = [];
  for (let slices = 0; engine.run(length, true) === 0; slices++) {
    expect(slices).toBeLessThan(2000);
    if (slices % 3 === 2) dirty.push(String(engine.takeDirtyPages(0, 0x10_0000)));
  }
  const memory = Buffer.alloc(BYTES);
  engine.read(STACK - BYTES, memory);
  const video = Buffer.from(engine.vram.slice(0x1000 - BYTES, 0x1000)).toString("hex");
  return [outcome(engine), memory.toString("hex"), video, ...dirty].join("\n");
}

const CASES: Record<string, { body: number[]; out?: Out }> = {
  "pushes over pages": { body: pushesAnd([]) },
  "the page becomes other memory in the middle of a region": {
    body: pushesAnd([0xe6, PORT]),
    out: remap(MemoryKind.RAM),
  },
  "the page becomes read-only in the middle of a region": {
    body: pushesAnd([0xe6, PORT]),
    out: remap(MemoryKind.ROM),
  },
  // push 0xc3_90_42_NN with NN 40h + bl (inc eax ... inc ebx): call esp; add esp, 4; bl = (bl + 1) & 3
  "code on the stack, another each time": {
    body: pushesAnd([0x8d, 0x83, ...dword(0xc3_90_42_40 | 0), 0x50, 0xff, 0xd4, 0x83, 0xc4, 4, 0x43, 0x83, 0xe3, 3]),
  },
};

it.each(Object.entries(CASES))("%s", async (_name, { body, out = () => undefined }) => {
  for (const length of LENGTHS) {
    const [interpreted, translated] = await Promise.all(MODES.map((mode) => play(mode, body, length, out)));
    expect(translated, `slices of ${length}`).toBe(interpreted);
  }
});
