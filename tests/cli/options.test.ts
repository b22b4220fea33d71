import { describe, expect, it } from "vitest";
import { HELP } from "../../src/cli/help.ts";
import { OPTION_NAMES, parseRunOptions, unescapeText } from "../../src/cli/options.ts";
import { UsageError } from "../../src/cli/usageError.ts";

describe("the options of tabvisor run", () => {
  it("has defaults", () => {
    expect(parseRunOptions([])).toEqual({
      memoryMib: 256,
      drives: [],
      shares: [],
      serial: { kind: "stdio" },
      virtioConsole: { kind: "none" },
      vga: "std",
      virtio: {},
      engine: "auto",
      clock: "host",
      inputs: [],
      debugExit: false,
      screenText: false,
    });
  });

  it("takes every option", () => {
    const files =
      "--kernel k --initrd i --bios b --vga-bios v --serial s.log --debugcon d --screen s.png --stats - --profile p --symbols m";
    const rest = "--memory 64 --engine jit --clock icount --timeout 1.5 --debug-exit --screen-text";
    const options = parseRunOptions([...`${files} ${rest}`.split(" "), "--append", "quiet  splash", "--until=^~ #"]);
    expect(options).toMatchObject({ kernel: "k", initrd: "i", bios: "b", vgaBios: "v", debugcon: "d", stats: "-" });
    expect(options).toMatchObject({ profile: "p", symbols: "m" });
    expect(options).toMatchObject({ memoryMib: 64, engine: "jit", clock: "icount", timeoutSeconds: 1.5 });
    expect(options).toMatchObject({ debugExit: true, screenText: true, screen: "s.png", append: "quiet  splash" });
    expect(options.serial).toEqual({ kind: "file", path: "s.log" });
    expect(options.until?.source).toBe("^~ #");
  });

  it("takes lines, the adapter and virtio's settings", () => {
    const file = (path: string) => ({ kind: "file", path });
    const args =
      "--serial s --virtio-console h --parallel p --vga none --virtio-rings packed --virtio-legacy off --virtio-rng off";
    expect(parseRunOptions(args.split(" "))).toMatchObject({
      serial: file("s"),
      virtioConsole: file("h"),
      parallel: "p",
      vga: "none",
      virtio: { packed: true, transitional: false, rng: false },
    });
    expect(parseRunOptions(["--virtio-console", "stdio"])).toMatchObject({
      serial: { kind: "none" },
      virtioConsole: { kind: "stdio" },
    });
  });

  it("takes drives after QEMU's names", () => {
    const file = (path: string) => ({ kind: "file" as const, path });
    const { drives } = parseRunOptions([
      ...["--cdrom", "cd.iso", "--hda", "a.img", "--fda", "dos.img", "--hdb", "https://example.org/b.qcow2"],
      ...["--drive", "file=n,,1.img,if=nvme,index=2,format=raw,overlay=o=1.tvo", "--drive", "media=cdrom,index=3"],
      ...["--drive", "file=v.qcow2,if=virtio,readonly=on,media=disk,backing=base.img"],
    ]);
    expect(drives).toEqual([
      { interface: "ide", index: 0, source: file("a.img") },
      { interface: "ide", index: 1, source: { kind: "url", url: "https://example.org/b.qcow2" } },
      { interface: "floppy", index: 0, source: file("dos.img") },
      { interface: "ide", index: 2, media: "cdrom", source: file("cd.iso") },
      { interface: "nvme", index: 2, source: file("n,1.img"), format: "raw", overlay: "o=1.tvo" },
      { interface: "ide", index: 3, media: "cdrom" },
      { interface: "virtio", source: file("v.qcow2"), readOnly: true, backing: file("base.img") },
    ]);
  });

  it("writes to images only with --writable, and not to those with an overlay", () => {
    const args = ["--hda", "a", "--cdrom", "c", "--drive", "file=b,overlay=o", "--drive", "file=d,readonly=on"];
    expect(parseRunOptions(args).drives.some(({ writable }) => writable)).toBe(false);
    const { drives } = parseRunOptions([...args, "--writable"]);
    expect(drives.map(({ writable }) => writable)).toEqual([true, undefined, undefined, undefined]);
  });

  it("takes a guest of the catalogue", () => {
    const { guest, memoryMib, overlay } = parseRunOptions(["--guest", "linux-686", "--overlay", "o"]);
    expect([guest?.id, memoryMib, overlay]).toEqual(["linux-686", 128, "o"]);
    const args = ["--guest", "linux-686", "--memory", "64", "--append", "quiet"];
    expect(parseRunOptions(args)).toMatchObject({ memoryMib: 64, append: "quiet" });
  });

  it("takes a boot order", () => {
    expect(parseRunOptions(["--boot", "d"]).bootOrder).toEqual(["cdrom"]);
    expect(parseRunOptions(["--boot", "dca"]).bootOrder).toEqual(["cdrom", "disk", "floppy"]);
  });

  it("keeps --send, --type and --mouse in one order", () => {
    const options = parseRunOptions([
      "--send",
      "a=>1\\n",
      "--type",
      "b=>2=>3",
      "--mouse",
      "c=>-3, 40,1",
      "--send",
      "=>",
    ]);
    expect(options.inputs.map(({ pattern, ...rest }) => [pattern.source, rest])).toEqual([
      ["a", { on: "serial", text: "1\n" }],
      ["b", { on: "keyboard", text: "2=>3" }],
      ["c", { on: "mouse", dx: -3, dy: 40, buttons: 1 }],
      ["(?:)", { on: "serial", text: "" }],
    ]);
  });

  it("reads escapes in texts", () => {
    expect(unescapeText(String.raw`a\n\r\t\e[A\\n\x03\q\x`)).toBe("a\n\r\t\x1b[A\\n\x03\\q\\x");
  });

  it.each([
    [["--memory", "4096"], /^--memory 4096: .* from 1 to 3072$/],
    [["--memory", "0"], /--memory 0/],
    [["--memory", "1.5"], /--memory 1.5/],
    [["--engine", "fast"], /^--engine fast: must be auto, interp or jit$/],
    [["--clock", "sun"], /^--clock sun: must be host or icount$/],
    [["--timeout", "soon"], /--timeout soon/],
    [["--timeout", "0"], /--timeout 0/],
    [["--until", "("], /^--until: not a regular expression: .*\(/],
    [["--send", "[=>x"], /^--send: not a regular expression/],
    [["--type", "login:"], /^--type 'login:': must be 'REGEX=>TEXT'$/],
    [["--mouse", "x=>1,2"], /^--mouse 'x=>1,2': must be 'REGEX=>DX,DY,BUTTONS'$/],
    [["--mouse", "x=>1.5,2,0"], /must be 'REGEX=>DX,DY,BUTTONS'$/],
    [["--mouse", "x=>9999,0,0"], /a mouse moves by at most 4096 counts/],
    [["--mouse", "x=>0,0,32"], /BUTTONS is at most 31$/],
    [["--vga", "cirrus"], /^--vga cirrus: must be std or none$/],
    [["--virtio-rings", "round"], /^--virtio-rings round: must be split or packed$/],
    [["--virtio-rng", "yes"], /^--virtio-rng yes: must be on or off$/],
    [["--virtio-console", ""], /^--virtio-console needs stdio, none or a file name$/],
    [["--serial", "stdio", "--virtio-console", "stdio"], /the terminal is for one of them$/],
    [["--parallel", ""], /^--parallel needs a file name$/],
    [["--initrd", "x"], /^--initrd needs --kernel$/],
    [["--append", "x"], /^--append needs --kernel$/],
    [["--append", "x", "--guest", "ipxe"], /^--append needs --kernel$/],
    [["--guest", "amiga"], /^--guest amiga: there is no such guest; there are linux-amd64, /],
    [["--guest", "ipxe", "--kernel", "k"], /^--guest and --kernel both say what to boot$/],
    [["--overlay", "o"], /^--overlay needs --guest; a --drive has overlay=$/],
    [["--symbols", "x"], /^--symbols needs --profile$/],
    [["--profile", "p", "--engine", "interp"], /^--profile counts translated code: it needs --engine auto or jit$/],
    [["--hda", ""], /^--hda needs a file name$/],
    [["--boot", "x"], /^--boot x: must be a \(floppy\), c \(disk\), d \(CD-ROM\), or several/],
    [["--boot", "cc"], /^--boot cc: must be/],
    [["--boot", "c", "--kernel", "k"], /^--boot is for the firmware/],
    [["--writable"], /^--writable needs a drive to be written to$/],
    [["--writable", "--cdrom", "c"], /^--writable needs a drive to be written to$/],
    [["--hda", "a", "--drive", "file=b,index=0"], /^two drives want to be ide 0 \(hda\)$/],
    [["--hdc", "a", "--cdrom", "b"], /^two drives want to be ide 2 \(hdc\)$/],
    [["--drive", "disk.img"], /^--drive disk.img: "disk.img" is none of file=, if=, .* or backing=$/],
    [["--drive", "file=a,cache=none"], /^--drive file=a,cache=none: "cache" is none of/],
    [["--drive", "file=a,file=b"], /^--drive file=a,file=b: file= is given twice$/],
    [["--drive", "file=a,if=scsi"], /^--drive file=a,if=scsi: if=scsi must be ide, virtio, nvme or floppy$/],
    [["--drive", "file=a,format=vmdk"], /format=vmdk must be raw, qcow2 or zstd$/],
    [["--drive", "file=a,readonly=yes"], /readonly=yes must be off or on$/],
    [["--drive", "file=a,index=first"], /index=first is no number$/],
    [["--drive", "file=a,index=7"], /^ide has places 0 to 3, not 7$/],
    [["--drive", "if=nvme"], /^a disk on nvme needs an image$/],
    [["--drive", "file=a,if=virtio,media=cdrom"], /^a CD-ROM drive is on ide, not on virtio$/],
    [["--drive", "file=a,readonly=on,overlay=o"], /nothing is written to a drive that is read-only/],
    [["--drive", "file=a,overlay="], /overlay= needs a file name$/],
    [["--bios", ""], /^--bios needs a file name$/],
    [["--colour"], /--colour.*see tabvisor --help$/],
    [["--memory"], /--memory.*see tabvisor --help$/],
    [["vmlinuz"], /vmlinuz.*see tabvisor --help$/],
  ])("refuses %j with one line", (args, message) => {
    expect(() => parseRunOptions(args)).toThrow(UsageError);
    expect(() => parseRunOptions(args)).toThrow(message);
    expect(() => parseRunOptions(args)).not.toThrow(/\n/);
  });

  it("has help for each", () => {
    for (const name of OPTION_NAMES) expect(HELP).toMatch(new RegExp(`--${name}[ ,]`));
  });
});
