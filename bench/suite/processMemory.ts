/** Memory of a process from Linux's /proc (proc(5), smaps). */
import { readFileSync } from "node:fs";

interface Mapping {
  sizeBytes: number;
  residentBytes: number;
}

/** Resident memory of a process, guest RAM left out; undefined where the system does not tell. */
export function memoryBeyondGuest(pid: number, guestBytes: number): number | undefined {
  try {
    return beyondGuest(parseMappings(readFileSync(`/proc/${pid}/smaps`, "utf8")), guestBytes);
  } catch {
    return undefined;
  }
}

/**
 * The largest mapping that has room for guest RAM holds it, and perhaps an emulator's own data around it (one WebAssembly memory), which
 * counts with its whole size: which part of such a mapping is resident is not told.
 */
export function beyondGuest(mappings: readonly Mapping[], guestBytes: number): number {
  const total = mappings.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  const holders = mappings.filter(({ sizeBytes }) => sizeBytes >= guestBytes);
  const holder = holders.sort((a, b) => b.residentBytes - a.residentBytes)[0];
  if (!holder) return total;
  return total - holder.residentBytes + Math.min(holder.sizeBytes - guestBytes, holder.residentBytes);
}

export function parseMappings(smaps: string): Mapping[] {
  const sizes = kilobytes(smaps, "Size");
  const residents = kilobytes(smaps, "Rss");
  return sizes.map((sizeBytes, i) => ({ sizeBytes, residentBytes: residents[i] ?? 0 }));
}

function kilobytes(smaps: string, field: string): number[] {
  return [...smaps.matchAll(new RegExp(`^${field}: +(\\d+) kB$`, "gm"))].map(([, count]) => Number(count) * 1024);
}
