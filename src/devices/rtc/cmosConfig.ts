/**
 * What the firmware finds in CMOS, as SeaBIOS for QEMU reads it (SeaBIOS src/hw/rtc.h; QEMU hw/i386/pc.c pc_cmos_init).
 * Only the bytes outside the clock are here.
 */
export interface CmosConfig {
  /** RAM below 4 GiB in bytes. */
  memoryBytes: number;
  /** RAM above 4 GiB in bytes. */
  memoryAbove4GBytes?: number;
  /** Drive types of A: and B: (0 none, 4 = 1.44 MB, 5 = 2.88 MB). */
  floppyTypes?: readonly [number, number];
  /** Boot devices in order, at most three. Only what etc/bootorder does not decide. */
  bootOrder?: readonly BootDevice[];
  /** Skip the check for a boot signature on floppies. */
  skipFloppySignatureCheck?: boolean;
  /** CPUs the firmware waits for (default 1). */
  cpuCount?: number;
  /** Geometry translation of the four IDE disks (0 none, 1 LBA, 2 large, 3 r-echs); LBA by default. */
  diskTranslation?: readonly [number, number, number, number];
}

export type BootDevice = "floppy" | "disk" | "cdrom" | "network";

const BOOT_CODES: Record<BootDevice, number> = { floppy: 1, disk: 2, cdrom: 3, network: 4 };
const KIB = 1024;
const MIB = 1024 * KIB;
const LBA_TRANSLATION = 1;

/** Builds the 128 bytes. */
export function buildCmos(config: CmosConfig): Uint8Array {
  const cmos = new Uint8Array(128);
  fillMemory(cmos, config);
  fillDrives(cmos, config);
  fillBootOrder(cmos, config);
  cmos[0x5f] = (config.cpuCount ?? 1) - 1;
  fillChecksum(cmos);
  return cmos;
}

function put16(cmos: Uint8Array, index: number, value: number): void {
  cmos[index] = value & 0xff;
  cmos[index + 1] = value >>> 8;
}

/** Base memory in KiB; extended in KiB above 1 MiB; extended in 64 KiB units above 16 MiB; all that is above 4 GiB. */
function fillMemory(cmos: Uint8Array, config: CmosConfig): void {
  put16(cmos, 0x15, Math.min(640, Math.floor(config.memoryBytes / KIB)));
  const above1M = Math.min(0xffff, Math.max(0, Math.floor((config.memoryBytes - MIB) / KIB)));
  put16(cmos, 0x17, above1M);
  put16(cmos, 0x30, above1M);
  put16(cmos, 0x34, Math.min(0xffff, Math.max(0, Math.floor((config.memoryBytes - 16 * MIB) / (64 * KIB)))));
  const above4G = Math.floor((config.memoryAbove4GBytes ?? 0) / (64 * KIB));
  for (let byte = 0; byte < 3; byte++) cmos[0x5b + byte] = (above4G >>> (8 * byte)) & 0xff;
}

/** 10h drive types, 14h equipment: FPU and PS/2 mouse always, floppies in bits 0 and 7-6; 39h disk translations. */
function fillDrives(cmos: Uint8Array, config: CmosConfig): void {
  const [first, second] = config.floppyTypes ?? [0, 0];
  cmos[0x10] = (first << 4) | second;
  const count = (first === 0 ? 0 : 1) + (second === 0 ? 0 : 1);
  cmos[0x14] = 0x06 | (count === 0 ? 0 : 0x01 | ((count - 1) << 6));
  const translations = config.diskTranslation ?? Array<number>(4).fill(LBA_TRANSLATION);
  cmos[0x39] = translations.reduce((bits, translation, disk) => bits | ((translation & 3) << (2 * disk)), 0);
}

/** 3Dh: second device in the high half, first in the low; 38h: third in the high half, bit 0 skips the signature check. */
function fillBootOrder(cmos: Uint8Array, config: CmosConfig): void {
  const order = config.bootOrder ?? ["disk", "cdrom", "floppy"];
  const code = (index: number): number => (index < order.length ? BOOT_CODES[order[index]] : 0);
  cmos[0x3d] = (code(1) << 4) | code(0);
  cmos[0x38] = (code(2) << 4) | (config.skipFloppySignatureCheck ? 1 : 0);
}

/** The PC/AT's checksum of 10h-2Dh. */
function fillChecksum(cmos: Uint8Array): void {
  let sum = 0;
  for (let index = 0x10; index <= 0x2d; index++) sum += cmos[index];
  cmos[0x2e] = (sum >>> 8) & 0xff;
  cmos[0x2f] = sum & 0xff;
}
