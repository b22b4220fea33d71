import { describe, expect, it } from "vitest";
import { printReport } from "./print.ts";
import type { BenchReport, MeasuredProgram, ProgramRow } from "./report.ts";
import { summarize } from "./summary.ts";

function timing(milliseconds: number, warmFactor = 1): MeasuredProgram {
  const phase = (perRound: number) => ({ rounds: 10, perRound, guestPerRound: perRound });
  return { warm: phase((milliseconds * warmFactor) / 1000), steady: phase(milliseconds / 1000), checksum: "1" };
}

const PROGRAMS: ProgramRow[] = [
  {
    ...{ arch: "i386", name: "sieve", title: "the sieve", group: "compute" },
    timings: { host: timing(1), qemu: timing(8), v86: timing(16), tabvisor: timing(4, 4) },
  },
  {
    ...{ arch: "i386", name: "fork", title: "forks", group: "system" },
    timings: { host: timing(1), qemu: timing(2), v86: timing(2), tabvisor: { ...timing(4, 4), translatedShare: 0.5 } },
  },
];

const RESULTS = {
  programs: PROGRAMS,
  boots: [
    {
      arch: "i386" as const,
      title: "the kernel",
      timings: { qemu: { seconds: 2 }, tabvisor: { seconds: 4, translatedShare: 0.96 } },
    },
  ],
  ends: [{ arch: "i386" as const, figures: { tabvisor: { engineBytes: 50e6 } } }],
};

describe("the summary", () => {
  const figures = summarize(RESULTS);
  const value = (title: string) => figures.find((figure) => figure.title === title)?.value;

  it("has geometric means of speeds", () => {
    expect(value("all programs, i386, against v86")).toBeCloseTo(Math.sqrt(4 * 0.5));
    expect(value("compute, i386, against QEMU TCG")).toBeCloseTo(2);
    expect(value("system calls, fork, pipe, faults, i386, against QEMU TCG")).toBeCloseTo(0.5);
    expect(value("compute, i386, against the bare CPU")).toBeCloseTo(0.25);
    expect(value("warm-up, all programs, i386, against QEMU TCG")).toBeCloseTo(Math.sqrt((8 / 16) * (2 / 16)));
  });

  it("names the programs that are slower than in v86", () => {
    const figure = figures.find(({ unit }) => unit === "programs");
    expect(figure).toMatchObject({ value: 1, of: 2, names: ["fork"] });
  });

  it("has boots, shares of translated code and memory", () => {
    expect(value("boot, the kernel")).toBe(4);
    expect(value("boot, the kernel, against QEMU TCG")).toBe(0.5);
    expect(value("translated, boot, the kernel")).toBe(0.96);
    expect(value("memory beyond guest RAM: engine, i386")).toBe(50e6);
  });

  it("says nothing of what was not measured", () => {
    expect(figures.every(({ subject }) => subject === "tabvisor")).toBe(true);
    expect(summarize({ programs: [], boots: [], ends: [] })).toEqual([]);
    expect(value("compute, amd64, against QEMU TCG")).toBeUndefined();
    expect(value("dispersed, i386, against QEMU TCG")).toBeUndefined();
  });

  it("is printed below the tables", () => {
    const host = { cpu: "A CPU", cores: 2, node: "20.0.0", qemu: null, loadAverage: 0 };
    const report: BenchReport = {
      ...{ host, runs: 3, engine: "auto", ...RESULTS, summary: figures },
      ...{ loops: [], disks: [], screens: [], desktops: [] },
      ...{ skipped: ["QEMU TCG, i386: it is not there"], errors: ["v86, i386: it broke"] },
    };
    expect(printReport(report)).toMatchInlineSnapshot(`
      "Speeds are how many times as fast Tabvisor is: 4x, or 1/4 for a quarter.
      A CPU, 2 cores, load 0.0, Node 20.0.0, no QEMU; engine auto; median of 3

      i386, steady, a round                CPU               QEMU                v86           Tabvisor  Tabvisor:CPU  Tabvisor:QEMU  Tabvisor:v86
      the sieve              1.00 ms (1.00 ms)  8.00 ms (8.00 ms)  16.0 ms (16.0 ms)  4.00 ms (4.00 ms)        1/4.00          2.00x         4.00x
      forks                  1.00 ms (1.00 ms)  2.00 ms (2.00 ms)  2.00 ms (2.00 ms)  4.00 ms (4.00 ms)        1/4.00         1/2.00        1/2.00

      i386, warm-up, a round                CPU               QEMU                v86           Tabvisor  Tabvisor:CPU  Tabvisor:QEMU  Tabvisor:v86
      the sieve               1.00 ms (1.00 ms)  8.00 ms (8.00 ms)  16.0 ms (16.0 ms)  16.0 ms (16.0 ms)        1/16.0         1/2.00         1.00x
      forks                   1.00 ms (1.00 ms)  2.00 ms (2.00 ms)  2.00 ms (2.00 ms)  16.0 ms (16.0 ms)        1/16.0         1/8.00        1/8.00

      boot to shell    QEMU  Tabvisor
      the kernel     2.00 s    4.00 s

      figures                                                   Tabvisor
      all programs, i386, against v86                              1.41x  2 programs
      programs slower than v86                                    1 fork  2 programs
      compute, i386, against QEMU TCG                              2.00x   1 program
      system calls, fork, pipe, faults, i386, against QEMU TCG    1/2.00   1 program
      warm-up, all programs, i386, against QEMU TCG               1/4.00  2 programs
      compute, i386, against the bare CPU                         1/4.00   1 program
      boot, the kernel                                            4.00 s
      boot, the kernel, against QEMU TCG                          1/2.00
      translated, boot, the kernel                               96.00 %
      memory beyond guest RAM: engine, i386                        50 MB

      skipped: QEMU TCG, i386: it is not there

      v86, i386: it broke"
    `);
  });
});
