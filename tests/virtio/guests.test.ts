/** Linux's drivers on virtio devices: modern with split and packed rings, and legacy ones. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { hasImages } from "../support/images.ts";
import { LinuxGuest, TEST_LIMIT_MS } from "../support/linuxGuest.ts";

const DISK_BYTES = 24 << 20;
const WRITTEN_BYTES = 8 << 20;
/** Bits of the features file in sysfs, by number. */
const [VERSION_1, RING_PACKED] = [32, 34];

const CASES = [
  { name: "split rings", kernel: "cloud-amd64", packed: false, legacy: false },
  { name: "packed rings", kernel: "cloud-amd64", packed: true, legacy: false },
  { name: "the legacy interface", kernel: "686", packed: false, legacy: true },
] as const;

function pattern(): Uint8Array {
  const bytes = new Uint8Array(DISK_BYTES);
  const words = new Uint32Array(bytes.buffer);
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index, 0x9e3779b1);
  return bytes;
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

for (const { name, kernel, packed, legacy } of CASES) {
  const files = [`linux-${kernel}/vmlinuz`, `linux-${kernel}/initrd.gz`, `virtio-modules-${kernel}/modules.gz`];
  describe.runIf(hasImages(...files))(`Linux ${kernel} on virtio with ${name}`, () => {
    it("reads and writes a disk, talks on hvc0, has random numbers", { timeout: TEST_LIMIT_MS }, async () => {
      const disk = pattern();
      let hvc = "";
      const guest = await LinuxGuest.create({
        kernel: files[0] as string,
        initrds: files.slice(1),
        append: `console=ttyS0 rdinit=/init.modules ${legacy ? "options_virtio_pci=force_legacy=1" : ""}`,
        virtio: { packed },
        drives: [{ interface: "virtio", index: 0, media: "disk", backend: new MemoryBackend(disk) }],
        backends: { console: { write: (byte) => (hvc += String.fromCharCode(byte)) } },
      });
      await guest.boot();
      const features = await guest.run("cat /sys/bus/virtio/devices/virtio0/features");
      expect([features[VERSION_1], features[RING_PACKED]]).toEqual([legacy ? "0" : "1", packed ? "1" : "0"]);

      expect(await guest.run("md5sum < /dev/vda")).toContain(md5(disk));
      await guest.run(`dd if=/dev/zero of=/dev/vda bs=1M count=${WRITTEN_BYTES >> 20} seek=4 conv=fsync`);
      const offset = 4 << 20;
      expect(disk.subarray(offset, offset + WRITTEN_BYTES).every((byte) => byte === 0)).toBe(true);
      const expected = pattern();
      expected.fill(0, offset, offset + WRITTEN_BYTES);
      expect(md5(disk)).toBe(md5(expected));

      const random = await guest.run("head -c 32 /dev/hwrng | xxd -p -c 32");
      expect(random).toMatch(/^[\da-f]{64}/);
      expect(new Set(random.match(/../g)).size).toBeGreaterThan(8);

      guest.send("(read line < /dev/hvc0; echo echo-$line > /dev/hvc0)\n");
      await guest.waitFor(/\n/);
      guest.machine.board.expansion.console?.receive(new TextEncoder().encode("knock\n"));
      await guest.until("an answer on hvc0", () => hvc.includes("echo-knock"));
    });
  });
}
