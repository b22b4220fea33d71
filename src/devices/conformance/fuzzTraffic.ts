import type { AccessSize } from "../../bus/addressSpace.ts";
import type { ClaimedRange } from "../../bus/claimedRange.ts";
import type { Device } from "../../bus/device.ts";
import type { ConformanceEnv } from "./conformanceEnv.ts";

/** xorshift32: small, seeded, the same everywhere. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 0x9e3779b9;
  }

  u32(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  below(limit: number): number {
    return this.u32() % limit;
  }
}

const SIZES: readonly AccessSize[] = [1, 2, 4];
/** Values that registers treat specially, beside random ones. */
const CORNER_VALUES = [0, 1, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const DEFAULT_ROUNDS = 8;
const DEFAULT_ACCESSES = 1500;

/**
 * Random port and MMIO traffic over all claimed ranges with time moving on. Throws an Error that carries the seed when the
 * device throws or a read is not an unsigned number of its width.
 */
export function fuzzDevice(
  name: string,
  fresh: () => { env: ConformanceEnv; device: Device },
  options: { fuzzRounds?: number; fuzzAccesses?: number },
): void {
  const given = process.env.FUZZ_SEED;
  const rounds = given === undefined ? (options.fuzzRounds ?? DEFAULT_ROUNDS) : 1;
  for (let round = 0; round < rounds; round++) {
    const seed = given === undefined ? hash(`${name} ${round}`) : Number(given);
    const { env, device } = fresh();
    try {
      runTraffic(env, new Random(seed), options.fuzzAccesses ?? DEFAULT_ACCESSES);
      device.restore(structuredClone(device.save()));
      device.reset();
    } catch (error) {
      throw new Error(`${name}: random traffic with FUZZ_SEED=${seed} failed: ${String(error)}`, { cause: error });
    }
  }
}

function runTraffic(env: ConformanceEnv, random: Random, accesses: number): void {
  for (let count = 0; count < accesses; count++) {
    const targets: { space: ConformanceEnv["ports"] | ConformanceEnv["mmio"]; range: ClaimedRange }[] = [
      ...env.ports.claims().map((range) => ({ space: env.ports, range })),
      ...env.mmio.claims().map((range) => ({ space: env.mmio, range })),
    ];
    if (targets.length > 0) {
      const { space, range } = targets[random.below(targets.length)];
      // One byte before and after the range too, so that accesses straddle its edges.
      const address = Math.max(0, range.base - 1 + random.below(range.length + 2));
      const size = SIZES[random.below(SIZES.length)];
      if (random.below(2) === 0) checkUnsigned(space.read(address, size), size, range.name, address);
      else space.write(address, randomValue(random), size);
      checkHandlerRead(range, random);
    }
    if (random.below(4) === 0) env.clock.advance(random.below(random.below(50) === 0 ? 20_000_000 : 50_000));
  }
}

/** The bus masks what a handler returns, which would hide a NaN: so ask the handler itself now and then. */
function checkHandlerRead(range: ClaimedRange, random: Random): void {
  if (random.below(8) !== 0) return;
  const size = range.sizes[random.below(range.sizes.length)];
  const offset = random.below(range.length) & ~(size - 1);
  if (offset + size > range.length) return;
  const value = range.handler.read(offset, size);
  if (!Number.isInteger(value)) throw new Error(`${range.name}+${offset.toString(16)} reads ${value}`);
}

function checkUnsigned(value: number, size: AccessSize, name: string, address: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (size * 8)) {
    throw new Error(`${name}: read of ${size} at ${address.toString(16)} gives ${value}`);
  }
}

function randomValue(random: Random): number {
  if (random.below(4) === 0) return CORNER_VALUES[random.below(CORNER_VALUES.length)];
  return random.u32() >>> random.below(25);
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
