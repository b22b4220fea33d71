/**
 * The guests that the page's menu, the command line and the tests offer. Data only: the browser imports this file,
 * so nothing of Node may come in.
 */
import type { DriveConfig } from "../src/machine/vmConfig.ts";

/** A guest and the machine it wants. Paths are relative to `images/.cache/out`; their first part is the recipe that makes the file. */
export interface Guest {
  id: string;
  title: string;
  description: string;
  files?: GuestFiles;
  /** Disks, CD-ROMs and floppies; they are read where they lie. */
  drives?: readonly GuestDrive[];
  /** Kernel command line; left out where firmware boots the guest. */
  append?: string;
  memoryMib: number;
}

/** What is read whole before the guest starts. */
export interface GuestFiles {
  /** Left out, the firmware looks for something to boot. */
  kernel?: string;
  initrd?: string;
  /** Of a multiboot kernel, each with its command line, whose first word is the module's name. */
  modules?: readonly { file: string; commandLine: string }[];
  /** Left out, it is SeaBIOS with its VGA BIOS. */
  bios?: string;
  vgaBios?: string;
}

/** A drive and the image that is its medium. */
export interface GuestDrive extends Pick<DriveConfig, "interface" | "index" | "media"> {
  file: string;
}

const SEABIOS = { bios: "seabios/bios.bin", vgaBios: "seabios/vgabios-stdvga.bin" } as const;

/** The files of a guest, with the firmware. */
export function filesOf({ files }: Pick<Guest, "files"> = {}): GuestFiles & { bios: string } {
  return files?.bios === undefined ? { ...SEABIOS, ...files } : { ...files, bios: files.bios };
}

/** The files that are read whole before the guest starts. */
export function wholeFilesOf(guest: Pick<Guest, "files">): string[] {
  const { modules = [], ...files } = filesOf(guest);
  return [...Object.values(files), ...modules.map(({ file }) => file)];
}

/** Every file that has to be there before the guest can start. */
export function pathsOf(guest: Pick<Guest, "files" | "drives">): string[] {
  const media = guest.drives?.map(({ file }) => file) ?? [];
  return [...new Set([...wholeFilesOf(guest), ...media])];
}

/** The recipes that make the files of a guest. */
export function recipesOf(guest: Pick<Guest, "files" | "drives">): string[] {
  return [...new Set(pathsOf(guest).map((path) => path.split("/", 1)[0] as string))];
}

/** Both terminals show the kernel's messages; the last one named carries the main shell (`rootfs/init`). */
const CONSOLES = "console=tty0 console=ttyS0,115200";

/** Text on the VGA's text screen: no frame buffer console, and no driver that would bring one. */
const TEXT_INSTALLER = "vga=normal fb=false nomodeset";
/** bochs-drm sets the mode that X draws in. */
const GRAPHICAL_INSTALLER = "console=tty0";
/** `images/debian/desktop.service`. */
const DESKTOP = "systemd.wants=desktop.service";

