/** Linux's drivers on IDE disks, CD-ROMs and floppies: what is read is what was put there, and the other way round. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/devices/conformance/fuzzTraffic.ts";
import type { AttachedDrive } from "../../src/machine/drives.ts";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { hasImages, image } from "../support/images.ts";
import { LinuxGuest } from "../support/linuxGuest.ts";
import { cdromDrive, floppyDrive, ideDisk } from "./catalogue.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 900_000;
const KERNEL = "linux-686/vmlinuz";
const INITRDS = ["linux-686/initrd.gz", "drive-modules-686/modules.gz"];
const CDROM = "grub-rescue/cdrom.iso";
const DISK_BYTES = 16 << 20;
const MIB = 1 << 20;
const WRITTEN_AT_MIB = 5;
const RELOAD_LIBATA = "rmmod sd_mod sr_mod ata_piix libata; insmod /lib/modules/libata.ko dma=0";

/** What the drivers of a guest are tried with: a way of transfer of the disk and the CD-ROM, and floppies by drive, in KB. */
const GUESTS = [
  { way: "DMA", floppies: [1440, 2880] },
  { way: "PIO", floppies: [720] },
] as const;

function randomBytes(length: number, seed: number): Uint8Array {
  const random = new Random(seed);
  const words = Uint32Array.from({ length: length / 4 }, () => random.u32());
  return new Uint8Array(words.buffer);
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

function boot(drives: readonly AttachedDrive[]): Promise<LinuxGuest> {
  return LinuxGuest.create({
    kernel: KERNEL,
    initrds: INITRDS,
    append: "console=ttyS0,115200 rdinit=/init.modules",
    memoryMib: 128,
    // Drivers give up after seconds of guest time, which must not go by while the host does other things.
    clock: "icount",
    drives,
  });
}

describe.runIf(hasImages(KERNEL, ...INITRDS, CDROM)).each(GUESTS)("Linux on drives, by $way", ({ way, floppies }) => {
  const disk = randomBytes(DISK_BYTES, 7);
  const disc = image(CDROM);
  const floppyBytes = floppies.map((kib) => randomBytes(kib * 1024, kib));
  let guest: LinuxGuest;

  /** Puts another medium into a drive, as a person would. */
  async function changeMedium(drive: string, bytes: Uint8Array): Promise<void> {
    await guest.machine.drives.change(drive, new MemoryBackend(bytes, { readOnly: drive.startsWith("ide") }));
  }

  const shell = (command: string) => guest.succeed(command);

  beforeAll(async () => {
    guest = await boot([
      ideDisk(disk),
      cdromDrive(disc),
      ...floppyBytes.map((bytes, drive) => floppyDrive(bytes, drive)),
    ]);
    await guest.boot();
  }, LIMIT_MS);
  afterAll(() => guest.close());

  it("reads and writes an IDE disk and a CD-ROM", { timeout: LIMIT_MS }, async () => {
    if (way === "PIO")
      await shell(`${RELOAD_LIBATA}; for m in ata_piix sd_mod sr_mod; do insmod /lib/modules/$m.ko; done; sleep 1`);
    expect(await shell("cat /sys/class/ata_device/dev*.0/xfer_mode")).toMatch(
      way === "PIO" ? /XFER_PIO_4/ : /MW_DMA_2/,
    );
    expect(await shell("dd if=/dev/sda bs=1M | md5sum")).toContain(md5(disk));
    expect(await shell("dd if=/dev/sr0 bs=1M | md5sum")).toContain(md5(disc));
    const written = "if=/dev/sda bs=1M skip=2 count=3";
    await shell(`dd ${written} of=/tmp/copy; dd if=/tmp/copy of=/dev/sda bs=1M seek=${WRITTEN_AT_MIB} conv=fsync`);
    const expected = md5(disk.subarray(2 * MIB, 5 * MIB));
    expect(md5(disk.subarray(WRITTEN_AT_MIB * MIB, (WRITTEN_AT_MIB + 3) * MIB))).toBe(expected);
    expect(await shell("mount -t iso9660 /dev/sr0 /mnt && ls /mnt/boot/grub && umount /mnt")).toContain("i386-pc");
    const other = randomBytes(2 * MIB, 8);
    await changeMedium("ide2", other);
    expect(await shell("dd if=/dev/sr0 bs=1M | md5sum")).toContain(md5(other));
  });

  it.each(floppies.map((kib, drive) => ({ kib, drive })))(
    "reads and writes a floppy of $kib KB",
    { timeout: LIMIT_MS },
    async ({ kib, drive }) => {
      const floppy = floppyBytes[drive]!;
      const device = `/dev/fd${drive}`;
      expect(await shell(`dd if=${device} bs=18k | md5sum`)).toContain(md5(floppy));
      const copied = `dd if=${device} of=/tmp/copy bs=1k skip=90 count=50`;
      await shell(`${copied}; dd if=/tmp/copy of=${device} bs=1k seek=33 conv=fsync`);
      expect(md5(floppy.subarray(33 << 10, 83 << 10))).toBe(md5(floppy.subarray(90 << 10, 140 << 10)));
      const other = randomBytes(kib * 1024, kib + 1);
      await changeMedium(`floppy${drive}`, other);
      // In the first five minutes after its start (jiffies below zero) Linux polls no change line, and finds out by a failure.
      await shell(`dd if=${device} of=/dev/null count=1 || true`);
      expect(await shell(`dd if=${device} bs=18k | md5sum`)).toContain(md5(other));
    },
  );
});
