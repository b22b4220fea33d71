import { describe, expect, it } from "vitest";
import { drivesOf, guessRole, kernelOf, type RoledFile } from "./droppedFiles.ts";

function file(name: string, sizeBytes: number, parts: Record<number, number[] | string> = {}): File {
  const bytes = new Uint8Array(sizeBytes);
  for (const [offset, content] of Object.entries(parts))
    bytes.set(typeof content === "string" ? new TextEncoder().encode(content) : content, Number(offset));
  return new File([bytes], name);
}

const MULTIBOOT = [0x02, 0xb0, 0xad, 0x1b, 0, 0, 0, 0, 0xfe, 0x4f, 0x52, 0xe4];
const BOOT_SECTOR = { 510: [0x55, 0xaa] };

describe("what a file is", () => {
  it.each([
    ["kernel", file("vmlinuz", 4096, { ...BOOT_SECTOR, 514: "HdrS" })],
    ["kernel", file("invaders.exec", 9000, { 64: MULTIBOOT })],
    ["cdrom", file("grub.bin", 0x1_0000, { ...BOOT_SECTOR, 32769: "CD001" })],
    ["cdrom", file("empty.ISO", 2048)],
    ["floppy", file("dos.img", 1_474_560, BOOT_SECTOR)],
    ["floppy", file("blank.bin", 368_640)],
    ["disk", file("grub-on-a-disk.img", 0x1_0000, { ...BOOT_SECTOR, 1024: MULTIBOOT })],
    ["disk", file("disk.qcow2", 0x1_0000, { 0: [0x51, 0x46, 0x49, 0xfb] })],
    ["disk", file("tiny", 3)],
    ["initrd", file("initrd.gz", 3000, { 0: [0x1f, 0x8b] })],
    ["initrd", file("initramfs.cpio", 3000, { 0: "070701" })],
  ] as const)("%s (%#)", async (role, found) => {
    expect(await guessRole(found)).toBe(role);
  });
});

describe("files together", () => {
  const roled = (role: RoledFile["role"], name: string = role) => ({ file: file(name, 512), role });

  it("are drives, whose writes are kept if that is wanted", () => {
    const drives = drivesOf([roled("disk", "a.img"), roled("cdrom"), roled("floppy"), roled("kernel")], true);
    expect(drives.map(({ interface: name, media, overlay }) => [name, media, overlay])).toEqual([
      ["ide", undefined, "a.img 512"],
      ["ide", "cdrom", undefined],
      ["floppy", undefined, undefined],
    ]);
    expect(drivesOf([roled("disk")], false)[0]).not.toHaveProperty("overlay");
  });

  it("are a kernel and its RAM disk", async () => {
    expect(await kernelOf([roled("disk")], "")).toBeUndefined();
    const boot = await kernelOf([roled("initrd"), roled("kernel")], "quiet");
    expect(boot).toMatchObject({ kind: "kernel", append: "quiet", initrd: new Uint8Array(512) });
    await expect(kernelOf([roled("initrd")], "")).rejects.toThrow("initrd is of use only with a kernel.");
    await expect(kernelOf([roled("kernel", "a"), roled("kernel", "b")], "")).rejects.toThrow("a and b cannot both be");
  });
});
