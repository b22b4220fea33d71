import { describe, expect, it } from "vitest";
import { HELP } from "../../src/cli/help.ts";
import { OPTION_NAMES, parseRunOptions, unescapeText } from "../../src/cli/options.ts";
import { UsageError } from "../../src/cli/usageError.ts";

describe("the options of tabvisor run", () => {
  it("has defaults", () => {
    expect(parseRunOptions([])).toEqual({
      memoryMib: 256,
      serial: { kind: "stdio" },
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

  it("keeps --send and --type in one order", () => {
    const options = parseRunOptions(["--send", "a=>1\\n", "--type", "b=>2=>3", "--send", "=>"]);
    expect(options.inputs.map(({ on, pattern, text }) => [on, pattern.source, text])).toEqual([
      ["serial", "a", "1\n"],
      ["keyboard", "b", "2=>3"],
      ["serial", "(?:)", ""],
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
    [["--initrd", "x"], /^--initrd needs --kernel$/],
    [["--append", "x"], /^--append needs --kernel$/],
    [["--symbols", "x"], /^--symbols needs --profile$/],
    [["--profile", "p", "--engine", "interp"], /^--profile counts translated code: it needs --engine auto or jit$/],
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
    for (const name of OPTION_NAMES) expect(HELP).toContain(`--${name} `);
  });
});
