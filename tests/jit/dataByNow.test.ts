/** Pages that held code and are data now: stores to them become plain again, while code that still runs among data goes on. */
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { counter, dword, machine32, outcome, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
const OTHER_PAGE = 0x5000;
const DATA = 0x5800;
const ROUNDS = 20_000;

/** inc eax; ret */
const FUNCTION = [0x40, 0xc3];
/** call OTHER_PAGE; mov ecx, ROUNDS; next: inc dword [DATA]; mov [DATA + 4], ecx; dec ecx; jnz next; hlt */
const CALLED_ONCE = [
  ...[0xe8, ...dword(OTHER_PAGE - ENTRY - 5), 0xb9, ...dword(ROUNDS)],
  ...[0xff, 0x05, ...dword(DATA), 0x89, 0x0d, ...dword(DATA + 4), 0x49, 0x75, 0xf1, 0xf4],
];
/** mov ecx, ROUNDS; next: call OTHER_PAGE; mov [DATA], eax; dec ecx; jnz next; hlt */
const CALLED_ALWAYS = [
  ...[0xb9, ...dword(ROUNDS), 0xe8, ...dword(OTHER_PAGE - ENTRY - 10)],
  ...[0x89, 0x05, ...dword(DATA), 0x49, 0x75, 0xf2, 0xf4],
];

const MODES = ["off", "auto", "forced"] as const;

async function run(mode: (typeof MODES)[number], program: number[]) {
  const engine = await machine32({ mode }, ENTRY, { [ENTRY]: program, [OTHER_PAGE]: FUNCTION });
  runToHalt(engine);
  const killed = counter(engine, VcpuField.STAT_INVALIDATIONS) + counter(engine, VcpuField.STAT_JIT_INVALIDATIONS);
  const data = new Uint8Array(2);
  engine.read(DATA, data);
  return { outcome: outcome(engine), killed, data: data[0] | (data[1] << 8) };
}

it.each(MODES)("code that is left over goes, %s", async (mode) => {
  const result = await run(mode, CALLED_ONCE);
  expect(result.killed).toBe(1);
  expect(result.data).toBe(ROUNDS);
  expect(result.outcome).toBe((await run("off", CALLED_ONCE)).outcome);
});

it.each(MODES)("code that runs among data is made anew a few times only, %s", async (mode) => {
  const result = await run(mode, CALLED_ALWAYS);
  expect(result.killed).toBeGreaterThan(0);
  expect(result.killed).toBeLessThan(8);
  expect(result.data).toBe(ROUNDS);
  expect(result.outcome).toBe((await run("off", CALLED_ALWAYS)).outcome);
});
