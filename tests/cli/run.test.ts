import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseRunOptions } from "../../src/cli/options.ts";
import { runVm } from "../../src/cli/run.ts";
import { FakeVm, fakeProcess } from "./fakeVm.ts";

const PNG_SIGNATURE = "89504e470d0a1a0a";

function run(args: string[], guest: (vm: FakeVm) => void, isTTY = false) {
  const vm = new FakeVm(guest);
  const process = fakeProcess(isTTY);
  return { vm, process, status: runVm(vm, parseRunOptions(args), process.environment) };
}

const powerOff = (vm: FakeVm) => vm.stop({ kind: "power-off" });

describe("tabvisor run", () => {
  it("ends with 0 once --until matches", async () => {
    const { vm, process, status } = run(["--until", "~ #"], (guest) => guest.say("hello\r\n~ # "));
    expect(await status).toBe(0);
    expect(process.written.stdout).toBe("hello\r\n~ # ");
    expect(vm.closed).toBe(true);
  });

  it("says what a drive's failure is, in a line of its own", async () => {
    const { process, status } = run(["--until", "~ #"], (guest) => {
      guest.say("half a line");
      guest.failDrive("disk.img: the disk is full");
      guest.say("~ #");
    });
    expect(await status).toBe(0);
    expect(process.written.stderr).toBe("tabvisor: disk.img: the disk is full\n");
    expect(process.written.stdout).toBe("half a line\n~ #");
  });

  it("ends with 0 once the screen matches", async () => {
    const { vm, status } = run(["--until", "No bootable device"], () => {});
    vm.screen = "SeaBIOS\nNo bootable device.\n";
    expect(await status).toBe(0);
  });

  it("sends, types, and ends", async () => {
    const { vm, status } = run(["--send", "one=>1\\n", "--type", "two=>2<enter>", "--until", "three"], (guest) => {
      guest.say("one");
      guest.say("two");
      guest.say("three");
    });
    expect(await status).toBe(0);
    expect([vm.sent, vm.typed]).toEqual([["1\n"], ["2<enter>"]]);
  });

  it("moves the mouse", async () => {
    const { vm, status } = run(["--mouse", "one=>3,-4,1", "--until", "two"], (guest) => {
      guest.say("one");
      guest.say("two");
    });
    expect(await status).toBe(0);
    expect(vm.moved).toEqual([[3, -4, 0, 1]]);
  });

  it("says that the guest's kernel has panicked, and goes on", async () => {
    const { process, status } = run(["--until", "reboot"], (guest) => {
      guest.say("Kernel panic");
      guest.signal({ kind: "panicked", crashLoaded: false });
      guest.say("reboot");
    });
    expect(await status).toBe(0);
    expect(process.written.stderr).toBe("tabvisor: the guest's kernel has panicked\n");
  });

  it("writes what is printed, and what comes on hvc0, to files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tabvisor-lines-"));
    const [printed, hvc] = [join(folder, "printed"), join(folder, "hvc0")];
    const { status } = run(["--parallel", printed, "--virtio-console", hvc], (guest) => {
      guest.printer.say("a page\f");
      guest.virtioConsole.say("hello");
      powerOff(guest);
    });
    expect(await status).toBe(0);
    expect([readFileSync(printed, "latin1"), readFileSync(hvc, "latin1")]).toEqual(["a page\f", "hello"]);
  });

  it("gives hvc0 the terminal and the script, when it is to be stdio", async () => {
    const { vm, process, status } = run(["--virtio-console", "stdio", "--send", "#=>ls", "--until", "bin"], (guest) => {
      guest.say("on the serial line #");
      guest.virtioConsole.say("hvc #");
      process.input("typed");
      guest.virtioConsole.say("bin");
    });
    expect(await status).toBe(0);
    expect(process.written.stdout).toBe("hvc #bin");
    expect(vm.sent).toEqual(["hvc0: ls", "hvc0: typed"]);
  });

  it("ends when the guest powers off, and says what did not come", async () => {
    const { process, status } = run(["--until", "never"], powerOff);
    expect(await status).toBe(0);
    expect(process.written.stderr).toBe("tabvisor: the guest powered off; there was no /never/ of --until\n");
  });

  it("passes on the status of isa-debug-exit", async () => {
    expect(await run([], (guest) => guest.stop({ kind: "debug-exit", status: 33 })).status).toBe(33);
  });

  it("ends with 3 and registers after a triple fault", async () => {
    const { process, status } = run([], (guest) => guest.stop({ kind: "triple-fault", registers: "RIP=fff0\n" }));
    expect(await status).toBe(3);
    expect(process.written.stderr).toBe("tabvisor: triple fault\nRIP=fff0\n");
  });

  it("ends with 1 and one line after a defect", async () => {
    const { process, status } = run([], (guest) => guest.stop({ kind: "internal-error", message: "oops" }));
    expect(await status).toBe(1);
    expect(process.written.stderr).toBe("tabvisor: oops\n");
  });

  it("ends with 124 after --timeout and says what it waited for", async () => {
    const args = ["--timeout", "0.05", "--send", "login:=>root", "--until", "#"];
    const { process, status } = run(args, (guest) => guest.say("hi"));
    expect(await status).toBe(124);
    expect(process.written.stderr).toBe("tabvisor: time-out after 0.05 s: still waiting for /login:/ of --send\n");
    expect(process.written.stdout).toBe("hi\n");
  });

  it("is a terminal without --until; Ctrl-A x quits", async () => {
    const { vm, process, status } = run([], () => {}, true);
    process.input("ls\r");
    process.input("\x01x");
    expect(await status).toBe(0);
    expect(vm.sent).toEqual(["ls\r"]);
    expect(process.written.raw).toEqual([true, false]);
  });

  it("leaves a person's terminal alone with --until; Ctrl-C ends it", async () => {
    const { vm, process, status } = run(["--until", "x"], () => {}, true);
    process.input("ls\r");
    process.signal("SIGINT");
    expect(await status).toBe(130);
    expect([vm.sent, process.written.raw]).toEqual([[], []]);
  });

  it("gives piped input to the guest, all of it", async () => {
    const { vm, process, status } = run(["--until", "done"], () => {});
    process.input("ls\n\x01x");
    vm.say("done");
    expect(await status).toBe(0);
    expect(vm.sent).toEqual(["ls\n\x01x"]);
  });

  it("writes what the options name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tabvisor-run-"));
    const path = (name: string) => join(folder, name);
    const files = ["--serial", path("serial"), "--debugcon", path("debug"), "--screen", path("s.png"), "--stats", "-"];
    const { vm, process, status } = run([...files, "--screen-text"], (guest) => {
      guest.say("boot\r\n");
      for (const byte of [0x64, 0x62, 0x67]) guest.onDebugByte?.(byte);
      guest.screen = "~ #\n\n";
      powerOff(guest);
    });
    expect(await status).toBe(0);
    expect(vm.closed).toBe(true);
    expect(readFileSync(path("serial"), "latin1")).toBe("boot\r\n");
    expect(readFileSync(path("debug"), "latin1")).toBe("dbg");
    expect(readFileSync(path("s.png")).subarray(0, 8).toString("hex")).toBe(PNG_SIGNATURE);
    const [screen, ...stats] = process.written.stdout.split("\n");
    expect(screen).toBe("~ #");
    expect(JSON.parse(stats.join("\n"))).toEqual({ instructions: 7, seconds: 1 });
  });

  it("says nothing with --serial none, and still sees the output", async () => {
    const { process, status } = run(["--serial", "none", "--until", "#"], (guest) => guest.say("#"));
    expect(await status).toBe(0);
    expect(process.written.stdout).toBe("");
  });
});
