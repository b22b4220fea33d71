// Regions that are formed anew (jit/widening.ts): they hold the functions that are called, whatever the TLB knows of their pages and wherever
// the CPU is when the queue is due; and loops that run long, however seldom they are entered.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { counter, dword, machine32, outcome, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
const FIRST = 0x2000;
const SECOND = 0x3000;
const FAR = 0x4000;
const GDT = 0x5000;
const DESCRIPTOR_TABLE = 0x6000;
const HLT = 0xf4;
const RET = 0xc3;
const [INC_EAX, INC_EDX] = [0x40, 0x42];

const call = (from: number, to: number) => [0xe8, ...dword(to - from - 5)];
const word = (value: number) => dword(value).slice(0, 2);

/** Transfers between regions in each of the rounds that EBX counts down, once half of them are over. */
async function transfersPerRound(rounds: number, code: Record<number, number[]>): Promise<number> {
  const engine = await machine32({ mode: "auto" }, ENTRY, code);
  while (roundsLeft(engine) === 0 || roundsLeft(engine) > rounds / 2) engine.run(10_000, false);
  const [before, from] = [transfers(engine), roundsLeft(engine)];
  runToHalt(engine);
  return (transfers(engine) - before) / from;
}

const roundsLeft = (engine: Engine) => Number(engine.field64(VcpuField.REGISTERS, 3));
const transfers = (engine: Engine) =>
  counter(engine, VcpuField.STAT_CHAINED) + counter(engine, VcpuField.STAT_DISPATCHES);

it("hold functions whose pages are in no TLB", async () => {
  const rounds = 100_000;
  const body = [
    ...[0x0f, 0x22, 0xd8], // mov cr3, eax: empties the TLB
    ...call(ENTRY + 8, FIRST),
    0x4b, // dec ebx
  ];
  const perRound = await transfersPerRound(rounds, {
    [ENTRY]: [0xbb, ...dword(rounds), ...body, 0x0f, 0x85, ...dword(-(body.length + 6)), HLT],
    [FIRST]: [INC_EDX, ...call(FIRST + 1, SECOND), INC_EDX, RET],
    // mov ecx, 400; dec ecx; jnz: the queue is due after some million instructions
    [SECOND]: [0xb9, ...dword(400), 0x49, 0x75, 0xfd, RET],
  });
  // MOV CR3 goes by the run loop; the calls and returns of narrow regions would be five more.
  expect(perRound).toBeLessThan(2.5);
});

it("are made of code that hardly runs when the queue is due", async () => {
  const rounds = 100_000;
  const descriptor = (flags: number) => [0xff, 0xff, 0, 0, 0, 0x9b, flags, 0];
  const loop = ENTRY + 12;
  const body = [
    ...call(loop, FIRST),
    ...[0xea, ...dword(FAR), ...word(16)], // jmp far to code of 16 bits
  ];
  const back = loop + body.length;
  const perRound = await transfersPerRound(rounds, {
    [GDT]: [...Array<number>(8).fill(0), ...descriptor(0xcf), ...descriptor(0x8f)],
    [DESCRIPTOR_TABLE]: [...word(23), ...dword(GDT)],
    [ENTRY]: [
      ...[0x0f, 0x01, 0x15, ...dword(DESCRIPTOR_TABLE), 0xbb, ...dword(rounds), ...body],
      ...[0x4b, 0x0f, 0x85, ...dword(-(body.length + 7)), HLT],
    ],
    [FIRST]: [INC_EAX, ...call(FIRST + 1, SECOND), INC_EAX, RET],
    [SECOND]: [INC_EAX, RET],
    // mov cx, 400; dec cx; jnz; then back to the DEC EBX
    [FAR]: [0xb9, ...word(400), 0x49, 0x75, 0xfd, 0x66, 0xea, ...dword(back), ...word(8)],
  });
  // There and back by far jumps; the calls of a narrow region would be two more.
  expect(perRound).toBeLessThan(2.5);
});

/** A loop of more than a hundred blocks, the last of which call: both ways at each of its bits of EBX are taken. */
function longLoop(rounds: number): number[] {
  const bytes = [0xbb, ...dword(rounds)];
  const start = bytes.length;
  const skipUnless = (bit: number, then: number[]) => {
    bytes.push(0xf7, 0xc3, ...dword(2 ** (bit % 16)), 0x74, then.length, ...then); // test ebx, bit; jz over
  };
  for (let bit = 0; bit < 40; bit++) skipUnless(bit, [INC_EAX]);
  for (let bit = 0; bit < 8; bit++) skipUnless(bit, call(ENTRY + bytes.length + 8, FIRST));
  return [...bytes, 0x4b, 0x0f, 0x85, ...dword(start - bytes.length - 7), HLT];
}

it("hold a hundred blocks, with the returns to those at the end", async () => {
  const rounds = 200_000;
  const code = { [ENTRY]: longLoop(rounds), [FIRST]: [INC_EDX, RET] };
  expect(await transfersPerRound(rounds, code)).toBeLessThan(0.1);

  const outcomes = (["off", "auto"] as const).map(async (mode) => {
    const engine = await machine32({ mode }, ENTRY, code);
    runToHalt(engine);
    return outcome(engine);
  });
  const [interpreted, translated] = await Promise.all(outcomes);
  expect(translated).toBe(interpreted);
});

it.each([
  ["a loop that runs for long", 10_000_000, 2],
  ["one that does not", 300_000, 1],
])("are made of %s", async (_, rounds, times) => {
  const loop = [0x4b, 0x75, 0xfd]; // dec ebx; jnz
  const engine = await machine32({ mode: "auto" }, ENTRY, { [ENTRY]: [0xbb, ...dword(rounds), ...loop, HLT] });
  runToHalt(engine);
  // DEC and JNZ, each time that they are translated.
  expect(counter(engine, VcpuField.STAT_GUEST_INSTRUCTIONS)).toBe(2 * times);
});
