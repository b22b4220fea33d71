/** Things that boot from firmware, or by themselves, ready-made in Debian packages. */
import { packageFiles } from "./packageFiles.ts";

const source = "recipes/bootMedia.ts";

export const memtest86 = packageFiles({
  id: "memtest86",
  summary: "CDs with Memtest86+, 32 and 64 bit",
  package: "memtest86+",
  folder: "usr/lib/memtest86+",
  files: { "ia32.iso": "memtest86+ia32.iso", "x64.iso": "memtest86+x64.iso" },
  source,
});

export const grubRescue = packageFiles({
  id: "grub-rescue",
  summary: "GRUB's rescue CD and floppy",
  package: "grub-rescue-pc",
  folder: "usr/lib/grub-rescue",
  files: { "cdrom.iso": "grub-rescue-cdrom.iso", "floppy.img": "grub-rescue-floppy.img" },
  source,
});

export const grubInvaders = packageFiles({
  id: "grub-invaders",
  summary: "Invaders, a game that is its own operating system",
  package: "grub-invaders",
  folder: "boot",
  files: { "invaders.exec": "invaders.exec" },
  source,
});

export const ipxe = packageFiles({
  id: "ipxe",
  summary: "iPXE's CD",
  package: "ipxe",
  folder: "usr/lib/ipxe",
  files: { "ipxe.iso": "ipxe.iso" },
  source,
});

export const uBoot = packageFiles({
  id: "u-boot",
  summary: "U-Boot as the firmware of a PC, 32 and 64 bit",
  package: "u-boot-qemu",
  folder: "usr/lib/u-boot",
  files: { "x86.rom": "qemu-x86/u-boot.rom", "x86_64.rom": "qemu-x86_64/u-boot.rom" },
  source,
});
