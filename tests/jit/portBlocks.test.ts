// REP INS and REP OUTS to a device that moves blocks: the same bytes, registers and order as unit by unit, over page ends, with a device
// that takes less than is offered, interpreted and in translated code.
import { expect, it } from "vitest";
import { GeneralRegister } from "../../src/bus/generalRegisters.ts";
import type { HostImports } from "../../src/core/engine.ts";
import { generalRegisters } from "../../src/machine/cpuState.ts";
import { emptyHost } from "../support/engine.ts";
import { dword, machine32, runToHalt } from "./machine32.ts";

const CODE = 0x1000;
const TARGET = 0x5ffa;
const WORDS = 1500;
const ROUNDS = 60;
const PORT = 0x1f0;
const BLOCK_BYTES = 512;

/** ROUNDS times: reads WORDS words to TARGET, and writes them back to the port. */
function program(): number[] {
  const body = [
    ...[0xba, ...dword(PORT)], // mov edx, PORT
    ...[0xbf, ...dword(TARGET)], // mov edi, TARGET
    ...[0xb9, ...dword(WORDS)], // mov ecx, WORDS
    ...[0xfc, 0xf3, 0x66, 0x6d], // cld; rep insw
    ...[0x89, 0xfb], // mov ebx, edi
    ...[0xbe, ...dword(TARGET)], // mov esi, TARGET
    ...[0xb9, ...dword(WORDS)], // mov ecx, WORDS
    ...[0xf3, 0x66, 0x6f], // rep outsw
    0x4d, // dec ebp
  ];
  const jump = [0x0f, 0x85, ...dword(-(body.length + 6))]; // jnz
  return [0xbd, ...dword(ROUNDS), ...body, ...jump, 0xf4]; // mov ebp, ROUNDS ... hlt
}

/** Counts up as it is read, notes what it is written, and begins a block anew each BLOCK_BYTES. */
class CountingPort {
  readonly written: number[] = [];
  blocks = 0;
  private given = 0;

  host(inBlocks: boolean): HostImports {
    return emptyHost({
      portRead: () => this.next(),
      portWrite: (_port, value) => void this.written.push(value),
      ...(inBlocks && {
        portReadBlock: (_port, _size, target) => {
          this.blocks++;
          const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
          const length = Math.min(target.length, this.rest);
          for (let at = 0; at < length; at += 2) view.setUint16(at, this.next(), true);
          return length;
        },
        portWriteBlock: (_port, _size, source) => {
          const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
          const length = Math.min(source.length, BLOCK_BYTES);
          for (let at = 0; at < length; at += 2) this.written.push(view.getUint16(at, true));
          return length;
        },
      }),
    });
  }

  private get rest(): number {
    return BLOCK_BYTES - ((this.given * 2) % BLOCK_BYTES);
  }

  private next(): number {
    return (Math.imul(this.given++, 0x9e37) >>> 3) & 0xffff;
  }
}

async function outcome(mode: "off" | "auto" | "forced", inBlocks: boolean) {
  const port = new CountingPort();
  const engine = await machine32({ mode }, CODE, { [CODE]: program() }, port.host(inBlocks));
  runToHalt(engine);
  const memory = new Uint8Array(WORDS * 2);
  engine.read(TARGET, memory);
  const registers = generalRegisters(engine);
  const { ECX, EBX, ESI } = GeneralRegister;
  return { port, memory, registers: [ECX, EBX, ESI].map((register) => registers.get(register)) };
}

it.each(["off", "auto", "forced"] as const)("are as units one by one, with translation %s", async (mode) => {
  const [units, blocks] = [await outcome(mode, false), await outcome(mode, true)];
  expect(blocks.port.blocks).toBeGreaterThan((ROUNDS * WORDS * 2) / BLOCK_BYTES);
  expect(blocks.memory).toEqual(units.memory);
  expect(blocks.port.written).toEqual(units.port.written);
  expect(blocks.port.written).toHaveLength(ROUNDS * WORDS);
  expect(blocks.registers).toEqual([0, TARGET + WORDS * 2, TARGET + WORDS * 2]);
  expect(blocks.registers).toEqual(units.registers);
});
