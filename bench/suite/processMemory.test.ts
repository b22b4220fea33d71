import { describe, expect, it } from "vitest";
import { beyondGuest, memoryBeyondGuest, parseMappings } from "./processMemory.ts";

const MB = 2 ** 20;
const unknown = () => undefined;

describe("memory beyond guest RAM", () => {
  it("is read from the kernel's account", () => {
    const smaps = "7f00-7f10 rw-p 00000000 00:00 0\nSize:  64 kB\nKernelPageSize: 4 kB\nRss:  8 kB\nPss: 8 kB\n";
    expect(parseMappings(smaps + smaps.replace("Rss:  8", "Rss: 12"))).toEqual([
      { start: 0x7f00n, sizeBytes: 65536, residentBytes: 8192 },
      { start: 0x7f00n, sizeBytes: 65536, residentBytes: 12288 },
    ]);
  });

  it("leaves guest RAM out, but not what lies with it in one mapping", () => {
    const program = { start: 0n, sizeBytes: 50 * MB, residentBytes: 30 * MB };
    const exact = { start: 0n, sizeBytes: 256 * MB, residentBytes: 100 * MB };
    expect(beyondGuest([program, exact], 256 * MB, unknown)).toBe(30 * MB);
    const more = { start: 4096n, sizeBytes: 300 * MB, residentBytes: 280 * MB };
    expect(beyondGuest([program, more], 256 * MB, unknown)).toBe(74 * MB);
    const known = (start: bigint, length: number) => (start === 4096n && length === 44 * MB ? 10 * MB : Number.NaN);
    expect(beyondGuest([program, more], 256 * MB, known)).toBe(40 * MB);
  });

  it("is not fooled by address space that is only reserved", () => {
    const reserved = { start: 0n, sizeBytes: 8192 * MB, residentBytes: 0 };
    const guest = { start: 0n, sizeBytes: 256 * MB, residentBytes: 90 * MB };
    expect(beyondGuest([reserved, guest], 256 * MB, unknown)).toBe(0);
  });

  it("of a WebAssembly memory is what is touched of it", () => {
    const guestBytes = 256 * MB;
    const before = memoryBeyondGuest(process.pid, guestBytes);
    const own = 40 * MB;
    const memory = new Uint8Array(new ArrayBuffer(own + guestBytes));
    if (before === undefined) return;
    // The guest's, and more than anything else of that size.
    memory.fill(1, own);
    memory.fill(1, 0, own / 2);
    expect((memoryBeyondGuest(process.pid, guestBytes) as number) - before).toBeLessThan((3 * own) / 4);
  });

  it("is unknown of a process that is not there", () => {
    expect(memoryBeyondGuest(-1, 256 * MB)).toBeUndefined();
  });
});
