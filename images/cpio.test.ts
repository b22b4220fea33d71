import { describe, expect, it } from "vitest";
import { writeCpio } from "./cpio.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
/** Header fields of the member at `offset`, as numbers. */
const fields = (bytes: Uint8Array, offset = 0) =>
  text(bytes.subarray(offset + 6, offset + 110))
    .match(/.{8}/g)!
    .map((hex) => Number.parseInt(hex, 16));

describe("writeCpio", () => {
  it("writes a file with root's ownership, no time, and its data padded to four bytes", () => {
    const archive = writeCpio([{ type: "file", path: "a", mode: 0o755, data: Buffer.from("hello") }]);
    expect(text(archive.subarray(0, 6))).toBe("070701");
    expect(fields(archive)).toEqual([1, 0o100755, 0, 0, 1, 0, 5, 0, 0, 0, 0, 2, 0]);
    expect(text(archive.subarray(110, 120))).toBe("a\0hello\0\0\0");
    expect(text(archive.subarray(120, 126))).toBe("070701");
  });

  it("ends with a trailer and fills a block of 512 bytes", () => {
    const archive = writeCpio([]);
    expect(archive.length).toBe(512);
    expect(text(archive.subarray(110, 121))).toBe("TRAILER!!!\0");
  });

  it("writes directories, links and device nodes", () => {
    const archive = writeCpio([
      { type: "directory", path: "dev" },
      { type: "character", path: "dev/tty", mode: 0o666, major: 5, minor: 1 },
      { type: "symlink", path: "sbin", target: "bin" },
    ]);
    expect(fields(archive)).toEqual([1, 0o040755, 0, 0, 2, 0, 0, 0, 0, 0, 0, 4, 0]);
    const node = 116;
    expect(fields(archive, node)).toEqual([2, 0o020666, 0, 0, 1, 0, 0, 0, 0, 5, 1, 8, 0]);
    const link = node + 120;
    expect(fields(archive, link).slice(1, 7)).toEqual([0o120777, 0, 0, 1, 0, 3]);
    expect(text(archive.subarray(link + 110, link + 119))).toBe("sbin\0\0bin");
  });

  it.each(["", "/init"])("refuses the path %j", (path) => {
    expect(() => writeCpio([{ type: "directory", path }])).toThrow(/relative/);
  });
});
