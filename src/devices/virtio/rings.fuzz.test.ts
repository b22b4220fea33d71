/** Devices on rings that a hostile guest fills: none throws, none hangs, each works again after a reset. */
import { describe, expect, it } from "vitest";
import { Disk } from "../../bus/disk.ts";
import { IoScheduler } from "../../bus/ioScheduler.ts";
import { MemoryBackend } from "../../storage/memoryBackend.ts";
import { MemoryFileTree } from "../../storage/memoryFileTree.ts";
import { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { fuzzRounds, hostileNumber } from "../conformance/fuzzRounds.ts";
import type { Random } from "../conformance/fuzzTraffic.ts";
import { EchoDevice } from "./echoDevice.ts";
import { Virtio9p } from "./ninep/virtio9p.ts";
import { TestDriver } from "./testDriver.ts";
import { VirtioBlk } from "./virtioBlk.ts";
import { VirtioConsole } from "./virtioConsole.ts";
import type { VirtioDevice } from "./virtioDevice.ts";
import { Status } from "./virtioRegisters.ts";
import { VirtioRng } from "./virtioRng.ts";

const ROUNDS = 25;
const STEPS = 60;
const DISK_BYTES = 1 << 18;
const QUEUE_SIZE = 8;
/** Where TestDriver puts rings, tables and buffers. */
const RINGS = 0x1000;
const RINGS_END = 0xc000;
const TABLES = 0x2_0000;
const BUFFERS = 0x4_0000;
const FLAGS = 14;

const DEVICES: Readonly<Record<string, (env: ConformanceEnv) => VirtioDevice>> = {
  echo: () => new EchoDevice(),
  blk: (env) =>
    new VirtioBlk({ disk: new Disk("d", new IoScheduler(env.clock), new MemoryBackend(new Uint8Array(DISK_BYTES))) }),
  console: () => new VirtioConsole({ write: () => {} }),
  rng: () => new VirtioRng({ fill: (target) => void target.fill(1), save: () => [], restore: () => {} }),
  "9p": (env) => {
    const tree = new MemoryFileTree({ capacityBytes: DISK_BYTES, nowMs: () => 0 });
    return new Virtio9p({ tag: "t", tree, scheduler: new IoScheduler(env.clock) });
  },
};

/** A descriptor at `at`: address, length, and the two words whose order depends on the kind of ring. */
function writeDescriptor(view: DataView, at: number, random: Random): void {
  const isTable = random.below(4) === 0;
  const base = isTable ? TABLES : BUFFERS;
  view.setUint32(at, random.below(6) === 0 ? hostileNumber(random, 1 << 20) : base + random.below(0x1000) * 8, true);
  view.setUint32(at + 4, random.below(12) === 0 ? random.u32() : 0, true);
  view.setUint32(at + 8, isTable ? random.below(6) * 16 : hostileNumber(random, 2048), true);
  view.setUint16(at + 12, random.below(3) === 0 ? random.u32() : random.below(QUEUE_SIZE), true);
  view.setUint16(at + FLAGS, random.below(3) === 0 ? random.u32() : random.below(QUEUE_SIZE), true);
}

/** Fills rings, tables and request headers with what a broken or hostile driver might. */
function scramble(driver: TestDriver, random: Random): void {
  const view = new DataView(driver.memory.bytes.buffer);
  for (let count = random.below(24); count > 0; count--)
    writeDescriptor(view, RINGS + random.below((RINGS_END - RINGS) / 16) * 16, random);
  for (let index = 0; index < QUEUE_SIZE; index++) {
    writeDescriptor(view, RINGS + index * 16, random);
    writeDescriptor(view, TABLES + index * 16, random);
    view.setUint32(BUFFERS + index * 8, hostileNumber(random, 16), true);
  }
  for (let queue = 0; queue < 2; queue++) {
    const available = RINGS + queue * 0x4000 + 0x2000;
    const before = view.getUint16(available + 2, true);
    view.setUint16(available + 2, before + (random.below(10) === 0 ? random.u32() : random.below(3)), true);
    for (let place = 0; place < QUEUE_SIZE; place++)
      view.setUint16(available + 4 + place * 2, random.below(10) === 0 ? random.u32() : random.below(QUEUE_SIZE), true);
  }
}

for (const [name, create] of Object.entries(DEVICES)) {
  for (const packed of [false, true]) {
    describe(`virtio ${name} on a hostile ${packed ? "packed" : "split"} ring`, () => {
      it("stands it", () => {
        fuzzRounds(name, ROUNDS, (random) => {
          const env = new ConformanceEnv();
          const driver = new TestDriver(create(env), packed, env);
          driver.start(0n, QUEUE_SIZE);
          for (let step = 0; step < STEPS; step++) {
            scramble(driver, random);
            driver.notify(random.below(3));
            env.clock.advance(random.below(2_000_000));
            if (random.below(20) === 0) driver.card.restore(structuredClone(driver.card.save()));
            if ((driver.status & Status.NeedsReset) !== 0 || random.below(30) === 0) driver.start(0n, QUEUE_SIZE);
          }
          driver.start(0n, QUEUE_SIZE);
          expect(driver.status & Status.NeedsReset).toBe(0);
        });
      });
    });
  }
}
