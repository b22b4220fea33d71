/**
 * The guests that the page's menu, the command line and the tests offer. Data only: the browser imports this file,
 * so nothing of Node may come in.
 */

/** A guest and the machine it wants. */
export interface Guest {
  id: string;
  title: string;
  description: string;
  /** Paths relative to `images/.cache/out`. */
  files: GuestFiles;
  /** Kernel command line; empty where firmware boots the guest. */
  append: string;
  memoryMib: number;
  /** The recipes whose outputs `files` names. */
  recipes: readonly string[];
}

export interface GuestFiles {
  kernel?: string;
  initrd?: string;
  bios?: string;
  vgaBios?: string;
  /** In the CD-ROM drive, the master of the second IDE channel. */
  cdrom?: string;
  /** In drive A:. */
  floppy?: string;
}

const FIRMWARE = { bios: "seabios/bios.bin", vgaBios: "seabios/vgabios-stdvga.bin" } as const;

/** Both terminals show the kernel's messages; the last one named carries the main shell (`rootfs/init`). */
const CONSOLES = "console=tty0 console=ttyS0,115200";

/** The installer asks on the console named last. */
const INSTALLER = "vga=normal fb=false console=ttyS0,115200 console=tty0";
const GRAPHICAL_INSTALLER = "vga=788 console=ttyS0,115200 console=tty0";

export const GUESTS: readonly Guest[] = [
  {
    id: "linux-amd64",
    title: "Debian cloud kernel, 64-bit",
    description: "Linux for virtual machines with a busybox shell on the screen and on the serial port.",
    files: { kernel: "linux-cloud-amd64/vmlinuz", initrd: "linux-cloud-amd64/initrd.gz", ...FIRMWARE },
    append: CONSOLES,
    memoryMib: 256,
    recipes: ["linux-cloud-amd64", "seabios"],
  },
  {
    id: "linux-686",
    title: "Debian 686 kernel, 32-bit",
    description: "Linux for any PC since the Pentium Pro, without PAE, with a busybox shell.",
    files: { kernel: "linux-686/vmlinuz", initrd: "linux-686/initrd.gz", ...FIRMWARE },
    append: CONSOLES,
    memoryMib: 128,
    recipes: ["linux-686", "seabios"],
  },
  {
    id: "isolinux-686",
    title: "Debian 686 kernel from CD",
    description: "Firmware, the ISOLINUX boot loader, and the same kernel with a busybox shell.",
    files: { cdrom: "isolinux-686/cdrom.iso", ...FIRMWARE },
    append: "",
    memoryMib: 128,
    recipes: ["isolinux-686", "seabios"],
  },
  {
    id: "memtest86-ia32",
    title: "Memtest86+ ia32",
    description: "Tests the machine's memory, from CD.",
    files: { cdrom: "memtest86/ia32.iso", ...FIRMWARE },
    append: "",
    memoryMib: 64,
    recipes: ["memtest86", "seabios"],
  },
  {
    id: "memtest86-x64",
    title: "Memtest86+ x64",
    description: "Tests the machine's memory in long mode, from CD.",
    files: { cdrom: "memtest86/x64.iso", ...FIRMWARE },
    append: "",
    memoryMib: 64,
    recipes: ["memtest86", "seabios"],
  },
  {
    id: "grub-cdrom",
    title: "GRUB rescue CD",
    description: "The boot loader's shell: press c and type help.",
    files: { cdrom: "grub-rescue/cdrom.iso", ...FIRMWARE },
    append: "",
    memoryMib: 64,
    recipes: ["grub-rescue", "seabios"],
  },
  {
    id: "grub-floppy",
    title: "GRUB rescue floppy",
    description: "The same from a floppy disk.",
    files: { floppy: "grub-rescue/floppy.img", ...FIRMWARE },
    append: "",
    memoryMib: 64,
    recipes: ["grub-rescue", "seabios"],
  },
  {
    id: "grub-invaders",
    title: "GRUB Invaders",
    description: "A game without an operating system: Enter starts, the arrow keys move, Ctrl shoots.",
    files: { kernel: "grub-invaders/invaders.exec", ...FIRMWARE },
    append: "",
    memoryMib: 32,
    recipes: ["grub-invaders", "seabios"],
  },
  {
    id: "ipxe",
    title: "iPXE",
    description: "A boot loader for networks: Ctrl-B while it starts gives its shell.",
    files: { cdrom: "ipxe/ipxe.iso", ...FIRMWARE },
    append: "",
    memoryMib: 64,
    recipes: ["ipxe", "seabios"],
  },
  {
    id: "u-boot",
    title: "U-Boot",
    description: "Another firmware, with a shell on the serial port.",
    files: { bios: "u-boot/x86.rom" },
    append: "",
    memoryMib: 128,
    recipes: ["u-boot"],
  },
  {
    id: "seabios",
    title: "SeaBIOS, no disk",
    description: "The firmware alone: it tests the machine, looks for something to boot and finds nothing.",
    files: FIRMWARE,
    append: "",
    memoryMib: 32,
    recipes: ["seabios"],
  },
  {
    id: "debian-installer-amd64-text",
    title: "Debian installer, 64-bit, text",
    description: "Debian's installer in text mode: arrow keys, Tab and Enter.",
    files: {
      kernel: "debian-installer-amd64/vmlinuz",
      initrd: "debian-installer-amd64/initrd-text.gz",
      ...FIRMWARE,
    },
    append: INSTALLER,
    memoryMib: 1024,
    recipes: ["debian-installer-amd64", "seabios"],
  },
  {
    id: "debian-installer-amd64-gtk",
    title: "Debian installer, 64-bit, graphical",
    description: "Debian's installer under X: mouse and keys.",
    files: {
      kernel: "debian-installer-amd64/vmlinuz",
      initrd: "debian-installer-amd64/initrd-gtk.gz",
      ...FIRMWARE,
    },
    append: GRAPHICAL_INSTALLER,
    memoryMib: 1024,
    recipes: ["debian-installer-amd64", "seabios"],
  },
  {
    id: "debian-installer-i386-text",
    title: "Debian installer, 32-bit, text",
    description: "The same for 32-bit PCs, in text mode.",
    files: {
      kernel: "debian-installer-i386/vmlinuz",
      initrd: "debian-installer-i386/initrd-text.gz",
      ...FIRMWARE,
    },
    append: INSTALLER,
    memoryMib: 512,
    recipes: ["debian-installer-i386", "seabios"],
  },
  {
    id: "debian-installer-i386-gtk",
    title: "Debian installer, 32-bit, graphical",
    description: "The same for 32-bit PCs, under X.",
    files: {
      kernel: "debian-installer-i386/vmlinuz",
      initrd: "debian-installer-i386/initrd-gtk.gz",
      ...FIRMWARE,
    },
    append: GRAPHICAL_INSTALLER,
    memoryMib: 768,
    recipes: ["debian-installer-i386", "seabios"],
  },
];

/** What is built when nobody says what. */
export const DEFAULT_GUEST = "linux-amd64";

/** The guest called `id`, if there is one. */
export function findGuest(id: string): Guest | undefined {
  return GUESTS.find((guest) => guest.id === id);
}
