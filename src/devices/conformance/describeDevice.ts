/**
 * The suite every device passes: save, restore and reset round trips, and random traffic that never throws. After crosvm's
 * `suspendable_tests!` (devices/src/suspendable.rs).
 *
 *   describeDevice("Pit", (env) => new Pit(env.ports, env.clock, env.irq("irq0")), (pit, env) => env.ports.write(0x43, 0x34, 1));
 *
 * The traffic is the same in every run; FUZZ_SEED=<number> in the environment replays another.
 */
import { describe, expect, it } from "vitest";
import type { Device, DeviceState } from "../../bus/device.ts";
import { ConformanceEnv } from "./conformanceEnv.ts";
import { fuzzDevice } from "./fuzzTraffic.ts";

export { ConformanceEnv, FakeMemory } from "./conformanceEnv.ts";

export interface ConformanceOptions {
  /** The device has no state: `save` returns `state: null` and `mutate` changes nothing. */
  stateless?: boolean;
  /** Rounds of random traffic, each on a fresh device (default 8), and accesses in a round (default 1,500). */
  fuzzRounds?: number;
  fuzzAccesses?: number;
}

/**
 * Registers the suite. `factory` plugs a new device into the environment; `mutate` drives it, as a guest would, away from
 * its reset state (through ports, MMIO, lines and `env.clock.advance`).
 */
export function describeDevice<D extends Device>(
  name: string,
  factory: (env: ConformanceEnv) => D,
  mutate: (device: D, env: ConformanceEnv) => void,
  options: ConformanceOptions = {},
): void {
  const fresh = (nowNs = 0): { env: ConformanceEnv; device: D } => {
    const env = new ConformanceEnv();
    env.clock.advance(nowNs);
    return { env, device: factory(env) };
  };
  const mutated = (): { env: ConformanceEnv; device: D } => {
    const made = fresh();
    mutate(made.device, made.env);
    return made;
  };

  describe(`${name} conforms`, () => {
    it("has the state of a new device after reset", () => {
      const { device } = fresh();
      const before = snapshot(device);
      device.reset();
      expect(snapshot(device)).toEqual(before);
    });

    it.skipIf(options.stateless === true)("changes its state when driven", () => {
      expect(snapshot(mutated().device)).not.toEqual(snapshot(fresh().device));
    });

    it("saves plain data of a named kind and version", () => {
      const { device } = mutated();
      const saved = device.save();
      expect(saved.kind).not.toBe("");
      expect(Number.isInteger(saved.version)).toBe(true);
      expect(notPlain(saved.state, "state")).toEqual([]);
      expect(structuredClone(saved)).toEqual(saved);
    });

    it("saves a copy that later traffic does not change", () => {
      const { env, device } = fresh();
      const saved = device.save();
      const copy = structuredClone(saved);
      mutate(device, env);
      expect(saved).toEqual(copy);
    });

    it("restores into a second device without an interrupt edge", () => {
      const first = mutated();
      const saved = snapshot(first.device);
      const second = fresh(first.env.clock.nowNs());
      const edges = [...second.env.edges];
      second.device.restore(structuredClone(saved));
      expect(snapshot(second.device)).toEqual(saved);
      expect(second.env.edges).toEqual(edges);
    });

    it("does the same after a restore as without one", () => {
      const first = mutated();
      const second = fresh(first.env.clock.nowNs());
      second.device.restore(snapshot(first.device));
      const edgesBefore = [first, second].map(({ env }) => env.edges.length);
      for (const { env } of [first, second]) env.clock.advance(3_000_000);
      expect(second.env.edges.slice(edgesBefore[1])).toEqual(first.env.edges.slice(edgesBefore[0]));
      expect(snapshot(second.device)).toEqual(snapshot(first.device));
    });

    it("refuses a wrong kind, version or state and stays as it was", () => {
      const { device } = mutated();
      const before = snapshot(device);
      for (const { what, saved } of wrongStates(before)) {
        expect(() => device.restore(saved), what).toThrow(Error);
        expect(snapshot(device), what).toEqual(before);
      }
    });

    it("is as new after being driven and reset", () => {
      const { env, device } = mutated();
      device.reset();
      expect(snapshot(device)).toEqual(snapshot(fresh(env.clock.nowNs()).device));
    });

    it("pauses and resumes without changing its state", () => {
      const { device } = mutated();
      const before = snapshot(device);
      device.pause();
      device.resume();
      expect(snapshot(device)).toEqual(before);
    });

    it("stands random traffic of all sizes", () => {
      fuzzDevice(name, () => fresh(), options);
    });
  });
}

function snapshot(device: Device): DeviceState {
  return structuredClone(device.save());
}

/** Paths of everything that is not a number, text, boolean, null, byte array, list or plain record. */
function notPlain(value: unknown, path: string): string[] {
  if (value === null || typeof value === "string" || typeof value === "boolean") return [];
  if (typeof value === "number") return Number.isFinite(value) ? [] : [`${path} is ${value}`];
  if (value instanceof Uint8Array) return [];
  if (Array.isArray(value)) return value.flatMap((element, index) => notPlain(element, `${path}[${index}]`));
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.entries(value).flatMap(([key, member]) => notPlain(member, `${path}.${key}`));
  }
  return [`${path} is ${typeof value}`];
}

function wrongStates(good: DeviceState): { what: string; saved: DeviceState }[] {
  const wrong: { what: string; saved: DeviceState }[] = [
    { what: "kind", saved: { ...good, kind: `${good.kind}?` } },
    { what: "version", saved: { ...good, version: good.version + 1 } },
    { what: "no record", saved: undefined as unknown as DeviceState },
  ];
  for (const state of [undefined, 7, "garbage", [], {}, { garbage: true }, ...(good.state === null ? [] : [null])]) {
    wrong.push({ what: `state ${JSON.stringify(state)}`, saved: { ...good, state } });
  }
  if (typeof good.state === "object" && good.state !== null && !Array.isArray(good.state)) {
    for (const key of Object.keys(good.state)) {
      const { [key]: _dropped, ...rest } = good.state as Record<string, unknown>;
      wrong.push({ what: `state without ${key}`, saved: { ...good, state: rest } });
      wrong.push({ what: `garbage as ${key}`, saved: { ...good, state: { ...rest, [key]: { garbage: true } } } });
    }
  }
  return wrong;
}
