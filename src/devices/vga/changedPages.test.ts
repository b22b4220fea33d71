import { describe, expect, it } from "vitest";
import { ChangedPages, NEVER_LOOKED } from "./changedPages.ts";

const PAGE = 0x1000;
const BYTES = 64 * PAGE;

describe("ChangedPages", () => {
  it("tells what was written since a look, by page", () => {
    const pages = new ChangedPages(BYTES);
    expect(pages.since(NEVER_LOOKED, 5 * PAGE, 5 * PAGE + 1)).toBe(true);
    const look = pages.look();
    expect(pages.since(look, 0, BYTES)).toBe(false);
    pages.mark(5 * PAGE + 7);
    expect(pages.since(look, 5 * PAGE + 100, 5 * PAGE + 101)).toBe(true);
    expect(pages.since(look, 4 * PAGE, 5 * PAGE)).toBe(false);
    expect(pages.since(look, 6 * PAGE, BYTES)).toBe(false);
    expect(pages.since(pages.look(), 0, BYTES)).toBe(false);
    expect(pages.since(look, 0, BYTES)).toBe(true);
  });

  it("marks all pages that a range touches", () => {
    const pages = new ChangedPages(BYTES);
    const look = pages.look();
    pages.markRange(2 * PAGE - 1, 3 * PAGE + 1);
    pages.markRange(9 * PAGE, 9 * PAGE);
    const changed = Array.from({ length: 12 }, (_, page) => page).filter((page) =>
      pages.since(look, page * PAGE, page * PAGE + 1),
    );
    expect(changed).toEqual([1, 2, 3]);
    expect(pages.since(look, BYTES, BYTES + PAGE)).toBe(false);
  });

  it("takes over what the log says, at each look", () => {
    const log = [Uint32Array.of(0, 0x8000_0001), undefined];
    const pages = new ChangedPages(BYTES, () => log.shift());
    const before = pages.look() - 1;
    expect(pages.since(before, 32 * PAGE, 33 * PAGE)).toBe(true);
    const look = pages.look();
    expect(pages.since(look, 0, BYTES)).toBe(false);
    expect(pages.since(look - 1, 0, BYTES)).toBe(false);
    expect(pages.since(look - 2, 63 * PAGE, BYTES)).toBe(true);
  });
});
