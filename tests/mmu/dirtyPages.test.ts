/** Dirty logging: a page's first store after a look is noted, whatever way it takes; the others are not slowed. */
import { beforeEach, describe, expect, it } from "vitest";
import { GUEST_RAM, Mmu, P, SCRATCH, Tables64, VRAM, W } from "./harness";

const m = new Mmu();
const x = m.x;
const RAM = 1;
const PAGE = 0x1000;
const READ_TAG = 1;
const WRITE_TAG = 2;
/** Where the guest sees video memory. */
const FRAME_BUFFER = 0xe000_0000;
const LOGGED_PAGES = 64;
const NO_TAG = 0;

/** Numbers of the pages, from host address `start` on, that were written since the last call. */
function takeDirty(start = VRAM): number[] {
  const words = x.takeDirtyPages!(start / PAGE, LOGGED_PAGES, SCRATCH);
  const pages = Array.from({ length: LOGGED_PAGES }, (_, page) => page).filter(
    (page) => (m.view.getUint32(SCRATCH + 4 * (page >> 5), true) >>> (page & 31)) & 1,
  );
  expect(words).toBe(new Set(pages.map((page) => page >> 5)).size);
  return pages;
}

const at = (page: number, offset = 0) => BigInt(FRAME_BUFFER + page * PAGE + offset);
const plainTags = (page: number) => x.tags!(at(page)) & (READ_TAG | WRITE_TAG);

beforeEach(() => {
  m.reset();
  x.mapMemory!(FRAME_BUFFER / PAGE, LOGGED_PAGES, RAM, VRAM);
});

describe("dirty logging", () => {
  it("does nothing to pages before the first look, which takes them all", () => {
    x.store32!(at(3), 1n);
    expect(plainTags(3)).toBe(READ_TAG | WRITE_TAG);
    expect(takeDirty()).toHaveLength(LOGGED_PAGES);
    expect(takeDirty()).toEqual([]);
  });

  it.each([
    ["a store", () => x.store32!(at(3, 8), 7n)],
    ["a read-modify-write", () => x.add32!(at(3, 8), 7n)],
  ])("notes %s once, and then lets stores through", (_what, write) => {
    x.store32!(at(3, 8), 0n);
    takeDirty();
    expect(plainTags(3)).toBe(READ_TAG);
    write();
    expect(x.load32!(at(3, 8))).toBe(7n);
    expect(plainTags(3)).toBe(READ_TAG | WRITE_TAG);
    expect(takeDirty()).toEqual([3]);
    expect(plainTags(3)).toBe(READ_TAG);
    expect(takeDirty()).toEqual([]);
    write();
    expect(takeDirty()).toEqual([3]);
  });

  it("notes both pages of a store that crosses", () => {
    takeDirty();
    x.store64!(at(31, PAGE - 3), -1n);
    expect(takeDirty()).toEqual([31, 32]);
  });

  it("notes no loads, and no pages beside", () => {
    takeDirty();
    x.load64!(at(5));
    x.store8!(0x50_0000n, 1n);
    expect(takeDirty()).toEqual([]);
  });

  it("notes a page by each of its mappings", () => {
    const t = new Tables64(m);
    t.map(0x5000n, BigInt(FRAME_BUFFER + 9 * PAGE), P | W);
    t.map(0x6000n, BigInt(FRAME_BUFFER + 9 * PAGE), P | W);
    t.enable();
    takeDirty();
    x.store8!(0x5000n, 1n);
    x.store8!(0x6000n, 1n);
    expect(takeDirty()).toEqual([9]);
    expect([x.tags!(0x5000n) & WRITE_TAG, x.tags!(0x6000n) & WRITE_TAG]).toEqual([NO_TAG, NO_TAG]);
    x.store8!(0x6000n, 1n);
    expect(takeDirty()).toEqual([9]);
  });

  it("does not walk page tables for a page that it has seen", () => {
    takeDirty();
    x.store8!(at(3), 1n);
    const misses = x.misses();
    takeDirty();
    x.store8!(at(3), 1n);
    expect(x.misses()).toBe(misses);
  });

  it("is for RAM as well: stores, accessed bits, and what devices write", () => {
    const start = GUEST_RAM + 0x20_0000;
    const t = new Tables64(m);
    takeDirty(start);
    x.store8!(0x20_1000n, 1n);
    x.hostWrote!(0x20_2fff, 2);
    expect(takeDirty(start)).toEqual([1, 2, 3]);
    const tables = GUEST_RAM + 0x10_0000;
    t.map(0x5000n, 0x20_0000n, P | W);
    t.enable();
    takeDirty(tables);
    x.load8!(0x5000n);
    expect(takeDirty(tables)).toEqual([0, 1, 2, 3]);
  });

  it("keeps stores to pages of code noted, and slow", () => {
    const start = GUEST_RAM + 0x20_0000;
    takeDirty(start);
    x.markCodePage!(0x205);
    x.store8!(0x20_5000n, 1n);
    expect(m.takeCode()).toEqual(["205000+1"]);
    expect(takeDirty(start)).toEqual([5]);
    expect(x.tags!(0x20_5000n) & WRITE_TAG).toBe(NO_TAG);
    x.clearCodePage!(0x205);
    x.store8!(0x20_5000n, 1n);
    expect([takeDirty(start), x.checkWriteTags!()]).toEqual([[5], 1]);
  });

  it("takes a look at a screenful in well under a millisecond", () => {
    for (let page = 0; page < LOGGED_PAGES; page++) x.store8!(at(page), 1n);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 50; i++) {
      x.store8!(at(i), 1n);
      const start = performance.now();
      x.takeDirtyPages!(VRAM / PAGE, LOGGED_PAGES, SCRATCH);
      best = Math.min(best, performance.now() - start);
    }
    expect(best).toBeLessThan(0.5);
    console.log(`a look takes ${(best * 1000).toFixed(0)} us`);
  });
});
