import { expect, it } from "vitest";
import { DEFAULT_GUEST, findGuest, GUESTS } from "./guests.ts";
import { RECIPES } from "./recipes/index.ts";

it.each(GUESTS)("$id takes its files from its own recipes", ({ files, recipes }) => {
  const folders = new Set(Object.values(files).map((path) => path.split("/")[0]));
  expect([...folders].sort()).toEqual([...recipes].sort());
  for (const recipe of recipes) expect(RECIPES.map(({ id }) => id)).toContain(recipe);
});

it("has a default, and ids that are not used twice", () => {
  expect(findGuest(DEFAULT_GUEST)).toBeDefined();
  expect(new Set(GUESTS.map(({ id }) => id)).size).toBe(GUESTS.length);
});
