import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildImages } from "./build.ts";
import { temporaryFolder, writeDeb } from "./testing.ts";
import { ImageError, type PackageSet, type PackageSource, type Recipe } from "./types.ts";

const RECIPE: Recipe = {
  id: "thing",
  summary: "a thing",
  packages: [{ name: "thing", architecture: "amd64" }],
  sources: ["recipes/seabios.ts"],
  build: async ([unpacked]) => new Map([["thing.bin", readFileSync(join(unpacked!.root, "thing"))]]),
};

describe("buildImages", () => {
  let cacheDir: string;
  let obtained: number;
  let version: string;
  let source: PackageSource;
  const build = (options = {}) => buildImages(["thing"], { cacheDir, recipes: [RECIPE], source, ...options });
  const output = () => join(cacheDir, "out/thing/thing.bin");

  beforeEach(() => {
    cacheDir = temporaryFolder();
    obtained = 0;
    version = "1";
    const path = join(temporaryFolder(), "thing.deb");
    writeDeb(path, { thing: "contents" });
    source = {
      fingerprint: () => version,
      obtainSet: async () => [],
      obtain: async ({ name, architecture }) => {
        obtained++;
        return { name, version, architecture, sha256: "00", path };
      },
    };
  });

  it("builds once, and then finds it built", async () => {
    const first = await build();
    expect(first.failed).toEqual([]);
    expect(first.ready[0]).toMatchObject({ recipe: "thing", cached: false });
    expect(readFileSync(output(), "utf8")).toBe("contents");
    expect((await build()).ready[0]).toMatchObject({ cached: true });
    expect(obtained).toBe(1);
  });

  it("leaves nothing behind but the outputs", async () => {
    await build();
    expect(readdirSync(cacheDir)).toEqual(["out"]);
  });

  it("writes an index of guests and images", async () => {
    const { outDir, index } = await build();
    expect(JSON.parse(readFileSync(join(outDir, "index.json"), "utf8"))).toEqual(index);
    expect(index.images.thing?.packages).toEqual([
      { name: "thing", version: "1", architecture: "amd64", sha256: "00" },
    ]);
    expect(index.guests.every((guest) => !guest.available)).toBe(true);
  });

  it.each([
    ["an output is gone", () => rmSync(output())],
    ["an output has other contents", () => writeFileSync(output(), "CONTENTS")],
    ["an output is cut short", () => writeFileSync(output(), "cont")],
    [
      "a local package changes",
      () => {
        version = "2";
      },
    ],
  ])("builds again when %s", async (_what, change) => {
    await build();
    change();
    expect((await build()).ready[0]).toMatchObject({ cached: false });
    expect(readFileSync(output(), "utf8")).toBe("contents");
  });

  it("accepts a copied cache, whose time stamps differ", async () => {
    await build();
    utimesSync(output(), 1, 1);
    expect((await build()).ready[0]).toMatchObject({ cached: true });
  });

  it("builds again when asked to", async () => {
    await build();
    await build({ refresh: true });
    expect(obtained).toBe(2);
  });

  it("builds once when two ask at the same time", async () => {
    const results = await Promise.all([build(), build()]);
    expect(results.map(({ ready }) => ready[0]!.cached).sort()).toEqual([false, true]);
    expect(obtained).toBe(1);
  });

  it("goes on where a process was killed", async () => {
    mkdirSync(join(cacheDir, "thing.work/packages/0/thing"), { recursive: true });
    for (const lock of ["thing.lock", "index.lock"]) writeFileSync(join(cacheDir, lock), "2147483646 1");
    expect((await build()).ready).toHaveLength(1);
    expect(readdirSync(cacheDir)).toEqual(["out"]);
  });

  describe("of several recipes", () => {
    const set: PackageSet = { architecture: "amd64", names: ["a", "b"] };
    const recipes = ["first", "second"].map((id) => ({ ...RECIPE, id }));

    it.runIf(availableParallelism() > 1)("builds them side by side", async () => {
      const begun: string[] = [];
      const all = new Promise<void>((resolve) => {
        const begin = (id: string) => void (begun.push(id) === recipes.length && resolve());
        for (const recipe of recipes)
          recipe.build = async () => {
            begin(recipe.id);
            await all;
            return new Map();
          };
      });
      const { ready } = await buildImages(["first", "second"], { cacheDir, recipes, source });
      expect(ready.map(({ recipe }) => recipe)).toEqual(["first", "second"]);
    });

    it("begins with systems of many packages", async () => {
      const asked: string[] = [];
      const asking: PackageSource = {
        ...source,
        obtain: (wanted, progress) => {
          asked.push(wanted.name);
          return source.obtain(wanted, progress);
        },
      };
      const named = (id: string): Recipe => ({ ...RECIPE, id, packages: [{ name: id, architecture: "amd64" }] });
      const mixed = [named("small"), named("other"), { ...named("system"), sets: [set] }];
      await buildImages(["small", "other", "system"], { cacheDir, recipes: mixed, source: asking });
      expect(asked[0]).toBe("system");
    });

    it("has both in the index when two build at the same time", async () => {
      const results = await Promise.all(
        ["first", "second"].map((id) => buildImages([id], { cacheDir, recipes, source })),
      );
      const index = JSON.parse(readFileSync(join(results[0]!.outDir, "index.json"), "utf8"));
      expect(Object.keys(index.images).sort()).toEqual(["first", "second"]);
    });
  });

  it("reports a package that cannot be had and builds the others", async () => {
    const other: Recipe = { ...RECIPE, id: "other", packages: [{ name: "absent", architecture: "i386" }] };
    const obtain: PackageSource["obtain"] = async (wanted, progress) => {
      if (wanted.name === "absent") throw new ImageError("no such package", ["absent"]);
      return source.obtain(wanted, progress);
    };
    const options = { cacheDir, recipes: [other, RECIPE], source: { ...source, obtain } };
    const { ready, failed } = await buildImages(["other", "thing"], options);
    expect(failed.map(({ recipe, error }) => [recipe, error.packages])).toEqual([["other", ["absent"]]]);
    expect(ready.map(({ recipe }) => recipe)).toEqual(["thing"]);
  });

  it("refuses an unknown name and says which there are", async () => {
    await expect(buildImages(["nonesuch"], { cacheDir })).rejects.toThrow(/no image called "nonesuch".*seabios/);
  });
});
