import { describe, expect, it } from "vitest";
import { beyondGuest, memoryBeyondGuest, parseMappings } from "./processMemory.ts";

const MB = 2 ** 20;

describe("memory beyond guest RAM", () => {
  it("is read from the kernel's account", () => {
    const smaps = "7f00-7f10 rw-p 00000000 00:00 0\nSize:  64 kB\nKernelPageSize: 4 kB\nRss:  8 kB\nPss: 8 kB\n";
    expect(parseMappings(smaps + smaps.replace("Rss:  8", "Rss: 12"))).toEqual([
      { sizeBytes: 65536, residentBytes: 8192 },
      { sizeBytes: 65536, residentBytes: 12288 },
    ]);
  });

  it("leaves guest RAM out, but not what lies with it in one mapping", () => {
    const program = { sizeBytes: 50 * MB, residentBytes: 30 * MB };
    expect(beyondGuest([program, { sizeBytes: 256 * MB, residentBytes: 100 * MB }], 256 * MB)).toBe(30 * MB);
    expect(beyondGuest([program, { sizeBytes: 300 * MB, residentBytes: 280 * MB }], 256 * MB)).toBe(74 * MB);
  });

  it("is not fooled by address space that is only reserved", () => {
    const reserved = { sizeBytes: 8192 * MB, residentBytes: 0 };
    const guest = { sizeBytes: 256 * MB, residentBytes: 90 * MB };
    expect(beyondGuest([reserved, guest], 256 * MB)).toBe(0);
  });

  it("is unknown of a process that is not there", () => {
    expect(memoryBeyondGuest(-1, 256 * MB)).toBeUndefined();
  });
});
