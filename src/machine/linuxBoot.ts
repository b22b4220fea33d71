/**
 * Loads a Linux bzImage by the 32-bit boot protocol (kernel documentation, "The Linux/x86 Boot Protocol"), which 64-bit
 * kernels take too. Versions 2.02 and later (kernel 2.4.0).
 */
import type { Engine } from "../core/engine.ts";
import { type MemoryRange, memoryMap, placeAcpi, startInProtectedMode, usableRamEnd } from "./directBoot.ts";
import { LOW_ROM_END } from "./pc.ts";
import { VmError } from "./vmError.ts";

const BOOT_PARAMS = 0x1_0000;
const COMMAND_LINE = 0x2_0000;
const STACK = 0x9_0000;
/** Offsets of the setup header's fields in the image; the same in boot_params. */
const SETUP_SECTS = 0x1f1;
const BOOT_FLAG = 0x1fe;
const HEADER = 0x202;
const VERSION = 0x206;
const TYPE_OF_LOADER = 0x210;
const LOADFLAGS = 0x211;
const CODE32_START = 0x214;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const HEAP_END = 0x224;
const CMD_LINE_PTR = 0x228;
const INITRD_ADDR_MAX = 0x22c;
const CMDLINE_SIZE = 0x238;
const INIT_SIZE = 0x260;
/** Offsets in boot_params alone. */
const SCREEN_INFO = 0x000;
const ACPI_RSDP_ADDR = 0x070;
const E820_ENTRIES = 0x1e8;
const E820_TABLE = 0x2d0;
const BOOT_PARAMS_BYTES = 0x1000;

const LOADED_HIGH = 0x01;
const CAN_USE_HEAP = 0x80;
const LOADER_UNKNOWN = 0xff;
const ESP = 4;
const ESI = 6;

/** Whether the image has the setup header's signatures ("HdrS", 0xAA55). */
export function isLinuxImage(image: Uint8Array): boolean {
  if (image.length < 0x264) return false;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  return view.getUint16(BOOT_FLAG, true) === 0xaa55 && view.getUint32(HEADER, true) === 0x5372_6448;
}

interface LinuxImage {
  view: DataView;
  setupBytes: number;
  version: number;
}

function parse(image: Uint8Array): LinuxImage {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const version = view.getUint16(VERSION, true);
  if (version < 0x202)
    throw new VmError(
      "bad-kernel",
      `the kernel uses boot protocol ${version >> 8}.${version & 0xff}; 2.2 or later is needed`,
    );
  if (!(view.getUint8(LOADFLAGS) & LOADED_HIGH))
    throw new VmError("bad-kernel", "the kernel is a zImage (loaded low); only bzImage kernels can be started");
  const setupBytes = ((view.getUint8(SETUP_SECTS) || 4) + 1) * 512;
  const payload = view.getUint32(0x1f4, true) * 16; // syssize
  if (setupBytes >= image.length || (version >= 0x204 && image.length - setupBytes < payload - 0x10))
    throw new VmError(
      "bad-kernel",
      `the kernel file is truncated: ${image.length} bytes, its header promises ${setupBytes + payload}`,
    );
  return { view, setupBytes, version };
}

/** Highest page-aligned place for the initrd that the kernel and the RAM allow. */
function placeInitrd(linux: LinuxImage, ramEnd: number, bytes: number): number {
  const max = linux.version >= 0x203 ? linux.view.getUint32(INITRD_ADDR_MAX, true) + 1 : 0x3800_0000;
  return Math.floor((Math.min(max, ramEnd) - bytes) / 0x1000) * 0x1000;
}

/** Loads kernel, initrd and command line into RAM and puts the CPU at the kernel's 32-bit entry. */
export function bootLinux(engine: Engine, image: Uint8Array, initrd: Uint8Array | undefined, append: string): void {
  const linux = parse(image);
  const { view, setupBytes, version } = linux;
  const ramEnd = usableRamEnd(engine.sizeBytes);
  const needed =
    LOW_ROM_END + Math.max(image.length - setupBytes, version >= 0x20a ? view.getUint32(INIT_SIZE, true) : 0);
  const initrdAt = initrd ? placeInitrd(linux, ramEnd, initrd.length) : ramEnd;
  if (needed > initrdAt)
    throw new VmError(
      "bad-config",
      `the kernel and its initrd do not fit into ${engine.sizeBytes / 0x10_0000} MiB of guest memory; give it more`,
    );
  const commandLine = encodeCommandLine(append, version >= 0x206 ? view.getUint32(CMDLINE_SIZE, true) : 255);
  engine.write(LOW_ROM_END, image.subarray(setupBytes));
  if (initrd) engine.write(initrdAt, initrd);
  engine.write(COMMAND_LINE, commandLine);
  const params = bootParams(image, memoryMap(engine.sizeBytes));
  params.setUint32(CODE32_START, LOW_ROM_END, true);
  params.setUint32(CMD_LINE_PTR, COMMAND_LINE, true);
  params.setUint32(RAMDISK_IMAGE, initrd ? initrdAt : 0, true);
  params.setUint32(RAMDISK_SIZE, initrd?.length ?? 0, true);
  params.setUint32(ACPI_RSDP_ADDR, placeAcpi(engine), true);
  engine.write(BOOT_PARAMS, new Uint8Array(params.buffer));
  startInProtectedMode(engine, LOW_ROM_END, { [ESP]: STACK, [ESI]: BOOT_PARAMS });
}

function encodeCommandLine(append: string, limit: number): Uint8Array {
  const bytes = new TextEncoder().encode(`${append}\0`);
  if (bytes.length - 1 > limit)
    throw new VmError(
      "bad-config",
      `the kernel command line is ${bytes.length - 1} bytes; this kernel takes at most ${limit}`,
    );
  return bytes;
}

/** The zero page: the image's setup header, the screen in VGA text mode 3, and the memory map. */
function bootParams(image: Uint8Array, ranges: readonly MemoryRange[]): DataView {
  const params = new Uint8Array(BOOT_PARAMS_BYTES);
  const headerEnd = HEADER + image[0x201];
  params.set(image.subarray(SETUP_SECTS, headerEnd), SETUP_SECTS);
  params[TYPE_OF_LOADER] = LOADER_UNKNOWN;
  params[LOADFLAGS] |= CAN_USE_HEAP;
  const view = new DataView(params.buffer);
  view.setUint16(HEAP_END, 0xfe00, true);
  params[SCREEN_INFO + 0x06] = 3; // orig_video_mode
  params[SCREEN_INFO + 0x07] = 80; // columns
  params[SCREEN_INFO + 0x0e] = 25; // lines
  params[SCREEN_INFO + 0x0f] = 1; // VGA
  view.setUint16(SCREEN_INFO + 0x10, 16, true); // character height
  params[E820_ENTRIES] = ranges.length;
  for (const [index, { base, length, type }] of ranges.entries()) {
    const at = E820_TABLE + index * 20;
    view.setBigUint64(at, BigInt(base), true);
    view.setBigUint64(at + 8, BigInt(length), true);
    view.setUint32(at + 16, type, true);
  }
  return view;
}
