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
}

const FIRMWARE = { bios: "seabios/bios.bin", vgaBios: "seabios/vgabios-stdvga.bin" } as const;

/** Both terminals show the kernel's messages; the last one named carries the main shell (`rootfs/init`). */
const CONSOLES = "console=tty0 console=ttyS0,115200";

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
    id: "seabios",
    title: "SeaBIOS, no disk",
    description: "The firmware alone: it tests the machine, looks for something to boot and finds nothing.",
    files: FIRMWARE,
    append: "",
    memoryMib: 32,
    recipes: ["seabios"],
  },
];

/** What is built when nobody says what. */
export const DEFAULT_GUEST = "linux-amd64";

/** The guest called `id`, if there is one. */
export function findGuest(id: string): Guest | undefined {
  return GUESTS.find((guest) => guest.id === id);
}
