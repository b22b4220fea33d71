/** Many requests under way at once on virtio-blk (packed) and NVMe, whose media end them late and in another order. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { hasImages } from "../support/images.ts";
import { LinuxGuest, TEST_LIMIT_MS } from "../support/linuxGuest.ts";
import { Random } from "../support/random.ts";

const KERNEL = "linux-cloud-amd64/vmlinuz";
const INITRDS = ["linux-cloud-amd64/initrd.gz", "virtio-modules-cloud-amd64/modules.gz"];
const PARTS = [0, 1, 2, 3];
const PART_BYTES = 8 << 20;
const HALF_BYTES = PART_BYTES / 2;
const LONGEST_DELAY_MS = 8;

class LateBackend extends MemoryBackend {
  constructor(
    bytes: Uint8Array,
    private readonly random: Random,
  ) {
    super(bytes);
  }

  override read(offset: number, target: Uint8Array): never {
    return this.later(() => super.read(offset, target)) as never;
  }

  override write(offset: number, source: Uint8Array): never {
    return this.later(() => super.write(offset, source)) as never;
  }

  private later(act: () => void): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        act();
        resolve();
      };
      setTimeout(end, this.random.below(LONGEST_DELAY_MS));
    });
  }
}

function createDisk(seed: number): Uint8Array {
  const bytes = new Uint8Array(PARTS.length * PART_BYTES);
  const words = new Uint32Array(bytes.buffer);
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index ^ seed, 0x9e3779b1);
  return bytes;
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

describe.runIf(hasImages(KERNEL, ...INITRDS))("Linux with many requests at once", () => {
  it("reads and writes what it should", { timeout: TEST_LIMIT_MS }, async () => {
    const disks = [createDisk(1), createDisk(2)];
    const random = new Random(1);
    const drives = (["virtio", "nvme"] as const).map((name, index) => ({
      interface: name,
      index: 0,
      media: "disk" as const,
      backend: new LateBackend(disks[index] as Uint8Array, random),
    }));
    const guest = await LinuxGuest.create({
      kernel: KERNEL,
      initrds: INITRDS,
      append: "console=ttyS0 rdinit=/init.modules",
      virtio: { packed: true },
      drives,
    });
    await guest.boot();
    const part = (disk: Uint8Array, index: number) => disk.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
    const expected = disks.flatMap((disk) => PARTS.map((index) => md5(part(disk, index))));
    const inParallel = (command: string) =>
      `for d in vda nvme0n1; do for i in 0 1 2 3; do (${command}) & done; done; wait`;
    const read = "dd if=/dev/$d bs=64k skip=$((i*128)) count=128 iflag=direct 2>/dev/null | md5sum > /tmp/$d.$i";
    const sums = await guest.run(`${inParallel(read)}; cat /tmp/vda.* /tmp/nvme0n1.*`);
    expect(sums.match(/[\da-f]{32}/g)).toEqual(expected);

    const copy =
      "dd if=/dev/$d bs=64k skip=$((i*128)) count=64 iflag=direct 2>/dev/null | dd of=/dev/$d bs=64k seek=$((i*128+64)) conv=notrunc 2>/dev/null";
    await guest.run(`${inParallel(copy)}; sync`);
    for (const disk of disks) {
      for (const index of PARTS) {
        const whole = part(disk, index);
        expect(md5(whole.subarray(HALF_BYTES))).toBe(md5(whole.subarray(0, HALF_BYTES)));
      }
    }
  });
});
