/** Random configuration space traffic, register accesses at odd widths, BARs that move: a function stands it and is as new after a reset. */
import { describe, expect, it } from "vitest";
import { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { fuzzRounds, hostileNumber } from "../conformance/fuzzRounds.ts";
import type { Random } from "../conformance/fuzzTraffic.ts";
import { PciReg } from "../pci/pciRegisters.ts";
import { EchoDevice } from "./echoDevice.ts";
import { plugVirtio } from "./testDriver.ts";
import { VirtioConsole } from "./virtioConsole.ts";
import type { VirtioPci } from "./virtioPci.ts";

const ROUNDS = 60;
const STEPS = 300;
const CONFIG_BYTES = 256;
const SIZES = [1, 2, 4] as const;

const DEVICES = {
  modern: () => new EchoDevice(),
  transitional: () => new VirtioConsole({ write: () => {} }),
};

function writeConfig(card: VirtioPci, random: Random): void {
  const size = SIZES[random.below(3)] as 1 | 2 | 4;
  const offset = random.below(CONFIG_BYTES / size) * size;
  // Mostly the command register and the BARs, so that something is mapped.
  const kind = random.below(3);
  if (kind === 0) card.writeConfig(PciReg.Command, random.below(8), 2);
  else if (kind === 1) card.writeConfig(PciReg.Bar0 + random.below(6) * 4, random.u32(), 4);
  else card.writeConfig(offset, hostileNumber(random, 256), size);
}

function access({ ports, mmio }: ConformanceEnv, random: Random): void {
  const ranges = [...ports.claims(), ...mmio.claims()];
  const range = ranges[random.below(ranges.length)];
  if (range === undefined) return;
  const space = mmio.claims().includes(range) ? mmio : ports;
  const address = range.base + random.below(range.length);
  const size = SIZES[random.below(3)] as 1 | 2 | 4;
  if (random.below(2) === 0) space.write(address, hostileNumber(random, 16), size);
  else expect(space.read(address, size)).toBeLessThan(2 ** (8 * size));
}

describe.each(Object.entries(DEVICES))("the configuration space of a %s function", (name, create) => {
  it("stands random traffic", () => {
    fuzzRounds(name, ROUNDS, (random) => {
      const env = new ConformanceEnv();
      const card = plugVirtio(env, create(), { packed: random.below(2) === 0 });
      const fresh = structuredClone(card.save());
      for (let step = 0; step < STEPS; step++) {
        if (random.below(2) === 0) writeConfig(card, random);
        else access(env, random);
        expect(card.readConfig(random.below(CONFIG_BYTES), 1)).toBeLessThan(256);
      }
      card.restore(structuredClone(card.save()));
      card.reset();
      expect(structuredClone(card.save())).toEqual(fresh);
    });
  });
});
