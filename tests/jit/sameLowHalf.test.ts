/** Two functions 4 GiB apart share a place of the jump cache, which knows the low half of an address: each call runs its own. */
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { ENGINE_MODES } from "../support/engine.ts";
import { machine64, USER_PAGE } from "./machine64.ts";

const ROUNDS = 3000;
const LOW = 0x6000;
const HIGH = 2n ** 32n + BigInt(LOW);
/** The table that machine64 has for the lowest 512 GiB, and a page directory for the fifth of them, whose first 2 MiB are those of USER_PAGE. */
const POINTERS = 0x1_1000;
const DIRECTORY = 0x1_3000;

const qword = (value: bigint) => [...new Uint8Array(BigUint64Array.of(value).buffer)];
const dword = (value: number) => qword(BigInt(value)).slice(0, 4);

/** xor eax, eax; xor edx, edx; mov ecx, ROUNDS; mov rsi, LOW; mov rdi, HIGH; next: call rsi; call rdi; dec ecx; jnz next; hlt */
const PROGRAM = [
  ...[0x31, 0xc0, 0x31, 0xd2, 0xb9, ...dword(ROUNDS), 0x48, 0xbe, ...qword(BigInt(LOW)), 0x48, 0xbf, ...qword(HIGH)],
  ...[0xff, 0xd6, 0xff, 0xd7, 0xff, 0xc9, 0x75, 0xf8, 0xf4],
];
/** inc eax; ret */
const AT_LOW = Uint8Array.of(0xff, 0xc0, 0xc3);
/** add edx, 3; ret */
const AT_HIGH = Uint8Array.of(0x83, 0xc2, 0x03, 0xc3);

it.each(ENGINE_MODES)("%s", async (mode) => {
  const engine = await machine64(mode, PROGRAM, 0n);
  engine.write(POINTERS + 8 * 4, Uint8Array.from(qword(BigInt(DIRECTORY) | 7n)));
  engine.write(DIRECTORY, Uint8Array.from(qword(BigInt(USER_PAGE) | 0x83n)));
  engine.write(LOW, AT_LOW);
  engine.write(USER_PAGE + LOW, AT_HIGH);
  while (engine.field(VcpuField.HALTED) === 0) engine.run(1000, false);
  const [eax, edx] = [0, 2].map((index) => Number(engine.field64(VcpuField.REGISTERS, index)));
  expect([eax, edx]).toEqual([ROUNDS, 3 * ROUNDS]);
});
