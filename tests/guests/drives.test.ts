/** Linux's drivers on IDE disks, CD-ROMs and floppies: what is read is what was put there, and the other way round. */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { Random } from "../../src/devices/conformance/fuzzTraffic.ts";
import type { AttachedDrive } from "../../src/machine/drives.ts";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import type { GuestMachine } from "../support/guestMachine.ts";
import { cdromDrive, floppyDrive, hasGuest, hasImages, ideDisk, image, startGuest } from "./catalogue.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 900_000;
const GUEST = "linux-686";
const MODULES = "drive-modules-686/modules.gz";
const CDROM = "grub-rescue/cdrom.iso";
const READY = hasGuest(GUEST) && hasImages(MODULES, CDROM);
const DISK_BYTES = 16 << 20;
const MIB = 1 << 20;
const WRITTEN_AT_MIB = 5;
const RELOAD_LIBATA = "rmmod sd_mod sr_mod ata_piix libata; insmod /lib/modules/libata.ko dma=0";

let guest: GuestMachine;
afterEach(() => guest.close());

function randomBytes(length: number, seed: number): Uint8Array {
  const random = new Random(seed);
  const words = Uint32Array.from({ length: length / 4 }, () => random.u32());
  return new Uint8Array(words.buffer);
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

async function boot(drives: readonly AttachedDrive[]): Promise<void> {
  const initrd = Buffer.concat([image("linux-686/initrd.gz"), image(MODULES)]);
  const append = "console=ttyS0,115200 rdinit=/init.modules";
  guest = await startGuest(GUEST, {
    // Drivers give up after seconds of guest time, which must not go by while the host does other things.
    clock: "icount",
    boot: { kind: "kernel", kernel: image("linux-686/vmlinuz"), initrd, append },
    drives,
  });
  await guest.untilSerial(/~ # /, 150);
}

/** Puts another medium into a drive, as a person would. */
async function changeMedium(drive: string, bytes: Uint8Array): Promise<void> {
  await guest.machine.drives.change(drive, new MemoryBackend(bytes, { readOnly: drive.startsWith("ide") }));
}

/** What a command prints. */
async function shell(command: string): Promise<string> {
  const from = guest.serial.length;
  guest.send(`${command}; echo status=$?=\n`);
  const [, output, status] = await guest.untilSerial(/\n([\s\S]*?)status=(\d+)=/, 100, from);
  expect(`${command}: ${status} ${status === "0" ? "" : output}`).toBe(`${command}: 0 `);
  return output;
}

describe.runIf(READY)("Linux on an IDE disk and CD-ROM", () => {
  it.each(["DMA", "PIO"])("reads and writes by %s", { timeout: LIMIT_MS }, async (way) => {
    const disk = randomBytes(DISK_BYTES, 7);
    const disc = image(CDROM);
    await boot([ideDisk(disk), cdromDrive(disc)]);
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
});

describe.runIf(READY)("Linux on a floppy", () => {
  it.each([1440, 720, 2880])("reads and writes %i KB", { timeout: LIMIT_MS }, async (kib) => {
    const floppy = randomBytes(kib * 1024, kib);
    const before = md5(floppy);
    await boot([floppyDrive(floppy)]);
    expect(await shell("dd if=/dev/fd0 bs=18k | md5sum")).toContain(before);
    await shell(
      "dd if=/dev/fd0 of=/tmp/copy bs=1k skip=90 count=50; dd if=/tmp/copy of=/dev/fd0 bs=1k seek=33 conv=fsync",
    );
    expect(md5(floppy.subarray(33 << 10, 83 << 10))).toBe(md5(floppy.subarray(90 << 10, 140 << 10)));
    const other = randomBytes(kib * 1024, kib + 1);
    await changeMedium("floppy0", other);
    // In the first five minutes after its start (jiffies below zero) Linux polls no change line, and finds out by a failure.
    await shell("dd if=/dev/fd0 of=/dev/null count=1 || true");
    expect(await shell("dd if=/dev/fd0 bs=18k | md5sum")).toContain(md5(other));
  });
});
