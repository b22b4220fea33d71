/** Random commands with pointers into nowhere, doorbells and configuration space: the controller stands it and works again after a reset. */
import { describe, expect, it } from "vitest";
import { Disk } from "../../bus/disk.ts";
import { IoScheduler } from "../../bus/ioScheduler.ts";
import { MemoryBackend } from "../../storage/memoryBackend.ts";
import { fuzzRounds, hostileNumber } from "../conformance/fuzzRounds.ts";
import type { Random } from "../conformance/fuzzTraffic.ts";
import { Admin, Io, NvmeStatus, Reg } from "./nvmeRegisters.ts";
import { mapBar, type TestCommand, TestHost } from "./testHost.ts";

const ROUNDS = 40;
const STEPS = 80;
const DISK_BYTES = 1 << 18;
const OPCODES = [...Object.values(Io), ...Object.values(Admin)];
const CONFIG_BYTES = 256;

function randomCommand(random: Random): TestCommand {
  const pointer = () => (random.below(3) === 0 ? random.u32() * 2 ** random.below(20) : random.below(256) * 4096);
  const count = random.below(4) === 0 ? random.u32() : random.below(16);
  return {
    opcode: random.below(8) === 0 ? random.below(256) : (OPCODES[random.below(OPCODES.length)] as number),
    flags: random.below(10) === 0 ? random.below(256) : 0,
    nsid: random.below(6) === 0 ? random.u32() : 1,
    prp1: pointer(),
    prp2: pointer(),
    cdw: [hostileNumber(random, 64), hostileNumber(random, 4), count, random.u32(), random.u32(), random.u32()],
  };
}

function step(host: TestHost, random: Random): void {
  const kind = random.below(12);
  if (kind === 0) host.write(0x1000 + random.below(40) * 4, hostileNumber(random, 8));
  else if (kind === 1) host.write(random.below(16) * 4, random.u32());
  else if (kind === 2) host.card.writeConfig(random.below(CONFIG_BYTES / 4) * 4, random.u32(), 4);
  else if (kind === 3) host.card.restore(structuredClone(host.card.save()));
  else host.submit(randomCommand(random), random.below(2));
  host.env.clock.advance(random.below(1_000_000));
  for (const queue of [0, 1]) host.completions(queue);
}

describe("NVMe with a hostile guest", () => {
  it("stands it", () => {
    fuzzRounds("nvme", ROUNDS, (random) => {
      const backend = new MemoryBackend(new Uint8Array(DISK_BYTES));
      const host = new TestHost((env) => new Disk("d", new IoScheduler(env.clock), backend));
      host.start();
      for (let count = 0; count < STEPS; count++) step(host, random);
      host.card.reset();
      mapBar(host.card);
      host.start();
      expect(host.read(Reg.Csts)).toBe(1);
      expect(host.io({ opcode: Io.Read, cdw: [0, 0, 0] }).status).toBe(NvmeStatus.Success);
    });
  });
});
