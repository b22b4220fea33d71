/**
 * What kind of kernel a file holds, and whether all of it is there. Documents: the Linux boot protocol
 * (Documentation/arch/x86/boot.rst), the Multiboot Specification 0.6.96, the ELF specification.
 */
import { UsageError } from "./usageError.ts";

export type KernelKind = "linux" | "multiboot";

const BOOT_FLAG = 0xaa55;
/** "HdrS". */
const LINUX_MAGIC = 0x53726448;
const SECTOR = 512;
const PARAGRAPH = 16;
/** A multiboot header lies within this many bytes, at a multiple of four. */
const MULTIBOOT_SEARCH = 8192;
const MULTIBOOT_MAGIC = 0x1badb002;
/** "\x7fELF". */
const ELF_MAGIC = 0x464c457f;

/**
 * Tells a bzImage and a multiboot image apart.
 *
 * @param name how the message calls the file.
 * @throws UsageError if it is neither, or cut short.
 */
export function checkKernel(name: string, bytes: Uint8Array): KernelKind {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isLinux(view)) {
    const needed = linuxBytes(view);
    if (bytes.length < needed) throw truncated(name, bytes.length, needed);
    return "linux";
  }
  if (!isMultiboot(view)) throw new UsageError(`${name} is neither a Linux bzImage nor a multiboot 1 image`);
  const needed = elfBytes(view);
  if (bytes.length < needed) throw truncated(name, bytes.length, needed);
  return "multiboot";
}

function truncated(name: string, length: number, needed: number): UsageError {
  return new UsageError(`${name} is cut short: it has ${length} bytes and says that there are ${needed}`);
}

function isLinux(view: DataView): boolean {
  if (view.byteLength < 0x206) return false;
  return view.getUint16(0x1fe, true) === BOOT_FLAG && view.getUint32(0x202, true) === LINUX_MAGIC;
}

/** Set-up sectors (0 stands for 4) with the boot sector, then `syssize` paragraphs, of which the last may be filled in part. */
function linuxBytes(view: DataView): number {
  const setupSectors = view.getUint8(0x1f1) || 4;
  const paragraphs = view.getUint32(0x1f4, true);
  return (setupSectors + 1) * SECTOR + Math.max(0, paragraphs - 1) * PARAGRAPH + 1;
}

function isMultiboot(view: DataView): boolean {
  const end = Math.min(view.byteLength, MULTIBOOT_SEARCH) - 12;
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== MULTIBOOT_MAGIC) continue;
    const flags = view.getUint32(at + 4, true);
    if ((MULTIBOOT_MAGIC + flags + view.getUint32(at + 8, true)) >>> 0 === 0) return true;
  }
  return false;
}

/** Bytes that the program headers of a 32-bit ELF file ask for; 0 for any other file, which the loader judges. */
function elfBytes(view: DataView): number {
  const isElf32 = view.byteLength >= 52 && view.getUint32(0, true) === ELF_MAGIC && view.getUint8(4) === 1;
  if (!isElf32) return 0;
  const table = view.getUint32(28, true);
  const entryBytes = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  let needed = table + entryBytes * count;
  if (needed > view.byteLength || entryBytes < 32) return needed;
  for (let i = 0; i < count; i++) {
    const at = table + i * entryBytes;
    needed = Math.max(needed, view.getUint32(at + 4, true) + view.getUint32(at + 16, true));
  }
  return needed;
}
