import { beforeEach, describe, expect, it } from "vitest";
import { Disk } from "../../bus/disk.ts";
import { IoScheduler } from "../../bus/ioScheduler.ts";
import { FallibleMemory } from "../../storage/testing.ts";
import { type ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { PciReg } from "../pci/pciRegisters.ts";
import { Admin, Io, NvmeStatus, Reg } from "./nvmeRegisters.ts";
import { BUFFER, mapBar, plugNvme, TestHost } from "./testHost.ts";

const BLOCKS = 2048;
const LIST = 0x8000;
const SECOND_LIST = 0x9000;
const [READY, FATAL] = [1, 2];

let backend: FallibleMemory;
let host: TestHost;

function create(readOnly = false): void {
  backend = FallibleMemory.ofSectors(BLOCKS, readOnly);
  host = new TestHost((env) => new Disk("disk0", new IoScheduler(env.clock), backend));
}

const status = (command: Parameters<TestHost["io"]>[0]) => host.io(command).status;
const text = (at: number, length: number) => new TextDecoder().decode(host.bytesAt(at, length)).trim();

beforeEach(() => create());

describe("an NVMe controller's registers", () => {
  it("say what there is", () => {
    expect([host.read(Reg.Cap), host.read(Reg.Cap + 4)]).toEqual([0x0f0107ff, 0x00400020]);
    expect([host.read(Reg.Vs), host.read(Reg.Csts)]).toEqual([0x00010400, 0]);
    expect([host.card.readConfig(0, 4), host.card.readConfig(PciReg.ClassCode, 2)]).toEqual([0x00101b36, 0x0802]);
  });

  it("enable and reset it", () => {
    host.enable();
    expect(host.read(Reg.Csts)).toBe(READY);
    host.write(Reg.Cc, 0);
    expect([host.read(Reg.Csts), host.read(Reg.Asq)]).toEqual([0, 0x1000]);
  });

  it("refuse page sizes, command sets and queues that cannot be", () => {
    for (const [cc, aqa, asq] of [
      [0x0046_0281, 0x0007_0007, 0x1000],
      [0x0046_0011, 0x0007_0007, 0x1000],
      [0x0046_0001, 0x0000_0007, 0x1000],
      [0x0046_0001, 0x0007_0007, 0x1004],
    ]) {
      host.write(Reg.Cc, 0);
      host.write(Reg.Aqa, aqa);
      host.write(Reg.Asq, asq);
      host.write(Reg.Cc, cc);
      expect(host.read(Reg.Csts)).toBe(FATAL);
    }
  });

  it("tell of a shutdown when all is on the medium", () => {
    host.enable();
    host.write(Reg.Cc, 0x0046_4001);
    expect(host.read(Reg.Csts)).toBe(READY | 4);
    host.env.clock.advance(1_000_000);
    expect([host.read(Reg.Csts), backend.flushes]).toEqual([READY | 8, 1]);
  });
});

describe("NVMe admin commands", () => {
  beforeEach(() => host.enable());
  const identify = (cns: number, nsid = 1) => host.admin({ opcode: Admin.Identify, nsid, cdw: [cns] }).status;

  it("identify controller and namespace", () => {
    expect(identify(1)).toBe(NvmeStatus.Success);
    expect([text(BUFFER + 4, 20), text(BUFFER + 24, 40)]).toEqual(["disk0", "Tabvisor NVMe Controller"]);
    expect(identify(0)).toBe(NvmeStatus.Success);
    const view = new DataView(host.env.memory.bytes.buffer, BUFFER);
    expect([view.getBigUint64(0, true), view.getUint8(130)]).toEqual([BigInt(BLOCKS), 9]);
    expect(identify(2, 0)).toBe(NvmeStatus.Success);
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([1, 0]);
    expect(identify(3)).toBe(NvmeStatus.Success);
    expect([view.getUint8(0), view.getUint8(1)]).toEqual([3, 16]);
    expect([identify(0, 2), identify(0x77)]).toEqual([NvmeStatus.InvalidNamespace, NvmeStatus.InvalidField]);
  });

  it("say that a read-only namespace is one", () => {
    create(true);
    host.enable();
    identify(0);
    expect(host.bytesAt(BUFFER + 99, 1)[0]).toBe(1);
  });

  it("get and set features", () => {
    const feature = (opcode: number, id: number, value = 0) => host.admin({ opcode, cdw: [id, value] });
    expect(feature(Admin.SetFeatures, 7, 0xffff_ffff).result).toBe(0x0007_0007);
    expect(feature(Admin.GetFeatures, 6).result).toBe(1);
    feature(Admin.SetFeatures, 6, 0);
    expect(feature(Admin.GetFeatures, 6).result).toBe(0);
    expect(feature(Admin.GetFeatures, 6 | 0x100).result).toBe(1);
    expect(feature(Admin.GetFeatures, 0xd0).status).toBe(NvmeStatus.InvalidField);
    expect(feature(Admin.SetFeatures, 0x8000_0006).status).toBe(NvmeStatus.FeatureNotSaveable);
  });

  it("give log pages", () => {
    const log = (id: number, dwords: number, offset = 0) =>
      host.admin({ opcode: Admin.GetLogPage, cdw: [id | ((dwords - 1) << 16), 0, offset] }).status;
    expect(log(2, 128)).toBe(NvmeStatus.Success);
    expect(host.bytesAt(BUFFER + 3, 1)[0]).toBe(100);
    expect([log(1, 16), log(3, 0x1_0000), log(9, 4), log(2, 4, 4096)]).toEqual([
      NvmeStatus.Success,
      NvmeStatus.Success,
      NvmeStatus.InvalidLogPage,
      NvmeStatus.InvalidField,
    ]);
  });

  it("check the parameters of queues", () => {
    const createCq = (id: number, size: number, flags = 3, prp1 = 0x4000) =>
      host.admin({ opcode: Admin.CreateCq, prp1, cdw: [id | ((size - 1) << 16), flags] }).status;
    expect(createCq(1, 8)).toBe(NvmeStatus.Success);
    expect([createCq(1, 8), createCq(0, 8), createCq(9, 8)]).toEqual(Array(3).fill(NvmeStatus.InvalidQueueId));
    expect([createCq(2, 1), createCq(2, 4096)]).toEqual(Array(2).fill(NvmeStatus.InvalidQueueSize));
    expect(createCq(2, 8, 2)).toBe(NvmeStatus.InvalidField);
    expect(createCq(2, 8, 3 | (9 << 16))).toBe(NvmeStatus.InvalidInterruptVector);
    expect(createCq(2, 8, 3, 0x4010)).toBe(NvmeStatus.PrpOffsetInvalid);
    const createSq = (id: number, cq: number) =>
      host.admin({ opcode: Admin.CreateSq, prp1: 0x3000, cdw: [id | (7 << 16), 1 | (cq << 16)] }).status;
    expect([createSq(1, 2), createSq(1, 0), createSq(1, 1)]).toEqual([
      NvmeStatus.CompletionQueueInvalid,
      NvmeStatus.CompletionQueueInvalid,
      NvmeStatus.Success,
    ]);
    const remove = (opcode: number, id: number) => host.admin({ opcode, cdw: [id] }).status;
    expect(remove(Admin.DeleteCq, 1)).toBe(NvmeStatus.InvalidQueueDeletion);
    expect([remove(Admin.DeleteSq, 1), remove(Admin.DeleteCq, 1)]).toEqual([0, 0]);
    expect([remove(Admin.DeleteSq, 0), remove(Admin.DeleteSq, 5)]).toEqual(Array(2).fill(NvmeStatus.InvalidQueueId));
  });

  it("tell of doorbells that make no sense by the event that was asked for", () => {
    const cid = host.submit({ opcode: Admin.AsyncEventRequest });
    expect(host.completions()).toEqual([]);
    host.write(0x1000 + 5 * 8, 1);
    expect(host.completions()).toEqual([{ cid, status: 0, result: 0 }]);
    host.write(0x1000, 700);
    expect(host.admin({ opcode: Admin.AsyncEventRequest }).result).toBe(0x0100);
    for (let count = 0; count < 4; count++) host.submit({ opcode: Admin.AsyncEventRequest });
    expect(host.admin({ opcode: Admin.AsyncEventRequest }).status).toBe(NvmeStatus.EventRequestLimit);
  });

  it("are refused where they are unknown, fused or with scatter gather lists", () => {
    expect(host.admin({ opcode: 0x80 }).status).toBe(NvmeStatus.InvalidOpcode);
    expect(host.admin({ opcode: Admin.Identify, flags: 0x40 }).status).toBe(NvmeStatus.InvalidField);
    expect(host.admin({ opcode: Admin.Abort, cdw: [1] }).result).toBe(1);
  });
});

describe("NVMe I/O commands", () => {
  beforeEach(() => host.start());
  const blocks = (count: number, slba: number) => [slba % 2 ** 32, Math.floor(slba / 2 ** 32), count - 1];

  it("read and write a page, two, and by a list", () => {
    expect(status({ opcode: Io.Read, prp1: BUFFER + 0x200, prp2: 0x2_0000, cdw: blocks(9, 3) })).toBe(0);
    expect(host.bytesAt(BUFFER + 0x200, 0xe00)).toEqual(backend.bytes.slice(3 * 512, 3 * 512 + 0xe00));
    expect(host.bytesAt(0x2_0000, 0x400)).toEqual(backend.bytes.slice(3 * 512 + 0xe00, 12 * 512));
    const view = new DataView(host.env.memory.bytes.buffer);
    for (let index = 0; index < 4; index++) view.setUint32(LIST + index * 8, 0x2_0000 + index * 0x2000, true);
    expect(status({ opcode: Io.Read, prp2: LIST, cdw: blocks(40, 100) })).toBe(0);
    expect(host.bytesAt(0x2_6000, 4096)).toEqual(backend.bytes.slice(100 * 512 + 4 * 4096, 100 * 512 + 5 * 4096));
    host.env.memory.bytes.fill(0x5a, BUFFER, BUFFER + 1024);
    expect(status({ opcode: Io.Write, cdw: blocks(2, 7) })).toBe(0);
    expect(backend.bytes.slice(7 * 512, 9 * 512).every((byte) => byte === 0x5a)).toBe(true);
  });

  it("follow lists that go on in another page", () => {
    const view = new DataView(host.env.memory.bytes.buffer);
    view.setUint32(LIST + 0xff0, 0x2_0000, true);
    view.setUint32(LIST + 0xff8, SECOND_LIST, true);
    view.setUint32(SECOND_LIST, 0x2_2000, true);
    view.setUint32(SECOND_LIST + 8, 0x2_4000, true);
    expect(status({ opcode: Io.Read, prp2: LIST + 0xff0, cdw: blocks(32, 0) })).toBe(0);
    expect(host.bytesAt(0x2_4000, 4096)).toEqual(backend.bytes.slice(3 * 4096, 4 * 4096));
    view.setUint32(LIST + 0xff8, SECOND_LIST + 8, true);
    expect(status({ opcode: Io.Read, prp2: LIST + 0xff0, cdw: blocks(32, 0) })).toBe(NvmeStatus.PrpOffsetInvalid);
  });

  it("stand pointers into nowhere", () => {
    expect(status({ opcode: Io.Read, prp1: 2 ** 50, prp2: 2 ** 51, cdw: blocks(1024, 0) })).toBe(0);
    expect(status({ opcode: Io.Write, prp1: 2 ** 50, cdw: blocks(1, 0) })).toBe(0);
    expect(backend.bytes[0]).toBe(0xff);
    expect(status({ opcode: Io.Read, prp1: BUFFER + 1, cdw: blocks(1, 0) })).toBe(NvmeStatus.PrpOffsetInvalid);
  });

  it("refuse what lies beyond the namespace, or is longer than a transfer may be", () => {
    expect(status({ opcode: Io.Read, cdw: blocks(1, BLOCKS) })).toBe(NvmeStatus.LbaOutOfRange);
    expect(status({ opcode: Io.Write, cdw: blocks(1, 2 ** 52) })).toBe(NvmeStatus.LbaOutOfRange);
    expect(status({ opcode: Io.Read, cdw: blocks(1025, 0) })).toBe(NvmeStatus.InvalidField);
    expect(status({ opcode: Io.Read, nsid: 2, cdw: blocks(1, 0) })).toBe(NvmeStatus.InvalidNamespace);
    expect(status({ opcode: 0x7f, cdw: blocks(1, 0) })).toBe(NvmeStatus.InvalidOpcode);
  });

  it("flush, at once where a write asks for it or the cache is off", () => {
    expect([status({ opcode: Io.Flush, nsid: 0xffff_ffff }), backend.flushes]).toEqual([0, 1]);
    expect([status({ opcode: Io.Write, cdw: [0, 0, 0x4000_0000] }), backend.flushes]).toEqual([0, 2]);
    host.admin({ opcode: Admin.SetFeatures, cdw: [6, 0] });
    expect([status({ opcode: Io.Write, cdw: blocks(1, 0) }), backend.flushes]).toEqual([0, 3]);
  });

  it("clear and deallocate", () => {
    expect(status({ opcode: Io.WriteZeroes, cdw: blocks(600, 8) })).toBe(0);
    expect(backend.bytes.slice(8 * 512, 608 * 512).every((byte) => byte === 0)).toBe(true);
    const view = new DataView(host.env.memory.bytes.buffer, BUFFER);
    view.setUint32(4, 16, true);
    view.setUint32(8, 1000, true);
    expect(status({ opcode: Io.DatasetManagement, cdw: [0, 4] })).toBe(0);
    expect(backend.bytes.slice(1000 * 512, 1016 * 512).every((byte) => byte === 0)).toBe(true);
    view.setUint32(8, BLOCKS - 1, true);
    expect(status({ opcode: Io.DatasetManagement, cdw: [0, 4] })).toBe(NvmeStatus.LbaOutOfRange);
    expect(status({ opcode: Io.DatasetManagement, cdw: [0, 0] })).toBe(0);
  });

  it("tell of failures of the medium, and of one that cannot be written", () => {
    backend.broken = true;
    expect(status({ opcode: Io.Read, cdw: blocks(1, 0) })).toBe(NvmeStatus.ReadError);
    create(true);
    host.start();
    for (const opcode of [Io.Write, Io.WriteZeroes])
      expect(status({ opcode, cdw: blocks(1, 0) })).toBe(NvmeStatus.WriteProtected);
  });

  it("wait for room in the completion queue", () => {
    for (let count = 0; count < 12; count++) {
      host.submit({ opcode: Io.Read, cdw: blocks(1, count) }, 1);
      host.env.clock.advance(1_000_000);
    }
    const first = host.completions(1);
    const second = host.completions(1);
    expect([first.length, second.length]).toEqual([7, 5]);
    expect(new Set([...first, ...second].map(({ cid }) => cid)).size).toBe(12);
  });

  it("are over before their queue is deleted", () => {
    host.submit({ opcode: Io.Read, cdw: blocks(1, 0) }, 1);
    host.submit({ opcode: Admin.DeleteSq, cdw: [1] });
    expect(host.completions()).toEqual([]);
    host.env.clock.advance(1_000_000);
    expect([host.completions(1).length, host.completions().length]).toEqual([1, 1]);
  });

  it("are forgotten by a controller reset", () => {
    host.env.memory.bytes.fill(0, BUFFER, BUFFER + 512);
    host.submit({ opcode: Io.Read, cdw: blocks(1, 5) }, 1);
    host.enable();
    host.env.clock.advance(1_000_000);
    expect(host.bytesAt(BUFFER, 512).every((byte) => byte === 0)).toBe(true);
  });

  it("interrupt by pin until all completions are taken, as far as they are not masked", () => {
    const { edges } = host.env;
    edges.length = 0;
    host.io({ opcode: Io.Read, cdw: blocks(1, 0) });
    expect(edges).toEqual(["pirq3+", "pirq3-"]);
    host.write(Reg.Intms, 1);
    host.io({ opcode: Io.Read, cdw: blocks(1, 0) });
    expect(edges.length).toBe(2);
    host.submit({ opcode: Io.Read, cdw: blocks(1, 0) }, 1);
    host.env.clock.advance(1_000_000);
    host.write(Reg.Intmc, 1);
    expect(edges.at(-1)).toBe("pirq3+");
  });

  it("begin again after a restore", () => {
    host.submit({ opcode: Io.Read, cdw: blocks(2, 9) }, 1);
    const saved = structuredClone(host.card.save());
    const other = new TestHost(
      (env) => new Disk("disk0", new IoScheduler(env.clock), FallibleMemory.ofSectors(BLOCKS)),
    );
    other.env.memory.bytes.set(host.env.memory.bytes);
    other.card.restore(saved);
    expect(structuredClone(other.card.save())).toEqual(saved);
    other.env.clock.advance(1_000_000);
    expect(other.bytesAt(BUFFER, 1024)).toEqual(backend.bytes.slice(9 * 512, 11 * 512));
    expect(other.env.edges.at(-1)).toBe("pirq3+");
  });
});

describeDevice(
  "Nvme",
  (env: ConformanceEnv) =>
    plugNvme(env, new Disk("disk0", new IoScheduler(env.clock), FallibleMemory.ofSectors(BLOCKS))),
  (card, env) => {
    mapBar(card);
    env.mmio.write(0xfe00_0000 + Reg.Aqa, 0x0007_0007, 4);
    env.mmio.write(0xfe00_0000 + Reg.Asq, 0x1000, 4);
    env.mmio.write(0xfe00_0000 + Reg.Acq, 0x2000, 4);
    env.mmio.write(0xfe00_0000 + Reg.Cc, 0x0046_0001, 4);
  },
);
