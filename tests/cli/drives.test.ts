/**
 * What guests read from drives, and where what they write is afterwards: a boot sector that counts, and Debian's cloud kernel,
 * which has an NVMe driver built in.
 */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { countingDisk, FLOPPY_BYTES } from "../storage/countingDisk.ts";
import { qcow2Image, seekableZstd } from "../storage/imageWriters.ts";
import { hasGuest } from "../support/images.ts";
import { BUILD_LIMIT_MS, buildTabvisor, LIMIT, linuxArgs, TEST_LIMIT_MS, tabvisor, tabvisorUntil } from "./tabvisor.ts";

const PROMPT = "~ #";
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

beforeAll(buildTabvisor, BUILD_LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(hasGuest("seabios"))("SeaBIOS", () => {
  const disk = join(folder, "count.img");
  const bytes = countingDisk(1 << 20);
  beforeEach(() => writeFileSync(disk, bytes));

  /** What the screen says after a boot with these options. */
  async function boot(...options: string[]): Promise<string> {
    const args = ["--serial", "none", "--memory", "32", ...LIMIT, "--until", "boot \\d|No bootable", "--screen-text"];
    const { status, stdout, stderr } = await tabvisor(["run", ...args, ...options]);
    expect([status, stderr]).toEqual([0, ""]);
    return /boot \d|No bootable/.exec(stdout)?.[0] ?? stdout;
  }

  it("boots a disk, whose image stays as it is", { timeout: TEST_LIMIT_MS }, async () => {
    expect([await boot("--hda", disk), await boot("--hda", disk)]).toEqual(["boot 1", "boot 1"]);
    expect(readFileSync(disk).equals(bytes)).toBe(true);
  });

  it("counts in an overlay, which belongs to its image", { timeout: TEST_LIMIT_MS }, async () => {
    const drive = `file=${disk},overlay=${join(folder, "count.tvo")}`;
    for (const count of [1, 2, 3]) expect(await boot("--drive", drive)).toBe(`boot ${count}`);
    expect(readFileSync(disk).equals(bytes)).toBe(true);
    writeFileSync(
      disk,
      bytes.map((byte, at) => (at === 600 ? 1 : byte)),
    );
    const { status, stderr } = await tabvisor(["run", "--drive", drive]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^tabvisor: .*count\.tvo belongs to another image, or the image was changed since\n$/);
  });

  it("counts in the image with --writable", { timeout: TEST_LIMIT_MS }, async () => {
    expect([await boot("--hda", disk, "--writable"), await boot("--hda", disk)]).toEqual(["boot 1", "boot 2"]);
    expect(readFileSync(disk)[SECTOR_BYTES]).toBe(1);
  });

  it("boots qcow2, zstd and floppies; --boot says which first", { timeout: TEST_LIMIT_MS }, async () => {
    const [qcow2, zstd, floppy] = ["count.qcow2", "count.zst", "count.flp"].map((name) => join(folder, name));
    writeFileSync(qcow2, qcow2Image(bytes, { store: () => "zlib" }));
    writeFileSync(zstd, seekableZstd(bytes, 300_000));
    // Its counter has begun already.
    writeFileSync(floppy, countingDisk(FLOPPY_BYTES).fill(4, SECTOR_BYTES, SECTOR_BYTES + 1));
    expect(await boot("--hdb", qcow2)).toBe("boot 1");
    expect(await boot("--drive", `file=${zstd},overlay=${join(folder, "zst.tvo")}`)).toBe("boot 1");
    expect(await boot("--drive", `file=${zstd},overlay=${join(folder, "zst.tvo")}`)).toBe("boot 2");
    expect(await boot("--fda", floppy)).toBe("boot 5");
    expect(await boot("--fda", floppy, "--hda", disk)).toBe("boot 1");
    expect(await boot("--fda", floppy, "--hda", disk, "--boot", "a")).toBe("boot 5");
  });
});

describe.runIf(hasGuest("linux-amd64"))("what a guest writes", () => {
  beforeEach(() => writeFileSync(image, original));

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
