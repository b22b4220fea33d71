// A port handler that reads and writes general registers, as the VMware backdoor does: it sees them as they are at the IN, and the
// guest goes on with what it has written, interpreted and in translated code.
import { expect, it } from "vitest";
import { GeneralRegister, type GeneralRegisters } from "../../src/bus/generalRegisters.ts";
import type { Engine } from "../../src/core/engine.ts";
import { generalRegisters } from "../../src/machine/cpuState.ts";
import { emptyHost } from "../support/engine.ts";
import { dword, machine32, runToHalt } from "./machine32.ts";

const { EAX, EBX, ECX, EDX, ESI, EDI } = GeneralRegister;
const GIVEN = [EAX, EBX, ECX, EDX, ESI, EDI] as const;
const WRITTEN = [EBX, ECX, EDX, ESI, EDI] as const;
const CODE = 0x1000;
const SUM = 0x9000;
const PORT = 0x5658;
const ROUNDS = 500;

/** MOD RM of `add [disp32], register`. */
const addTo = (address: number, register: number) => [0x01, 0x05 | (register << 3), ...dword(address)];

function program(): number[] {
  const body = [
    ...[0x89, 0xe8], // mov eax, ebp
    ...[0x8d, 0x5d, 0x07], // lea ebx, [ebp + 7]
    ...[0x8d, 0x0c, 0xad, ...dword(0)], // lea ecx, [ebp * 4]
    ...[0xba, ...dword(PORT)], // mov edx, PORT
    ...[0xbe, ...dword(1)], // mov esi, 1
    ...[0x8d, 0x7d, 0xff], // lea edi, [ebp - 1]
    0xed, // in eax, dx
    ...GIVEN.flatMap((register) => addTo(SUM + 4 * register, register)),
    0x4d, // dec ebp
  ];
  const jump = [0x0f, 0x85, ...dword(-(body.length + 6))]; // jnz
  return [0xbd, ...dword(ROUNDS), ...body, ...jump, 0xf4]; // mov ebp, ROUNDS ... hlt
}

const answer = (round: number, register: number) => Math.imul(round + register, 0x9e37_79b1) >>> 0;

it.each(["off", "auto", "forced"] as const)("is served with translation %s", async (mode) => {
  const seen: number[][] = [];
  let registers!: GeneralRegisters;
  const host = emptyHost({
    portRead: () => {
      seen.push(GIVEN.map((register) => registers.get(register)));
      const round = registers.get(EAX);
      for (const register of WRITTEN) registers.set(register, answer(round, register));
      return answer(round, EAX) | 0;
    },
  });
  const engine: Engine = await machine32({ mode }, CODE, { [CODE]: program() }, host);
  registers = generalRegisters(engine);
  runToHalt(engine);
  const rounds = Array.from({ length: ROUNDS }, (_, index) => ROUNDS - index);
  expect(seen).toEqual(rounds.map((round) => [round, round + 7, round * 4, PORT, 1, round - 1]));
  const sums = new Uint8Array(32);
  engine.read(SUM, sums);
  for (const register of GIVEN) {
    const sum = rounds.reduce((total, round) => (total + answer(round, register)) >>> 0, 0);
    expect(new DataView(sums.buffer).getUint32(register * 4, true)).toBe(sum);
  }
});
