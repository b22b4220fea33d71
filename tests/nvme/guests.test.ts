/** Linux with its root file system on NVMe; SeaBIOS that boots from NVMe and virtio. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { GuestMachine } from "../support/guestMachine.ts";
import { hasImages, image } from "../support/images.ts";
import { LinuxGuest, TEST_LIMIT_MS } from "../support/linuxGuest.ts";

const KERNEL = "linux-cloud-amd64/vmlinuz";
const ROOT = "busybox-ext4/root.ext4";
const BIOS = "seabios/bios-256k.bin";
const VGA_BIOS = "seabios/vgabios-stdvga.bin";

function boot(disk: Uint8Array, options = ""): Promise<LinuxGuest> {
  return LinuxGuest.create({
    kernel: KERNEL,
    append: `console=ttyS0 root=/dev/nvme0n1 rw init=/init ${options}`,
    drives: [{ interface: "nvme", index: 0, media: "disk", backend: new MemoryBackend(disk) }],
  });
}

describe.runIf(hasImages(KERNEL, ROOT))("Linux on NVMe, without an initrd", () => {
  // The second boot has no interrupt messages.
  it("keeps what was synced when the power goes", { timeout: TEST_LIMIT_MS }, async () => {
    const disk = image(ROOT);
    const first = await boot(disk);
    await first.boot();
    expect(await first.run("grep -c nvme0q /proc/interrupts")).toMatch(/^2/);
    const sum = await first.run("dd if=/dev/urandom of=/data bs=1M count=2 2>/dev/null; md5sum /data; sync");
    const second = await boot(disk.slice(), "pci=nomsi");
    await second.boot();
    expect(await second.run("md5sum /data")).toBe(sum);
    expect(await second.run("grep nvme0q /proc/interrupts")).toContain("IO-APIC");
    expect(await second.run("rm /data && sync && fstrim -v /")).toMatch(/bytes trimmed/);
    await second.powerOff();
  });
});

const SECTOR = 512;
const TEXT = "booted from this disk";
/** Reads the second sector to 7E00h by INT 13h and writes its text to the debug port. */
const BOOT_CODE = "31c0 8ed8 8ec0 b80102 b90200 b600 bb007e cd13 720c be007e ac 84c0 7404 e6e9 ebf7 f4 ebfd".replaceAll(
  " ",
  "",
);

function bootDisk(): Uint8Array {
  const disk = new Uint8Array(1 << 20);
  disk.set(Buffer.from(BOOT_CODE, "hex"));
  disk.set([0x55, 0xaa], SECTOR - 2);
  disk.set(new TextEncoder().encode(TEXT), SECTOR);
  return disk;
}

describe.runIf(hasImages(BIOS, VGA_BIOS))("SeaBIOS", () => {
  it.each([
    { bus: "nvme", transitional: true },
    { bus: "virtio", transitional: true },
    { bus: "virtio", transitional: false },
  ] as const)("boots from $bus (transitional: $transitional)", { timeout: TEST_LIMIT_MS }, async (options) => {
    let text = "";
    const guest = await GuestMachine.create({
      boot: { kind: "firmware" },
      bios: image(BIOS),
      vgaBios: image(VGA_BIOS),
      memoryMib: 64,
      virtio: { transitional: options.transitional },
      drives: [{ interface: options.bus, index: 0, media: "disk", backend: new MemoryBackend(bootDisk()) }],
      backends: { onDebugByte: (byte) => (text += String.fromCharCode(byte)) },
    });
    await guest.until("the text of the boot sector", () => text.includes(TEXT));
    guest.close();
  });
});
