/**
 * Debian on disks, through the real command line: systemd to a login, files that outlive a killed process, Python and a C compiler.
 * The guests of one image boot one after another from one overlay, each on another interface, and find what those before have left.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUILD_LIMIT_MS, buildTabvisor, tabvisor, tabvisorUntil } from "../cli/tabvisor.ts";
import { hasGuest } from "../support/images.ts";

/** For a host that does other things at the same time. */
const LIMIT_SECONDS = 900;
const LIMIT_MS = 1000 * LIMIT_SECONDS + 20_000;
const PROMPT = "root@debian:~# ";
const PROGRAM = 'int puts(const char *); int main(void) { return puts("compiled " __VERSION__) < 0; }';

const folder = mkdtempSync(join(tmpdir(), "tabvisor-debian-"));
beforeAll(buildTabvisor, BUILD_LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Logs in and has `commands` executed, one after another; the kernel is to say nothing between. */
function session(guest: string, overlay: string, commands: readonly string[]): string[] {
  const inputs = [["debian login: ", "root"], ...["dmesg -n 1", ...commands].map((command) => [PROMPT, command])];
  return [
    ...["run", "--guest", guest, "--overlay", join(folder, overlay), "--timeout", String(LIMIT_SECONDS)],
    ...inputs.flatMap(([pattern, text]) => ["--send", `${pattern}=>${text?.replaceAll("\\", "\\\\")}\\n`]),
  ];
}

/** What the guest says when it has done all; the echo of the command has it in two parts. */
const ALL_DONE = "all done";
const SAY_ALL_DONE = "echo all ''done";

/** Writes a file named after the guest, and kills the process as soon as the guest says that it is on the disk. */
async function writeAndDie(guest: string, overlay: string): Promise<void> {
  const write = `echo written by ${guest} >${guest}.txt && sync && echo synced ''now`;
  const { stdout } = await tabvisorUntil(session(guest, overlay, [write]), /synced now/, (child) =>
    child.kill("SIGKILL"),
  );
  expect(stdout).toContain("synced now");
}

/** What the guest prints. */
async function runCommands(guest: string, overlay: string, commands: readonly string[]): Promise<string> {
  const args = session(guest, overlay, [...commands, SAY_ALL_DONE]);
  const { status, stdout, stderr } = await tabvisor([...args, "--until", ALL_DONE]);
  expect([status, stderr, status === 0 ? "" : stdout.slice(-3000)]).toEqual([0, "", ""]);
  return stdout;
}

const PROGRAMS = [
  "python3 -c 'import sys; print(sum(range(101)), sys.maxsize)'",
  `echo '${PROGRAM}' >p.c && gcc -O2 -o p p.c && ./p`,
];

describe.runIf(hasGuest("debian-nvme"))("Debian amd64 on a disk", () => {
  it("keeps what was written on NVMe when its process is killed", { timeout: LIMIT_MS }, async () => {
    await writeAndDie("debian-nvme", "amd64.tvo");
  });

  it("keeps what was written on virtio-blk when its process is killed", { timeout: LIMIT_MS }, async () => {
    await writeAndDie("debian-virtio", "amd64.tvo");
  });

  it("finds both on IDE, and runs Python and a C compiler", { timeout: LIMIT_MS }, async () => {
    const output = await runCommands("debian-ide", "amd64.tvo", ["cat *.txt", ...PROGRAMS]);
    expect(output).toMatch(/written by debian-nvme\r\nwritten by debian-virtio\r\n/);
    expect(output).toContain("5050 9223372036854775807");
    expect(output).toMatch(/compiled 12\./);
  });
});

describe.runIf(hasGuest("debian-grub"))("Debian i386 on a disk", () => {
  it("boots by GRUB, and keeps what was written when its process is killed", { timeout: LIMIT_MS }, async () => {
    await writeAndDie("debian-grub", "i386.tvo");
  });

  it("finds it with the kernel booted directly, and runs Python and a C compiler", { timeout: LIMIT_MS }, async () => {
    const output = await runCommands("debian-686", "i386.tvo", ["cat *.txt", ...PROGRAMS]);
    expect(output).toMatch(/written by debian-grub\r\n/);
    expect(output).toContain("5050 2147483647");
    expect(output).toMatch(/compiled 12\./);
  });
});
