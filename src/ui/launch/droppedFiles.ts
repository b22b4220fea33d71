/** Files of a person's own computer: what each is, and the machine that they make together. */
import { isLinuxImage } from "../../machine/linuxBoot.ts";
import { findMultibootHeader } from "../../machine/multiboot.ts";
import type { BootSource, DriveConfig } from "../../vm/vmConfig.ts";
import { VmError } from "../../vm/vmError.ts";

export const FILE_ROLES = ["cdrom", "disk", "floppy", "kernel", "initrd"] as const;
export type FileRole = (typeof FILE_ROLES)[number];

export const ROLE_NAMES: Readonly<Record<FileRole, string>> = {
  cdrom: "CD-ROM",
  disk: "Hard disk",
  floppy: "Floppy",
  kernel: "Kernel",
  initrd: "Initial RAM disk",
};

export interface RoledFile {
  file: File;
  role: FileRole;
}

/** Bytes of floppies from 160 KB to 2.88 MB. */
const FLOPPY_SIZES: ReadonlySet<number> = new Set(
  [160, 180, 320, 360, 720, 1200, 1440, 1680, 1722, 2880].map((kib) => kib * 1024),
);
/** A volume descriptor of ISO 9660 (ECMA-119, 8.1) is in sector 16: its type, and this. */
const ISO_OFFSET = 0x8001;
const ISO_MAGIC = "CD001";
const BOOT_SIGNATURE_OFFSET = 510;
const SNIFFED_BYTES = 0x9000;

/** By content, and by size and name where that says nothing. */
export async function guessRole(file: File): Promise<FileRole> {
  const bytes = new Uint8Array(await file.slice(0, SNIFFED_BYTES).arrayBuffer());
  if (isLinuxImage(bytes)) return "kernel";
  if (textAt(bytes, ISO_OFFSET, ISO_MAGIC.length) === ISO_MAGIC || /\.iso$/i.test(file.name)) return "cdrom";
  if (FLOPPY_SIZES.has(file.size)) return "floppy";
  // GRUB on a disk has a multiboot header too, behind the boot sector.
  if (bytes[BOOT_SIGNATURE_OFFSET] === 0x55 && bytes[BOOT_SIGNATURE_OFFSET + 1] === 0xaa) return "disk";
  if (findMultibootHeader(bytes) !== undefined) return "kernel";
  return isInitrd(bytes) ? "initrd" : "disk";
}

/** A cpio archive ("newc"), or a gzip file. */
function isInitrd(bytes: Uint8Array): boolean {
  return textAt(bytes, 0, 5) === "07070" || (bytes[0] === 0x1f && bytes[1] === 0x8b);
}

function textAt(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

/** The drives among `files`; what is written to disks is kept in the browser if `keep`. */
export function drivesOf(files: readonly RoledFile[], keep: boolean): DriveConfig[] {
  return files.flatMap(({ file, role }): DriveConfig[] => {
    const source = { kind: "blob", blob: file, name: file.name } as const;
    if (role === "cdrom") return [{ interface: "ide", media: "cdrom", source }];
    if (role === "floppy") return [{ interface: "floppy", source }];
    if (role === "disk") return [{ interface: "ide", source, ...(keep && { overlay: `${file.name} ${file.size}` }) }];
    return [];
  });
}

/** Undefined where no file is a kernel: then the firmware boots. Throws VmError. */
export async function kernelOf(files: readonly RoledFile[], append: string): Promise<BootSource | undefined> {
  const kernel = onlyOne(files, "kernel");
  const initrd = onlyOne(files, "initrd");
  if (!kernel && initrd) throw new VmError("bad-config", `${initrd.name} is of use only with a kernel.`);
  if (!kernel) return undefined;
  return {
    kind: "kernel",
    kernel: await readWhole(kernel),
    append,
    ...(initrd && { initrd: await readWhole(initrd) }),
  };
}

function onlyOne(files: readonly RoledFile[], role: FileRole): File | undefined {
  const [first, second] = files.filter((one) => one.role === role).map(({ file }) => file);
  if (second) throw new VmError("bad-config", `${first.name} and ${second.name} cannot both be the ${role}.`);
  return first;
}

async function readWhole(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new VmError("load-failed", `${file.name} cannot be read: it has changed or vanished, or it is a folder.`);
  }
}
