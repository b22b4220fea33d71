/** Lazy flags that a region has not made itself, when the engine has looked at them and the region is left half-way. */
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { dword, machine32, runToHalt } from "./machine32.ts";

const ENTRY = 0x1000;
/** In locals, and in memory (jit/regions.ts). */
const REGIONS = [0x2000, 0x2010];
const DATA = 0x4000;
/** Beyond memory: no plain load. */
const NOWHERE = 0x0500_0000;
const [RCX, RDX, RBX, RSI, RDI] = [1, 2, 3, 6, 7];
const ARITHMETIC = 0x8d5n;

/** sar dword [esi], 1; jmp edx */
const BEFORE = [0xd1, 0x3e, 0xff, 0xe2];
/** jo next; mov eax, [NOWHERE]; pushf; pop ebx; rol edi, cl; hlt */
const BEHIND = [0x70, 0x00, 0xa1, ...dword(NOWHERE), 0x9c, 0x5b, 0xd3, 0xc7, 0xf4];

/** rol edi, 3; mov eax, [NOWHERE]; ror edi, cl; pushf; pop ebx; hlt: they change CF and OF of flags that are not known. */
const ROTATED = [0xc1, 0xc7, 0x03, 0xa1, ...dword(NOWHERE), 0xd3, 0xcf, 0x9c, 0x5b, 0xf4];

/** stc after the same rotation: it changes CF alone. */
const ROTATED_STC = [0xc1, 0xc7, 0x03, 0xa1, ...dword(NOWHERE), 0xf9, 0xa1, ...dword(NOWHERE), 0x9c, 0x5b, 0xf4];

/** lea edi, [0x186b]; test edi, 0; shl edi, cl; loopne next; pushf; pop ebx; hlt: a choice between the flags of constants. */
const CONSTANTS = [0x8d, 0x3d, ...dword(0x186b), 0xf7, 0xc7, ...dword(0), 0xd3, 0xe7, 0xe0, 0x00, 0x9c, 0x5b, 0xf4];

/**
 * mov eax, edi; mul edi; mov eax, [NOWHERE]; cmpxchg8b [esi]; setno cl; mov eax, [NOWHERE]; pushf; pop ebx; hlt: ZF over the flags of a product,
 * which the engine brings into another form to say what OF is.
 */
const PRODUCT = [
  ...[0x89, 0xf8, 0xf7, 0xe7, 0xa1, ...dword(NOWHERE), 0x0f, 0xc7, 0x0e],
  ...[0x0f, 0x91, 0xc1, 0xa1, ...dword(NOWHERE), 0x9c, 0x5b, 0xf4],
];

/** The same wherever the code lies. */
async function flagsAfter(mode: "off" | "forced", behind: number[], value: number): Promise<bigint> {
  const [inLocals, inMemory] = await Promise.all(REGIONS.map((region) => flagsAt(region, mode, behind, value)));
  expect(inMemory).toBe(inLocals);
  return inLocals as bigint;
}

async function flagsAt(region: number, mode: "off" | "forced", behind: number[], value: number): Promise<bigint> {
  const engine = await machine32({ mode }, ENTRY, { [ENTRY]: BEFORE, [region]: behind, [DATA]: dword(value) });
  engine.setField64(VcpuField.REGISTERS, BigInt(value), RDI);
  engine.setField64(VcpuField.REGISTERS, BigInt(DATA), RSI);
  engine.setField64(VcpuField.REGISTERS, BigInt(region), RDX);
  engine.setField64(VcpuField.REGISTERS, 3n, RCX);
  runToHalt(engine);
  return engine.field64(VcpuField.REGISTERS, RBX) & ARITHMETIC;
}

const VALUES = [0x76, 0x77, 0x8000_0001, 0x1234_5678, 3];

it.each(VALUES)("SAR of %i", async (value) => {
  expect(await flagsAfter("forced", BEHIND, value)).toBe(await flagsAfter("off", BEHIND, value));
});

it.each(VALUES)("CF and OF of rotations of %i over them", async (value) => {
  for (const behind of [ROTATED, ROTATED_STC])
    expect(await flagsAfter("forced", behind, value)).toBe(await flagsAfter("off", behind, value));
});

it("a choice between the flags of constants", async () => {
  expect(await flagsAfter("forced", CONSTANTS, 1)).toBe(await flagsAfter("off", CONSTANTS, 1));
});

it.each(VALUES)("ZF over those of a product of %i", async (value) => {
  expect(await flagsAfter("forced", PRODUCT, value)).toBe(await flagsAfter("off", PRODUCT, value));
});
