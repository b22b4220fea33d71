import { expect, it } from "vitest";
import { LruCache } from "./lruCache.ts";

it("drops what has not been asked for longest", () => {
  const cache = new LruCache<string, number>(10, (value) => value);
  cache.set("a", 4);
  cache.set("b", 4);
  expect(cache.get("a")).toBe(4);
  cache.set("c", 4);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([4, undefined, 4]);
  cache.set("a", 6);
  expect([cache.has("a"), cache.has("c")]).toEqual([true, true]);
  cache.set("d", 11);
  expect(["a", "c", "d"].filter((key) => cache.has(key))).toEqual([]);
});
