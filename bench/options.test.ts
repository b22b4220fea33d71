import { describe, expect, it } from "vitest";
import { OptionError, parseBenchOptions } from "./options.ts";

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe("options of the benchmark", () => {
  it("measure everything but the loops unless told otherwise", () => {
    const options = parseBenchOptions([])!;
    expect(options.programs).toHaveLength(15);
    expect(options.disks).toEqual(["virtio-blk", "nvme", "ide", "9p"]);
    expect(options).toMatchObject({ boot: true, screen: true, desktop: true, loops: [], engine: "auto", runs: 1 });
    expect(options.contenders).toEqual(["host", "qemu", "v86", "tabvisor", "chromium"]);
    expect(options.arches).toEqual(["amd64", "i386"]);
    expect(options).not.toHaveProperty("json");
  });

  it("take everything", () => {
    const args = ["--only", "sieve,fork", "--contenders", "tabvisor,qemu", "--arch", "amd64", "--engine", "jit"];
    const options = parseBenchOptions([...args, "--runs", "5", "--json", "out.json"])!;
    expect(names(options.programs)).toEqual(["sieve", "fork"]);
    expect(options).toMatchObject({ boot: false, contenders: ["qemu", "tabvisor"], arches: ["amd64"] });
    expect(options).toMatchObject({ engine: "jit", runs: 5, json: "out.json" });
  });

  it("know groups, the boot and the loops", () => {
    expect(names(parseBenchOptions(["--only", "system", "--only", "boot"])!.programs)).toEqual([
      "syscall",
      "fork",
      "pipe",
      "faults",
    ]);
    expect(parseBenchOptions(["--only", "boot"])).toMatchObject({ programs: [], boot: true, screen: false });
    expect(parseBenchOptions(["--only", "screen"])).toMatchObject({ programs: [], boot: false, screen: true });
    expect(parseBenchOptions(["--only", "desktop"])).toMatchObject({ boot: false, screen: false, desktop: true });
    expect(parseBenchOptions(["--only", "loops"])!.loops).toEqual(["alu32", "alu64", "memory", "calls", "dispersed"]);
    expect(parseBenchOptions(["--only", "disks"])!.disks).toEqual(["virtio-blk", "nvme", "ide", "9p"]);
    expect(parseBenchOptions(["--only", "nvme"])).toMatchObject({ programs: [], boot: false, disks: ["nvme"] });
    expect(parseBenchOptions(["--only", "alu64"])).toMatchObject({ programs: [], boot: false, loops: ["alu64"] });
  });

  it("give the program, not the loop, that is called dispersed", () => {
    const { programs, loops } = parseBenchOptions(["--only", "dispersed"])!;
    expect(names(programs)).toEqual(["dispersed"]);
    expect(loops).toEqual([]);
  });

  it.each([
    [["--runs", "0"]],
    [["--runs", "many"]],
    [["--only", "nothing"]],
    [["--only", "sieve,"]],
    [["--contenders", "bochs"]],
    [["--arch", "arm64"]],
    [["--engine", "fast"]],
    [["--fast"]],
  ])("refuse %j", (args) => {
    expect(() => parseBenchOptions(args)).toThrow(OptionError);
  });

  it("are nothing when help is wanted", () => {
    expect(parseBenchOptions(["--help"])).toBeUndefined();
  });
});
