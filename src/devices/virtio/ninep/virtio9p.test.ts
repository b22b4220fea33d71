import { describe, expect, it } from "vitest";
import { IoScheduler } from "../../../bus/ioScheduler.ts";
import { MemoryFileTree } from "../../../storage/memoryFileTree.ts";
import { ConformanceEnv, describeDevice } from "../../conformance/describeDevice.ts";
import { CONFIG_AT, mapBars, NOTIFY_AT, plugVirtio, TestDriver } from "../testDriver.ts";
import { Common, Status } from "../virtioRegisters.ts";
import { T } from "./messages.ts";
import { message } from "./testClient.ts";
import { Virtio9p } from "./virtio9p.ts";

const TREE_TIME_MS = 1_700_000_000_000;

function createDevice(env: ConformanceEnv): Virtio9p {
  const tree = new MemoryFileTree({ nowMs: () => TREE_TIME_MS });
  tree.addFile(["file"], new Uint8Array(20_000).fill(0x61));
  return new Virtio9p({ tag: "share", tree, scheduler: new IoScheduler(env.clock) });
}

const version = message(T.Version, (writer) => writer.u32(0x8_0000).text("9P2000.L"), 0xffff);
const attach = message(T.Attach, (writer) => writer.u32(0).u32(0xffff_ffff).text("").text("").u32(0));
const walk = message(T.Walk, (writer) => writer.u32(0).u32(1).u16(1).text("file"));
const open = message(T.Lopen, (writer) => writer.u32(1).u32(0));
const read = message(T.Read, (writer) => writer.u32(1).u64(0).u32(20_000), 7);
const mkdir = message(T.Mkdir, (writer) => writer.u32(0).text("dir").u32(0o755).u32(0), 8);

describe("virtio-9p", () => {
  const start = () => {
    const env = new ConformanceEnv();
    const driver = new TestDriver(createDevice(env), false, env);
    driver.start();
    const call = (bytes: Uint8Array, room = 256): Uint8Array => {
      const [, reply] = driver.submit([{ bytes }, { room }]);
      env.clock.advance(1_000_000);
      return driver.bytesAt(reply, driver.used()[0].written);
    };
    return { env, driver, call };
  };

  it("shows its tag and serves files", () => {
    const { env, call } = start();
    expect(env.mmio.read(CONFIG_AT, 2)).toBe(5);
    expect(String.fromCharCode(env.mmio.read(CONFIG_AT + 2, 1))).toBe("s");
    expect([version, attach, walk, open].map((bytes) => call(bytes)[4])).toEqual([101, 105, 111, 13]);
    const reply = call(read, 20_011);
    expect([reply.length, reply[4], reply[11], reply.at(-1)]).toEqual([20_011, T.Read + 1, 0x61, 0x61]);
  });

  it("writes no more than the guest has room for", () => {
    const { call } = start();
    for (const bytes of [version, attach, walk, open]) call(bytes);
    expect(call(read, 100).length).toBe(100);
  });

  it("does nothing twice over a restore", () => {
    const { env, driver, call } = start();
    for (const bytes of [version, attach]) call(bytes);
    const [, reply] = driver.submit([{ bytes: mkdir }, { room: 100 }]);
    const saved = structuredClone(driver.card.save());
    const other = new ConformanceEnv();
    other.memory.bytes.set(driver.memory.bytes);
    new TestDriver(createDevice(other), false, other).card.restore(saved);
    other.clock.advance(env.clock.nowNs());
    expect(other.memory.bytes[reply + 4]).toBe(T.Mkdir + 1);
  });

  it("forgets its files when it is reset", () => {
    const { driver, call } = start();
    for (const bytes of [version, attach, walk, open]) call(bytes);
    driver.start();
    expect(call(read)[4]).toBe(T.Error + 1);
  });
});

describeDevice(
  "Virtio9p",
  (env) => plugVirtio(env, createDevice(env)),
  (card, env) => {
    mapBars(card);
    env.mmio.write(NOTIFY_AT - 0x3000 + Common.DeviceStatus, Status.Acknowledge, 1);
  },
);
