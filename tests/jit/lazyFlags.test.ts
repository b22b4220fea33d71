/** Lazy flags that a region has not made itself, when the engine has looked at them and the region is left half-way. */
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { dword, machine32, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
const REGION = 0x2000;
const DATA = 0x4000;
/** Beyond memory: no plain load. */
const NOWHERE = 0x0500_0000;
const [RCX, RDX, RBX, RSI] = [1, 2, 3, 6];
const ARITHMETIC = 0x8d5n;

/** sar dword [esi], 1; jmp edx */
const BEFORE = [0xd1, 0x3e, 0xff, 0xe2];
/** jo next; mov eax, [NOWHERE]; pushf; pop ebx; rol edi, cl; hlt */
const BEHIND = [0x70, 0x00, 0xa1, ...dword(NOWHERE), 0x9c, 0x5b, 0xd3, 0xc7, 0xf4];

async function flagsAfter(mode: "off" | "forced", value: number): Promise<bigint> {
  const engine = await machine32({ mode }, ENTRY, { [ENTRY]: BEFORE, [REGION]: BEHIND, [DATA]: dword(value) });
  engine.setField64(VcpuField.REGISTERS, BigInt(DATA), RSI);
  engine.setField64(VcpuField.REGISTERS, BigInt(REGION), RDX);
  engine.setField64(VcpuField.REGISTERS, 3n, RCX);
  runToHalt(engine);
  return engine.field64(VcpuField.REGISTERS, RBX) & ARITHMETIC;
}

it.each([0x76, 0x77, 0x8000_0001, 0x1234_5678, 3])("SAR of %i", async (value) => {
  expect(await flagsAfter("forced", value)).toBe(await flagsAfter("off", value));
});
