/** Loads a multiboot 1 kernel with modules (Multiboot Specification version 0.6.96). */
import type { Engine } from "../core/engine.ts";
import { EBDA_BASE, memoryMap, placeAcpi, startInProtectedMode, usableRamEnd } from "./directBoot.ts";
import { VmError } from "./vmError.ts";

export interface MultibootModule {
  data: Uint8Array;
  commandLine: string;
}

const HEADER_MAGIC = 0x1bad_b002;
const LOADER_MAGIC = 0x2bad_b002;
const SEARCH_BYTES = 8192;
const ADDRESSES_VALID = 0x1_0000;
const HEADER_WITH_ADDRESSES_BYTES = 32;
/** Where the information structure and its strings go. */
const INFO = 0x9000;
const INFO_BYTES = 0x1000;
const EAX = 0;
const EBX = 3;

/** Loaders put the kernel's name in front of its command line, as of each module's; Xen, for one, drops the first word. */
const KERNEL_NAME = "kernel";

const INFO_MEMORY = 0x1;
const INFO_COMMAND_LINE = 0x4;
const INFO_MODULES = 0x8;
const INFO_MEMORY_MAP = 0x40;
const INFO_LOADER_NAME = 0x200;

/** Offset of the multiboot header, or undefined. */
export function findMultibootHeader(image: Uint8Array): number | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const end = Math.min(SEARCH_BYTES, image.length) - 12;
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue;
    const sum = HEADER_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true);
    if (sum >>> 0 === 0) return at;
  }
  return undefined;
}

interface Loaded {
  entry: number;
  /** First free address after the kernel. */
  end: number;
}

/** Loads `image` and its modules and puts the CPU at its entry, with EBX at the multiboot information. */
export function bootMultiboot(
  engine: Engine,
  image: Uint8Array,
  modules: readonly MultibootModule[],
  commandLine: string,
): void {
  const header = findMultibootHeader(image);
  if (header === undefined) throw new VmError("bad-kernel", "the kernel has no multiboot header");
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const flags = view.getUint32(header + 4, true);
  const loaded = flags & ADDRESSES_VALID ? loadByHeader(engine, view, header) : loadElf(engine, view);
  const placed = placeModules(engine, modules, loaded.end);
  writeInformation(engine, placed, commandLine);
  placeAcpi(engine);
  startInProtectedMode(engine, loaded.entry, { [EAX]: LOADER_MAGIC, [EBX]: INFO });
}

/** Zeros are written in pieces: a kernel may ask for gigabytes of them. */
const ZERO_FILL_BYTES = 0x10_0000;

/** What memory has beyond `bytes`, up to `memoryBytes`, is zeros. */
function copyIn(engine: Engine, address: number, bytes: Uint8Array, memoryBytes: number): void {
  const end = address + Math.max(memoryBytes, bytes.length);
  if (end > usableRamEnd(engine.sizeBytes))
    throw new VmError(
      "bad-config",
      `the kernel wants memory up to ${end.toString(16)}h, the guest has ${engine.sizeBytes / 0x10_0000} MiB`,
    );
  engine.write(address, bytes);
  for (let at = address + bytes.length; at < end; at += ZERO_FILL_BYTES)
    engine.write(at, new Uint8Array(Math.min(ZERO_FILL_BYTES, end - at)));
}

function loadByHeader(engine: Engine, view: DataView, header: number): Loaded {
  if (header + HEADER_WITH_ADDRESSES_BYTES > view.byteLength)
    throw new VmError("bad-kernel", "the multiboot header is cut off");
  const word = (index: number) => view.getUint32(header + index * 4, true);
  const [headerAddress, loadAddress, loadEnd, bssEnd, entry] = [word(3), word(4), word(5), word(6), word(7)];
  const offset = header - (headerAddress - loadAddress);
  const length = loadEnd ? loadEnd - loadAddress : view.byteLength - offset;
  if (offset < 0 || length < 0 || offset + length > view.byteLength)
    throw new VmError("bad-kernel", "the multiboot header's load addresses do not lie in the kernel file (truncated?)");
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  copyIn(engine, loadAddress, bytes, Math.max(length, bssEnd ? bssEnd - loadAddress : 0));
  return { entry, end: Math.max(bssEnd, loadAddress + length) };
}

const PT_LOAD = 1;
/** Of a 32-bit file (ELF specification 1.2, figure 2-1). */
const PROGRAM_HEADER_BYTES = 32;

