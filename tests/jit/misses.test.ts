// Accesses that leave their region too often (jit/misses.ts): it is formed anew, and asks the engine there.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { counter, dword, machine32, outcome, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
const ROUNDS = 2_000_000;
const HLT = 0xf4;
const PAGE_END = 0x6000;
/** mov eax, [esi]; add eax, [esi + 4]; mov [esi + 8], eax; dec ebx: three accesses that are one span. */
const BODY = [0x8b, 0x06, 0x03, 0x46, 4, 0x89, 0x46, 8, 0x4b];

async function run(mode: "auto" | "off", address: number) {
  const back = [0x0f, 0x85, ...dword(-(BODY.length + 6))]; // jnz
  const start = [0xbe, ...dword(address), 0xbb, ...dword(ROUNDS)];
  const engine = await machine32({ mode }, ENTRY, { [ENTRY]: [...start, ...BODY, ...back, HLT] });
  engine.write(address, new Uint8Array([...dword(0x1234_5678), ...dword(0x0fed_cba9)]));
  runToHalt(engine);
  return { engine, dispatches: counter(engine, VcpuField.STAT_DISPATCHES), outcome: outcome(engine) };
}

it.each([
  ["on one page", PAGE_END - 12],
  ["of which one lies on two pages", PAGE_END - 6],
  ["that lie on one page and on the next", PAGE_END - 8],
])("that are %s do not go on leaving", async (_, address) => {
  const { dispatches, outcome } = await run("auto", address);
  // A dispatch for each loop's fuel, and those from before the region was formed anew: not one for each round.
  expect(dispatches).toBeLessThan(ROUNDS / 5);
  expect(outcome).toBe((await run("off", address)).outcome);
});