export const GUESTS: readonly Guest[] = [
  {
    id: "linux-amd64",
    title: "Debian cloud kernel, 64-bit",
    description: "Linux for virtual machines with a busybox shell on the screen and on the serial port.",
    files: { kernel: "linux-cloud-amd64/vmlinuz", initrd: "linux-cloud-amd64/initrd.gz" },
    append: CONSOLES,
    memoryMib: 256,
  },
  {
    id: "linux-686",
    title: "Debian 686 kernel, 32-bit",
    description: "Linux for any PC since the Pentium Pro, without PAE, with a busybox shell.",
    files: { kernel: "linux-686/vmlinuz", initrd: "linux-686/initrd.gz" },
    append: CONSOLES,
    memoryMib: 128,
  },
  {
    id: "debian-nvme",
    title: "Debian 12, 64-bit",
    description: "systemd, Python and a C compiler on an NVMe disk; log in as root.",
    files: { kernel: "debian-amd64/vmlinuz-cloud" },
    drives: [{ file: "debian-amd64/root.ext4", interface: "nvme" }],
    append: `root=/dev/nvme0n1 rw ${CONSOLES}`,
    memoryMib: 512,
  },
  {
    id: "debian-virtio",
    title: "Debian 12, 64-bit, virtio",
    description: "The same system on a virtio disk.",
    files: { kernel: "debian-amd64/vmlinuz-cloud", initrd: "debian-amd64/initrd-virtio.gz" },
    drives: [{ file: "debian-amd64/root.ext4", interface: "virtio" }],
    append: `root=/dev/vda rw ${CONSOLES}`,
    memoryMib: 512,
  },
  {
    id: "debian-ide",
    title: "Debian 12, 64-bit, IDE",
    description: "The same system on an IDE disk, with the kernel for all PCs.",
    files: { kernel: "debian-amd64/vmlinuz", initrd: "debian-amd64/initrd-ide.gz" },
    drives: [{ file: "debian-amd64/root.ext4", interface: "ide" }],
    append: `root=/dev/sda rw ${CONSOLES}`,
    memoryMib: 512,
  },
  {
    id: "debian-desktop",
    title: "Debian 12 desktop",
    description: "The 64-bit system with Xorg on the kernel's bochs-drm driver, a window manager and a terminal.",
    files: { kernel: "debian-amd64/vmlinuz", initrd: "debian-amd64/initrd-ide.gz" },
    drives: [{ file: "debian-amd64/root.ext4", interface: "ide" }],
    append: `root=/dev/sda rw modules_load=bochs ${CONSOLES} ${DESKTOP}`,
    memoryMib: 768,
  },
  {
    id: "debian-desktop-vesa",
    title: "Debian 12 desktop, VESA",
    description: "The same with Xorg's vesa driver, which calls the VGA BIOS; firmware boots it from a CD.",
    drives: [
      { file: "debian-amd64/root.ext4", interface: "ide" },
      { file: "debian-amd64/vesa.iso", interface: "ide", media: "cdrom" },
    ],
    memoryMib: 768,
  },
  {
    id: "debian-grub",
    title: "Debian 12, 32-bit",
    description: "A whole disk: firmware, GRUB, the 686 kernel, systemd, Python and a C compiler; log in as root.",
    drives: [{ file: "debian-i386/disk.img", interface: "ide" }],
    memoryMib: 512,
  },
  {
    id: "debian-686",
    title: "Debian 12, 32-bit, without GRUB",
    description: "The same system, its kernel booted directly.",
    files: { kernel: "debian-i386/vmlinuz", initrd: "debian-i386/initrd.gz" },
    drives: [{ file: "debian-i386/disk.img", interface: "ide" }],
    append: `root=/dev/sda1 rw ${CONSOLES}`,
    memoryMib: 512,
  },
  {
    id: "isolinux-686",
    title: "Debian 686 kernel from CD",
    description: "Firmware, the ISOLINUX boot loader, and the same kernel with a busybox shell.",
    drives: [{ file: "isolinux-686/cdrom.iso", interface: "ide", media: "cdrom" }],
    memoryMib: 128,
  },
  {
    id: "memtest86-ia32",
    title: "Memtest86+ ia32",
    description: "Tests the machine's memory, from CD.",
    drives: [{ file: "memtest86/ia32.iso", interface: "ide", media: "cdrom" }],
    memoryMib: 64,
  },
  {
    id: "memtest86-x64",
    title: "Memtest86+ x64",
    description: "Tests the machine's memory in long mode, from CD.",
    drives: [{ file: "memtest86/x64.iso", interface: "ide", media: "cdrom" }],
    memoryMib: 64,
  },
  {
    id: "grub-cdrom",
    title: "GRUB rescue CD",
    description: "The boot loader's shell: press c and type help.",
    drives: [{ file: "grub-rescue/cdrom.iso", interface: "ide", media: "cdrom" }],
    memoryMib: 64,
  },
  {
    id: "grub-floppy",
    title: "GRUB rescue floppy",
    description: "The same from a floppy disk.",
    drives: [{ file: "grub-rescue/floppy.img", interface: "floppy" }],
    memoryMib: 64,
  },
  {
    id: "grub-invaders",
    title: "GRUB Invaders",
    description: "A game without an operating system: Enter starts, the arrow keys move, Ctrl shoots.",
    files: { kernel: "grub-invaders/invaders.exec" },
    memoryMib: 32,
  },
  {
    id: "ipxe",
    title: "iPXE",
    description: "A boot loader for networks: Ctrl-B while it starts gives its shell.",
    drives: [{ file: "ipxe/ipxe.iso", interface: "ide", media: "cdrom" }],
    memoryMib: 64,
  },
  {
    id: "u-boot",
    title: "U-Boot",
    description: "Another firmware, with a shell on the serial port.",
    files: { bios: "u-boot/x86.rom" },
    memoryMib: 128,
  },
  {
    id: "seabios",
    title: "SeaBIOS, no disk",
    description: "The firmware alone: it tests the machine, looks for something to boot and finds nothing.",
    memoryMib: 32,
  },
  {
    id: "xen",
    title: "Xen",
    description:
      "The hypervisor, with Debian's 64-bit kernel as its privileged domain and a busybox shell on the serial port.",
    files: {
      kernel: "xen/xen",
      modules: [
        { file: "xen/vmlinuz", commandLine: "vmlinuz console=hvc0" },
        { file: "xen/initrd.gz", commandLine: "initrd" },
      ],
    },
    append: "com1=115200,8n1 console=com1 dom0_mem=512M noreboot",
    memoryMib: 1024,
  },
  {
    id: "debian-installer-amd64-text",
    title: "Debian installer, 64-bit, text",
    description: "Debian's installer in text mode: arrow keys, Tab and Enter.",
    files: {
      kernel: "debian-installer-amd64/vmlinuz",
      initrd: "debian-installer-amd64/initrd-text.gz",
    },
    append: TEXT_INSTALLER,
    memoryMib: 1024,
  },
  {
    id: "debian-installer-amd64-gtk",
    title: "Debian installer, 64-bit, graphical",
    description: "Debian's installer under X: mouse and keys.",
    files: {
      kernel: "debian-installer-amd64/vmlinuz",
      initrd: "debian-installer-amd64/initrd-gtk.gz",
    },
    append: GRAPHICAL_INSTALLER,
    memoryMib: 1024,
  },
  {
    id: "debian-installer-i386-text",
    title: "Debian installer, 32-bit, text",
    description: "The same for 32-bit PCs, in text mode.",
    files: {
      kernel: "debian-installer-i386/vmlinuz",
      initrd: "debian-installer-i386/initrd-text.gz",
    },
    append: TEXT_INSTALLER,
    memoryMib: 512,
  },
  {
    id: "debian-installer-i386-gtk",
    title: "Debian installer, 32-bit, graphical",
    description: "The same for 32-bit PCs, under X.",
    files: {
      kernel: "debian-installer-i386/vmlinuz",
      initrd: "debian-installer-i386/initrd-gtk.gz",
    },
    append: GRAPHICAL_INSTALLER,
    memoryMib: 768,
  },
];

/** What is built when nobody says what. */
export const DEFAULT_GUEST = "linux-amd64";

/** The guest called `id`, if there is one. */
export function findGuest(id: string): Guest | undefined {
  return GUESTS.find((guest) => guest.id === id);
}