function loadElf(engine: Engine, view: DataView): Loaded {
  if (view.byteLength < 52 || view.getUint32(0, false) !== 0x7f45_4c46)
    throw new VmError("bad-kernel", "the multiboot kernel is neither ELF nor says where it loads");
  if (view.getUint8(4) !== 1)
    throw new VmError("bad-kernel", "the multiboot kernel is a 64-bit ELF file; multiboot 1 wants 32-bit");
  const table = view.getUint32(28, true);
  const entrySize = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (count > 0 && entrySize < PROGRAM_HEADER_BYTES)
    throw new VmError("bad-kernel", `the ELF file is damaged: program headers of ${entrySize} bytes`);
  if (table + entrySize * count > view.byteLength)
    throw new VmError("bad-kernel", "the ELF file is truncated (program headers)");
  let end = 0;
  let total = 0;
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = view.getUint32(at + 4, true);
    const address = view.getUint32(at + 12, true);
    const fileBytes = view.getUint32(at + 16, true);
    const memoryBytes = view.getUint32(at + 20, true);
    if (offset + fileBytes > view.byteLength)
      throw new VmError("bad-kernel", `the ELF file is truncated (segment ${index})`);
    total += Math.max(fileBytes, memoryBytes);
    if (total > engine.sizeBytes)
      throw new VmError("bad-config", "the segments of the kernel do not fit into guest memory side by side");
    copyIn(engine, address, new Uint8Array(view.buffer, view.byteOffset + offset, fileBytes), memoryBytes);
    end = Math.max(end, address + memoryBytes);
  }
  if (end === 0) throw new VmError("bad-kernel", "the ELF file has nothing to load");
  return { entry: view.getUint32(24, true), end };
}

interface PlacedModule {
  start: number;
  end: number;
  commandLine: string;
}

function placeModules(engine: Engine, modules: readonly MultibootModule[], after: number): PlacedModule[] {
  let at = Math.max(after, 0x10_0000);
  return modules.map(({ data, commandLine }) => {
    const start = Math.ceil(at / 0x1000) * 0x1000;
    copyIn(engine, start, data, data.length);
    at = start + data.length;
    return { start, end: at, commandLine };
  });
}

function writeInformation(engine: Engine, modules: readonly PlacedModule[], commandLine: string): void {
  const bytes = new Uint8Array(INFO_BYTES);
  const view = new DataView(bytes.buffer);
  let free = 128;
  const reserve = (length: number) => {
    const at = free;
    free = (free + length + 3) & ~3;
    if (free > INFO_BYTES) throw new VmError("bad-config", "the command lines of kernel and modules are too long");
    return at;
  };
  const text = (value: string) => {
    const encoded = new TextEncoder().encode(`${value}\0`);
    const at = reserve(encoded.length);
    bytes.set(encoded, at);
    return INFO + at;
  };
  const flags =
    INFO_MEMORY | INFO_COMMAND_LINE | INFO_MEMORY_MAP | INFO_LOADER_NAME | (modules.length ? INFO_MODULES : 0);
  view.setUint32(0, flags, true);
  view.setUint32(4, EBDA_BASE >> 10, true); // KiB below 1 MiB
  view.setUint32(8, (usableRamEnd(engine.sizeBytes) - 0x10_0000) / 1024, true);
  view.setUint32(16, text(`${KERNEL_NAME} ${commandLine}`.trimEnd()), true);
  const table = reserve(modules.length * 16);
  view.setUint32(20, modules.length, true);
  view.setUint32(24, INFO + table, true);
  for (const [index, module] of modules.entries()) {
    view.setUint32(table + index * 16, module.start, true);
    view.setUint32(table + index * 16 + 4, module.end, true);
    view.setUint32(table + index * 16 + 8, text(module.commandLine), true);
  }
  const ranges = memoryMap(engine.sizeBytes);
  const map = reserve(ranges.length * 24);
  for (const [index, range] of ranges.entries()) {
    const at = map + index * 24;
    view.setUint32(at, 20, true);
    view.setBigUint64(at + 4, BigInt(range.base), true);
    view.setBigUint64(at + 12, BigInt(range.length), true);
    view.setUint32(at + 20, range.type, true);
  }
  view.setUint32(44, ranges.length * 24, true);
  view.setUint32(48, INFO + map, true);
  view.setUint32(64, text("Tabvisor"), true);
  engine.write(INFO, bytes);
}
