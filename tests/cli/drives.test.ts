/** What a guest writes to its drives, and where that is afterwards: Debian's cloud kernel, which has an NVMe driver built in. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BUILD_LIMIT_MS, buildTabvisor, hasGuest, linuxArgs, tabvisor, tabvisorUntil } from "./tabvisor.ts";

const PROMPT = "~ #";
const LIMIT = ["--timeout", "100"];
const TEST_LIMIT_MS = 220_000;
const SECTOR_BYTES = 512;
const SECTOR = 9;

const folder = mkdtempSync(join(tmpdir(), "tabvisor-drives-"));
const image = join(folder, "disk.img");
const overlay = join(folder, "disk.tvo");
const original = Buffer.alloc(8 << 20, "untouched ");

/** Writes `word` to a sector, and returns when it is flushed. */
const write = (word: string) => `echo ${word} | dd of=/dev/nvme0n1 bs=512 seek=${SECTOR} conv=sync,fsync`;
const read = `echo sector: $(dd if=/dev/nvme0n1 bs=512 skip=${SECTOR} count=1 | head -c 5)`;
/** The shell's echo of the command has the quotes. */
const say = (word: string) => `echo ${word.slice(0, 1)}''${word.slice(1)}`;

const onDrive = (options: string, command: string, ...more: string[]) => [
  ...[...linuxArgs("linux-amd64"), ...LIMIT, "--drive", `file=${image},if=nvme${options}`, ...more],
  ...["--send", `${PROMPT}=>${command}\\n`],
];
const sectorOf = (file: Buffer) => file.toString("latin1", SECTOR * SECTOR_BYTES, SECTOR * SECTOR_BYTES + 5);
const kill = (child: { kill(signal: "SIGKILL"): void }) => child.kill("SIGKILL");

describe.runIf(hasGuest("linux-amd64"))("what a guest writes", () => {
  beforeAll(buildTabvisor, BUILD_LIMIT_MS);
  beforeEach(() => writeFileSync(image, original));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is gone with the run, and the image is as it was", { timeout: TEST_LIMIT_MS }, async () => {
    const { status, stdout } = await tabvisor([
      ...onDrive("", `${write("gone!")}; ${read}`),
      "--until",
      "^sector: gone!",
    ]);
    expect(stdout).toContain("sector: gone!");
    expect(status).toBe(0);
    expect(readFileSync(image).equals(original)).toBe(true);
  });

  it("is in the overlay though the process was killed", { timeout: TEST_LIMIT_MS }, async () => {
    const options = `,overlay=${overlay}`;
    const killed = await tabvisorUntil(onDrive(options, `${write("kept!")}; ${say("flushed")}`), /^flushed/m, kill);
    expect(killed.stdout).toMatch(/^flushed/m);
    expect(readFileSync(image).equals(original)).toBe(true);
    const { status } = await tabvisor([...onDrive(options, read), "--until", "^sector: kept!"]);
    expect(status).toBe(0);
    expect(readFileSync(image).equals(original)).toBe(true);
  });

  it("is in the image with --writable", { timeout: TEST_LIMIT_MS }, async () => {
    const args = onDrive("", `${write("file!")}; ${say("flushed")}`, "--writable");
    await tabvisorUntil(args, /^flushed/m, kill);
    expect(sectorOf(readFileSync(image))).toBe("file!");
  });

  it("cannot be, where a drive is read-only", { timeout: TEST_LIMIT_MS }, async () => {
    const { status } = await tabvisor([
      ...onDrive(",readonly=on", "echo read-only: $(cat /sys/block/nvme0n1/ro)"),
      ...["--until", "^read-only: 1"],
    ]);
    expect(status).toBe(0);
  });

  it("fails with the file: an I/O error for the guest, a line for the user", { timeout: TEST_LIMIT_MS }, async () => {
    const command = `${say("ready")}; sleep 1; dd if=/dev/nvme0n1 of=/dev/null bs=4k skip=1000 count=1; ${say("survived")}`;
    const args = [...onDrive("", command), "--until", "^survived"];
    const { status, stdout, stderr } = await tabvisorUntil(args, /^ready/m, () => truncateSync(image, 65536));
    expect(status).toBe(0);
    expect(stdout).toMatch(/I\/O error/);
    expect(stderr).toBe(`tabvisor: ${image}: the file has been cut short since it was opened\n`);
  });
});
