/** Repeated MOVS and STOS, which go in runs, leave what single elements would: in both directions, overlapping, across pages. */
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { machine32 } from "../jit/machine32.ts";
import { Random } from "../support/random.ts";

const ENTRY = 0x1000;
const DATA = 0x10_0000;
const BYTES = 0x3000;
const [RAX, RCX, RSI, RDI] = [0, 1, 6, 7];
const CLD = 0xfc;
const STD = 0xfd;
const JUMP_TO_ITSELF = [0xeb, 0xfe];
const CASES = 400;

const OPCODES = { movs: { 1: [0xa4], 2: [0x66, 0xa5], 4: [0xa5] }, stos: { 1: [0xaa], 2: [0x66, 0xab], 4: [0xab] } };

function expected(
  before: Uint8Array,
  name: "movs" | "stos",
  c: { from: number; to: number; count: number; size: number; down: boolean; value: number },
) {
  const bytes = before.slice();
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < c.count; k++) {
    const step = (c.down ? -k : k) * c.size;
    for (let n = 0; n < c.size && name === "stos"; n++) view.setUint8(c.to + step + n, (c.value >>> (8 * n)) & 0xff);
    if (name === "movs") bytes.set(bytes.slice(c.from + step, c.from + step + c.size), c.to + step);
  }
  return bytes;
}

it.each(["movs", "stos"] as const)("%s", async (name) => {
  const engine = await machine32({ mode: "off" }, ENTRY, {});
  const random = new Random(5);
  for (let k = 0; k < CASES; k++) {
    const size = random.pick([1, 2, 4] as const);
    const down = random.chance(2);
    const count = random.chance(4) ? random.below(0x800 / size) : random.below(50);
    const from = 0x800 + random.below(0x1800);
    const to = random.chance(2) ? from + random.below(64) - 32 : 0x800 + random.below(0x1800);
    const value = 0x1234_5678 + k * 0x0101_0305;
    const data = Uint8Array.from({ length: BYTES }, () => random.below(256));
    engine.write(DATA, data);
    engine.write(ENTRY, Uint8Array.of(down ? STD : CLD, 0xf3, ...OPCODES[name][size], ...JUMP_TO_ITSELF));
    engine.setField64(VcpuField.RIP, BigInt(ENTRY));
    for (const [register, content] of [
      [RAX, value >>> 0],
      [RCX, count],
      [RSI, DATA + from],
      [RDI, DATA + to],
    ] as const)
      engine.setField64(VcpuField.REGISTERS, BigInt(content), register);
    engine.stateChanged();
    engine.run(10, true);
    const description = `case ${k}: ${count} of ${size} ${down ? "down" : "up"} from ${from} to ${to}`;
    const after = new Uint8Array(BYTES);
    engine.read(DATA, after);
    expect(Buffer.compare(after, expected(data, name, { from, to, count, size, down, value })), description).toBe(0);
    expect(engine.field64(VcpuField.REGISTERS, RCX), description).toBe(0n);
    const end = BigInt(DATA + to + (down ? -count : count) * size);
    expect(engine.field64(VcpuField.REGISTERS, RDI), description).toBe(end);
  }
});
