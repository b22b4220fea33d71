import { expect, it } from "vitest";
import { DEFAULT_GUEST, findGuest, GUESTS, pathsOf, recipesOf } from "./guests.ts";
import { RECIPES } from "./recipes/index.ts";

it.each(GUESTS)("$id takes its files from recipes that there are", (guest) => {
  for (const recipe of recipesOf(guest)) expect(RECIPES.map(({ id }) => id)).toContain(recipe);
});

it("has SeaBIOS where a guest brings no firmware", () => {
  const seabios = ["seabios/bios.bin", "seabios/vgabios-stdvga.bin"];
  expect(pathsOf({})).toEqual(seabios);
  expect(pathsOf({ files: { bios: "other/bios" } })).toEqual(["other/bios"]);
  const disk = { interface: "nvme", file: "disk/root.ext4" } as const;
  expect(recipesOf({ files: { kernel: "linux/vmlinuz" }, drives: [disk] })).toEqual(["seabios", "linux", "disk"]);
});

it("has a default, and ids that are not used twice", () => {
  expect(findGuest(DEFAULT_GUEST)).toBeDefined();
  expect(new Set(GUESTS.map(({ id }) => id)).size).toBe(GUESTS.length);
});
