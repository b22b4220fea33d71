/** Memory of a process from Linux's /proc (proc(5), smaps and pagemap). */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

interface Mapping {
  start: bigint;
  sizeBytes: number;
  residentBytes: number;
}

/** Resident bytes of `length` bytes from `start` on; undefined where that cannot be told. */
export type ResidentIn = (start: bigint, length: number) => number | undefined;

const PAGE_BYTES = 4096;
/** Of pagemap, for each page. */
const ENTRY_BYTES = 8;
const PRESENT = 1n << 63n;

/** Resident memory of a process, guest RAM left out; undefined where the system does not tell. */
export function memoryBeyondGuest(pid: number, guestBytes: number): number | undefined {
  try {
    const mappings = parseMappings(readFileSync(`/proc/${pid}/smaps`, "utf8"));
    return beyondGuest(mappings, guestBytes, (start, length) => residentIn(pid, start, length));
  } catch {
    return undefined;
  }
}

/**
 * The largest mapping that has room for guest RAM holds it: at its end, behind an emulator's own data (one WebAssembly memory). Of that
 * data counts what is resident, or all of it where that is not told.
 */
export function beyondGuest(mappings: readonly Mapping[], guestBytes: number, resident: ResidentIn): number {
  const total = mappings.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  const holders = mappings.filter(({ sizeBytes }) => sizeBytes >= guestBytes);
  const holder = holders.sort((a, b) => b.residentBytes - a.residentBytes)[0];
  if (!holder) return total;
  const ownBytes = holder.sizeBytes - guestBytes;
  return total - holder.residentBytes + Math.min(resident(holder.start, ownBytes) ?? ownBytes, holder.residentBytes);
}

export function parseMappings(smaps: string): Mapping[] {
  const starts = [...smaps.matchAll(/^([0-9a-f]+)-[0-9a-f]+ /gm)].map(([, start]) => BigInt(`0x${start}`));
  const sizes = kilobytes(smaps, "Size");
  const residents = kilobytes(smaps, "Rss");
  return starts.map((start, i) => ({ start, sizeBytes: sizes[i] ?? 0, residentBytes: residents[i] ?? 0 }));
}

function kilobytes(smaps: string, field: string): number[] {
  return [...smaps.matchAll(new RegExp(`^${field}: +(\\d+) kB$`, "gm"))].map(([, count]) => Number(count) * 1024);
}

function residentIn(pid: number, start: bigint, length: number): number | undefined {
  const entries = readPagemap(pid, Number(start / BigInt(PAGE_BYTES)), Math.ceil(length / PAGE_BYTES));
  return entries && entries.filter((entry) => (entry & PRESENT) !== 0n).length * PAGE_BYTES;
}

/** Entries of `count` pages from page number `first` on. */
function readPagemap(pid: number, first: number, count: number): BigUint64Array | undefined {
  const entries = new BigUint64Array(count);
  try {
    const file = openSync(`/proc/${pid}/pagemap`, "r");
    try {
      const read = readSync(file, entries, 0, entries.byteLength, first * ENTRY_BYTES);
      return read === entries.byteLength ? entries : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
