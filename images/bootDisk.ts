/**
 * The start of a disk that a BIOS boots with GRUB: boot sector, partition table, and GRUB's core image in the gap before the first
 * partition (GRUB manual 4.4, "BIOS installation"; "Images").
 *
 * ```
 * sector 0        boot.img, and the partition table
 * sector 1...     core.img, found there by its own and the boot sector's default addresses
 * sector 2048...  the one partition
 * ```
 */
import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";
import { ImageError, type UnpackedPackage } from "./types.ts";

const SECTOR_BYTES = 512;
const FIRST_SECTOR = 2048;
/** Where the partition begins. */
export const PARTITION_OFFSET_BYTES = FIRST_SECTOR * SECTOR_BYTES;

const CODE_BYTES = 440;
const PARTITION_TABLE = 446;
const SIGNATURE = [0x55, 0xaa];
const ACTIVE = 0x80;
const LINUX = 0x83;
/** Cylinder, head and sector of places beyond what these can tell. */
const CHS_BEYOND = [0xfe, 0xff, 0xff];

const GRUB_FOLDER = "usr/lib/grub/i386-pc";
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
/** What GRUB needs to find and read its configuration and the kernel, and to be seen on the serial line. */
const MODULES = ["biosdisk", "part_msdos", "ext2", "linux", "normal", "configfile", "serial", "terminal", "echo", "ls"];
const PREFIX = "(hd0,msdos1)/boot/grub";

export interface GrubPackages {
  /** grub-pc-bin: the modules. */
  modules: UnpackedPackage;
  /** grub-common: the program that makes a core image. */
  tools: UnpackedPackage;
  /** The library of it that a system may lack. */
  libdevmapper: UnpackedPackage;
}

/** Makes `image`, whose partition is written already, bootable. */
export async function installGrub(image: string, packages: GrubPackages, workDir: string): Promise<void> {
  const core = await makeCoreImage(packages, join(workDir, "core.img"));
  if (core.length > PARTITION_OFFSET_BYTES - SECTOR_BYTES)
    throw new ImageError(`GRUB's core image of ${core.length} bytes does not fit before the partition`);
  const sector = bootSector(readFileSync(join(packages.modules.root, GRUB_FOLDER, "boot.img")), statSync(image).size);
  const file = openSync(image, "r+");
  try {
    writeSync(file, sector, 0, sector.length, 0);
    writeSync(file, core, 0, core.length, SECTOR_BYTES);
  } finally {
    closeSync(file);
  }
}

/** One active partition from {@link PARTITION_OFFSET_BYTES} to the end. */
function bootSector(code: Uint8Array, diskBytes: number): Buffer {
  const sector = Buffer.alloc(SECTOR_BYTES);
  sector.set(code.subarray(0, CODE_BYTES));
  sector.set([ACTIVE, ...CHS_BEYOND, LINUX, ...CHS_BEYOND], PARTITION_TABLE);
  sector.writeUInt32LE(FIRST_SECTOR, PARTITION_TABLE + 8);
  sector.writeUInt32LE(diskBytes / SECTOR_BYTES - FIRST_SECTOR, PARTITION_TABLE + 12);
  sector.set(SIGNATURE, SECTOR_BYTES - SIGNATURE.length);
  return sector;
}

async function makeCoreImage({ modules, tools, libdevmapper }: GrubPackages, output: string): Promise<Buffer> {
  const folder = join(modules.root, GRUB_FOLDER);
  const args = ["-O", "i386-pc", "-d", folder, "-p", PREFIX, "-o", output, ...MODULES];
  const env = { ...process.env, LD_LIBRARY_PATH: join(libdevmapper.root, LIBRARIES) };
  const { code, stderr } = await run(join(tools.root, "usr/bin/grub-mkimage"), args, { env });
  if (code !== 0) throw new ImageError(`grub-mkimage failed: ${stderr.trim().split("\n").at(-1)}`, ["grub-common"]);
  return readFileSync(output);
}
