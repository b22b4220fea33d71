import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { splitModules } from "../../src/cli/files.ts";
import { NodeFile } from "../../src/storage/nodeFile.ts";
import { hasGuest } from "../support/images.ts";
import { BUILD_LIMIT_MS, buildTabvisor, guestFile, tabvisor } from "./tabvisor.ts";

const folder = mkdtempSync(join(tmpdir(), "tabvisor-errors-"));

function file(name: string, data: string | Uint8Array): string {
  writeFileSync(join(folder, name), data);
  return join(folder, name);
}

/** A program that is no kernel. */
const noKernel = file("no-kernel", "#!/bin/sh\n".repeat(1000));
const empty = file("empty", "");
/** So that these do not need the built one. */
const firmware = file("firmware", new Uint8Array(0x1_0000));
const disk = file("disk.img", new Uint8Array(4096));

describe("the command line", () => {
  beforeAll(buildTabvisor, BUILD_LIMIT_MS);

  it("says what it is", async () => {
    expect((await tabvisor(["--version"])).stdout).toMatch(/^tabvisor \d+\.\d+\.\d+\n$/);
    for (const args of [["--help"], ["run", "--help"]]) {
      const { status, stdout } = await tabvisor(args);
      expect([status, stdout.split("\n", 1)]).toEqual([0, ["Usage: tabvisor run [options]"]]);
    }
  });

  it.each([
    ["no command", [], /no command; see tabvisor --help/],
    ["an unknown command", ["walk"], /"walk" is not a command/],
    ["an unknown option", ["run", "--colour"], /--colour/],
    ["a bad regular expression", ["run", "--until", "("], /--until: not a regular expression/],
    ["too much memory", ["run", "--memory", "99999"], /--memory 99999: .* 3072/],
    ["a missing kernel", ["run", "--kernel", "/no/kernel"], /--kernel \/no\/kernel: there is no such file/],
    ["a folder for a kernel", ["run", "--kernel", folder], /--kernel .*: it is a folder/],
    ["an empty kernel", ["run", "--kernel", empty], /--kernel .*: the file is empty/],
    ["no kernel", ["run", "--kernel", noKernel], /--kernel .*no-kernel: .*neither a Linux bzImage nor a multiboot/],
    [
      "a missing RAM disk",
      ["run", "--kernel", noKernel, "--initrd", "/no/initrd"],
      /--initrd \/no\/initrd: there is no/,
    ],
    [
      "a missing disk",
      ["run", "--bios", firmware, "--hda", "/no/disk.img"],
      /^tabvisor: \/no\/disk.img: there is no such file\n/,
    ],
    ["a folder for a disk", ["run", "--bios", firmware, "--hda", folder], /tabvisor-errors-.*: it is no regular file/],
    ["an empty CD", ["run", "--bios", firmware, "--cdrom", empty], /empty is empty/],
    [
      "no qcow2 image",
      ["run", "--bios", firmware, "--drive", `file=${noKernel},format=qcow2`],
      /no-kernel: this is no qcow2 image/,
    ],
    [
      "a file that is no overlay",
      ["run", "--bios", firmware, "--drive", `file=${disk},overlay=${noKernel}`],
      /no-kernel is no overlay/,
    ],
    [
      "an overlay in no folder",
      ["run", "--bios", firmware, "--drive", `file=${disk},overlay=/no/o.tvo`],
      /\/no\/o.tvo: there is no such/,
    ],
    [
      "a server that is not there",
      ["run", "--bios", firmware, "--cdrom", "http://127.0.0.1:9/cd.iso"],
      /cd.iso: the server cannot be/,
    ],
    ["half a BIOS", ["run", "--bios", file("bios", new Uint8Array(1000))], /--bios .*: .*cut short/],
    [
      "a screen in no folder",
      ["run", "--screen", "/no/where/s.png"],
      /--screen \/no\/where\/s.png: there is no such folder/,
    ],
    [
      "a profile in no folder",
      ["run", "--profile", "/no/where/p.txt"],
      /--profile \/no\/where\/p.txt: there is no such folder/,
    ],
    [
      "missing symbols",
      ["run", "--profile", "-", "--symbols", "/no/map"],
      /--symbols \/no\/map: there is no such file/,
    ],
    [
      "a System.map without code",
      ["run", "--profile", "-", "--symbols", file("map", "ffffffffffffffff B The real System.map is elsewhere\n")],
      /--symbols .*map: no line in it is a code symbol/,
    ],
  ])("refuses %s with one line and status 2", async (_name, args, message) => {
    const { status, stdout, stderr } = await tabvisor(args);
    expect(stderr).toMatch(/^tabvisor: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([2, ""]);
  });

  it("refuses to write to an image that another run writes to", async () => {
    const image = NodeFile.open(disk, "r+");
    const { status, stderr } = await tabvisor(["run", "--bios", firmware, "--hda", disk, "--writable"]);
    image.close();
    expect([status, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(/disk\.img is in use by process \d+; /);
  });

  it.runIf(hasGuest("linux-amd64"))("refuses a kernel that is cut short", async () => {
    const kernel = readFileSync(guestFile("linux-amd64", "kernel"));
    const half = file("half", kernel.subarray(0, kernel.length / 2));
    const { status, stderr } = await tabvisor(["run", "--kernel", half]);
    expect(stderr).toMatch(/^tabvisor: --kernel .*half: .*truncated[^\n]*\n$/);
    expect(status).toBe(2);
  });
});

describe("multiboot modules", () => {
  it("are separated by commas and carry command lines", () => {
    expect(splitModules("mod.elf -v,data/a,,b,c x y")).toEqual(["mod.elf -v", "data/a,b", "c x y"]);
    expect(() => splitModules("a, ,b")).toThrow("--initrd 'a, ,b': a module without a file name");
  });
});
