import { describe, expect, it, vi } from "vitest";
import { PROGRAMS } from "./programs.ts";
import { progress, Suite } from "./suite.ts";
import { fakeContender, fakeImage } from "./testing.ts";

// A guest's time to settle.
vi.mock("node:timers/promises", () => ({ setTimeout: async () => undefined }));

const programs = PROGRAMS.filter(({ name }) => ["sieve", "trees", "fork"].includes(name));

async function measure(contenders: ReturnType<typeof fakeContender>[], runs = 1) {
  const image = fakeImage();
  const suite = new Suite({ programs, boot: false, runs }, () => undefined);
  await suite.measure(contenders.map((contender) => ({ contender, image })));
  return suite.results([image]);
}

/** Not the same once more. */
function isFirst(event: string, at: number, events: readonly string[]): boolean {
  return event !== events[at - 1];
}

describe("the suite", () => {
  it("measures every program in one machine", async () => {
    const contender = fakeContender({ roundMs: () => 2 });
    const { programs: rows, errors } = await measure([contender]);
    expect(errors).toEqual([]);
    expect(contender.starts).toBe(1);
    expect(rows.map(({ name }) => name)).toEqual(["sieve", "trees", "fork"]);
    for (const row of rows) expect(row.timings.tabvisor?.steady.perRound).toBeCloseTo(0.002);
  });

  it("starts a machine anew after a program has failed", async () => {
    const contender = fakeContender({ roundMs: (program) => (program === "trees" ? undefined : 2) });
    const { programs: rows, errors } = await measure([contender]);
    expect(errors).toEqual(["fake tabvisor, amd64: trees: trees: the process ended with wait status 11"]);
    expect(contender.starts).toBe(2);
    expect(rows[1]!.timings).toEqual({});
    expect(rows[2]!.timings.tabvisor).toBeDefined();
  });

  it("tells when contenders compute different things", async () => {
    const one = fakeContender({ id: "qemu", roundMs: () => 2 });
    const other = fakeContender({ roundMs: () => 2, checksum: (program) => (program === "fork" ? "1" : "0000abcd") });
    const { errors } = await measure([one, other]);
    expect(errors).toEqual(["fake tabvisor, amd64: fork: checksum 1, but 0000abcd in fake qemu, amd64"]);
  });

  it("goes program by program through the contenders, of which only one runs", async () => {
    const events: string[] = [];
    const onEvent = (event: string) => void events.push(event);
    const ids = ["qemu", "tabvisor"] as const;
    await measure(ids.map((id) => fakeContender({ id, roundMs: () => 1000, onEvent })));
    expect(events.filter((event) => !/: (pause|resume)$/.test(event)).filter(isFirst)).toEqual(
      ["sieve", "trees", "fork"].flatMap((program) => ids.map((id) => `fake ${id}: ${program}`)),
    );
    const running = new Set<string>();
    for (const event of events) {
      const [title, what] = event.split(": ") as [string, string];
      if (what === "resume") running.add(title);
      else if (what === "pause") running.delete(title);
      else expect([...running]).toEqual([title]);
    }
  });

  it("takes medians of several runs", async () => {
    const contender = fakeContender({ roundMs: () => [1, 9, 2][contender.starts - 1] });
    const { programs: rows } = await measure([contender], 3);
    expect(contender.starts).toBe(3);
    expect(rows[0]!.timings.tabvisor?.steady.perRound).toBeCloseTo(0.002);
  });
});

describe("the counters", () => {
  it("are looked at while the rounds run, and the steady state's count", async () => {
    let looks = 0;
    const counters = () => ({ instructions: 6e6 * looks++, translatedShare: 0.5 });
    const { programs: rows } = await measure([fakeContender({ roundMs: () => 500, counters })]);
    const { steady, mips, translatedShare } = rows[0]!.timings.tabvisor!;
    expect(mips).toBeCloseTo(6 / (steady.rounds * steady.perRound));
    expect(translatedShare).toBe(0.5);
  });

  it("are not there where nobody counts", async () => {
    const { programs: rows } = await measure([fakeContender({ roundMs: () => 2 })]);
    expect(rows[0]!.timings.tabvisor).not.toHaveProperty("mips");
  });
});

describe("progress", () => {
  it("is what was executed in between", () => {
    const before = { instructions: 1e6, translatedShare: 0 };
    const after = { instructions: 5e6, translatedShare: 0.6 };
    expect(progress(before, after, 2)).toEqual({ mips: 2, translatedShare: 0.75 });
  });
});
