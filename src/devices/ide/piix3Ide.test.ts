import { describe, expect, it } from "vitest";
import type { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { Random } from "../conformance/fuzzTraffic.ts";
import { Command } from "./ataRegisters.ts";
import { Packet } from "./packetCommands.ts";
import { enableIde, IdeDriver, newIde, PRIMARY, pattern, SECONDARY, TestMedium } from "./testing.ts";

const DRIVES = [
  { index: 0, media: "disk" },
  { index: 1, media: "disk" },
  { index: 2, media: "cdrom" },
] as const;

function fresh(env: ConformanceEnv) {
  const media = [
    new TestMedium(pattern(0x8000)),
    new TestMedium(pattern(0x4000)),
    new TestMedium(pattern(0x8000), true),
  ];
  return newIde(env, DRIVES, media);
}

describeDevice(
  "Piix3Ide",
  (env) => fresh(env).ide,
  (_device, env) => {
    enableIde(env);
    const [disk, cdrom] = [new IdeDriver(env, PRIMARY), new IdeDriver(env, SECONDARY)];
    disk.command28(Command.WriteSectors, 3, 2);
    disk.writeData(new Uint8Array(700).fill(7));
    cdrom.out(6, 0);
    cdrom.packet([Packet.Read10, 0, 0, 0, 0, 1, 0, 0, 2]);
    cdrom.startDma(0x100, [[0x2000, 512]], true);
  },
);

/** Commands that move data and do things; random bytes would seldom hit them. */
const COMMANDS = Object.values(Command);
const PACKETS = Object.values(Packet);
const DATA_WORDS = 40;

/** One hostile act: a command with random parameters, a packet, a DMA table from random memory, data, a reset. */
function act(random: Random, env: ConformanceEnv, driver: IdeDriver): void {
  const byte = () => random.below(256);
  const small = () => (random.below(3) === 0 ? byte() : random.below(4));
  switch (random.below(8)) {
    case 0:
      driver.out(6, byte());
      break;
    case 1:
      for (let register = 1; register < 6; register++) driver.out(register, small(), small());
      driver.out(7, COMMANDS[random.below(COMMANDS.length)]);
      break;
    case 2:
      driver.packet([PACKETS[random.below(PACKETS.length)], ...Array.from({ length: 11 }, small)], random.below(2));
      break;
    case 3: {
      const view = new DataView(env.memory.bytes.buffer);
      const table = random.below(2) ? random.below(0x1000) * 4 : env.memory.sizeBytes - 4 * random.below(4);
      for (let at = table; at + 4 <= Math.min(table + 64, env.memory.sizeBytes); at += 4)
        view.setUint32(at, random.below(2) ? random.u32() : random.below(0x2000), true);
      env.ports.write(driver.place.busMaster + 4, table, 4);
      env.ports.write(driver.place.busMaster, byte(), 1);
      break;
    }
    case 4:
      for (let count = 0; count < DATA_WORDS; count++) env.ports.read(driver.place.block, random.below(2) ? 2 : 4);
      break;
    case 5:
      for (let count = 0; count < DATA_WORDS; count++) env.ports.write(driver.place.block, random.u32(), 4);
      break;
    case 6:
      if (random.below(8) === 0) driver.control(byte());
      else driver.control(0);
      break;
    default:
      driver.wait();
  }
}

describe("Piix3Ide under hostile traffic", () => {
  const given = process.env.FUZZ_SEED;
  const seeds = given === undefined ? Array.from({ length: 12 }, (_, index) => 1000 + index) : [Number(given)];
  it.each(seeds)("stands seed %i, and goes on the same after a restore", async (seed) => {
    const random = new Random(seed);
    const { ConformanceEnv } = await import("../conformance/conformanceEnv.ts");
    const env = new ConformanceEnv();
    const { ide, disks, scheduler } = fresh(env);
    enableIde(env);
    const drivers = [new IdeDriver(env, PRIMARY), new IdeDriver(env, SECONDARY)];
    for (let count = 0; count < 3000; count++) {
      act(random, env, drivers[random.below(2)]);
      expect(scheduler.pending).toBeLessThan(64);
      if (random.below(200) === 0) {
        const saved = structuredClone(ide.save());
        ide.restore(saved);
        expect(ide.save()).toEqual(saved);
      }
      if (random.below(300) === 0) disks[2].change(random.below(2) ? new TestMedium(pattern(0x4000), true) : undefined);
    }
    env.clock.advance(1e6);
    expect(scheduler.pending).toBe(0);
  });
});
