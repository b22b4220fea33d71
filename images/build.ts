/**
 * Builds guest images: packages in, files under `images/.cache/out/<recipe>/` out, and `index.json` beside them for
 * the page and the tests. What is built already is found good in a few milliseconds.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { AptSource } from "./apt.ts";
import { unpackDeb } from "./deb.ts";
import { findGuest, GUESTS, type Guest, pathsOf, recipesOf } from "./guests.ts";
import { sha256OfFile } from "./hash.ts";
import { LocalSource } from "./localSource.ts";
import { withLock } from "./lock.ts";
import { outputsAreIntact, readManifest, recipeKey, writeManifest } from "./manifest.ts";
import { RECIPES } from "./recipes/index.ts";
import {
  ImageError,
  type Manifest,
  type ManifestFile,
  type Output,
  type PackageFile,
  type PackageSource,
  type Recipe,
  type UnpackedPackage,
} from "./types.ts";

const IMAGES_DIR = import.meta.dirname;
/** Where outputs go unless told otherwise. */
export const DEFAULT_CACHE_DIR = join(IMAGES_DIR, ".cache");
const LOCAL_PACKAGES_DIR = join(IMAGES_DIR, "debs");
/** What a recipe may take that runs a machine of its own (secondStage.ts). */
const BUILD_MEMORY_BYTES = 2 * 2 ** 30;

export interface BuildOptions {
  /** One line of what is going on, and for which recipe. */
  onProgress?: (progress: { recipe: string; message: string }) => void;
  /** Ask apt for newer packages, even if everything is built. */
  refresh?: boolean;
  cacheDir?: string;
  /** Tests hand in their own. */
  recipes?: readonly Recipe[];
  source?: PackageSource;
}

export interface BuildResult {
  /** Folder that the paths in `index` and in the guest catalogue are relative to. */
  outDir: string;
  index: ImageIndex;
  /** Recipes that are ready, and whether they were so before. */
  ready: { recipe: string; cached: boolean; manifest: Manifest }[];
  /** Recipes that could not be built; the others are not affected. */
  failed: { recipe: string; error: ImageError }[];
}

/** The contents of `index.json`. */
export interface ImageIndex {
  version: 1;
  /** The whole catalogue; `available` tells whether all files of a guest are there. */
  guests: (Guest & { available: boolean })[];
  /** By recipe. */
  images: Record<string, Pick<Manifest, "packages" | "files">>;
}

/**
 * Makes sure that guests or recipes are built.
 *
 * @param names ids of guests or recipes; a guest stands for its recipes.
 * @throws ImageError for an unknown name. A package that cannot be had is reported in `failed`.
 */
export async function buildImages(names: readonly string[], options: BuildOptions = {}): Promise<BuildResult> {
  const builder = new Builder(options);
  const recipes = resolveNames(names, options.recipes ?? RECIPES);
  await builder.ensure(recipes);
  return builder.finish();
}

/** The recipes that `names` stand for, each once. */
function resolveNames(names: readonly string[], recipes: readonly Recipe[]): Recipe[] {
  const ids = names.flatMap((name) => {
    const guest = findGuest(name);
    return guest ? recipesOf(guest) : [name];
  });
  return [...new Set(ids)].map((id) => {
    const recipe = recipes.find((candidate) => candidate.id === id);
    if (recipe) return recipe;
    const known = [...new Set([...GUESTS.map((guest) => guest.id), ...recipes.map((candidate) => candidate.id)])];
    throw new ImageError(`no image called "${id}"; there are ${known.join(", ")}`);
  });
}

class Builder {
  private readonly cacheDir: string;
  private readonly outDir: string;
  private readonly source: PackageSource;
  private readonly ready: BuildResult["ready"] = [];
  private readonly failed: BuildResult["failed"] = [];

  constructor(private readonly options: BuildOptions) {
    this.cacheDir = options.cacheDir ?? DEFAULT_CACHE_DIR;
    this.outDir = join(this.cacheDir, "out");
    const apt = new AptSource(this.cacheDir, LOCAL_PACKAGES_DIR, options.refresh);
    this.source = options.source ?? new LocalSource(LOCAL_PACKAGES_DIR, apt);
  }

  /** Several side by side; those that take longest, systems of many packages, begin first. */
  async ensure(recipes: readonly Recipe[]): Promise<void> {
    const waiting = [...recipes].sort((a, b) => namesInSets(b) - namesInSets(a));
    const lane = async () => {
      for (let recipe = waiting.shift(); recipe; recipe = waiting.shift()) await this.ensureOne(recipe);
    };
    await Promise.all(Array.from({ length: parallelBuilds() }, lane));
    const order = recipes.map(({ id }) => id);
    for (const list of [this.ready, this.failed])
      list.sort((a, b) => order.indexOf(a.recipe) - order.indexOf(b.recipe));
  }

  private async ensureOne(recipe: Recipe): Promise<void> {
    const cached = this.options.refresh ? undefined : await this.intactManifest(recipe);
    if (cached) {
      this.ready.push({ recipe: recipe.id, cached: true, manifest: cached });
      return;
    }
    try {
      await this.buildLocked(recipe);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.failed.push({ recipe: recipe.id, error });
    }
  }

  private async buildLocked(recipe: Recipe): Promise<void> {
    const onWait = () => this.say(recipe, "waiting for another build of it to end");
    await withLock(this.lockPath(recipe.id), onWait, async () => {
      // Whoever held the lock may have built just this.
      const cached = this.options.refresh ? undefined : await this.intactManifest(recipe);
      const manifest = cached ?? (await this.build(recipe));
      this.ready.push({ recipe: recipe.id, cached: cached !== undefined, manifest });
    });
  }

  private lockPath(name: string): string {
    return join(this.cacheDir, `${name}.lock`);
  }

  private async intactManifest(recipe: Recipe): Promise<Manifest | undefined> {
    const dir = join(this.outDir, recipe.id);
    const manifest = readManifest(dir);
    if (manifest?.key !== this.keyOf(recipe)) return undefined;
    return (await outputsAreIntact(dir, manifest.files)) ? manifest : undefined;
  }

  private keyOf(recipe: Recipe): string {
    return recipeKey(recipe, this.source, IMAGES_DIR);
  }

  private async build(recipe: Recipe): Promise<Manifest> {
    const progress = (message: string) => this.say(recipe, message);
    const packages: PackageFile[] = [];
    for (const wanted of recipe.packages) packages.push(await this.source.obtain(wanted, progress));
    const sets: PackageFile[][] = [];
    for (const set of recipe.sets ?? []) sets.push(await this.source.obtainSet(set, progress));
    progress(`building from ${describeIngredients(packages, sets)}`);
    const workDir = join(this.cacheDir, `${recipe.id}.work`);
    // That of a build which was killed; whoever has the recipe's lock has its folder.
    rmSync(workDir, { recursive: true, force: true });
    mkdirSync(workDir, { recursive: true });
    try {
      const unpacked = await this.unpack(recipe, packages, join(workDir, "packages"));
      const files = await recipe.build(unpacked, { sets, workDir, progress });
      return await this.publish(recipe, [...packages, ...sets.flat()], files, join(workDir, "out"));
    } finally {
      rmSync(workDir, { recursive: true, force: true });
    }
  }

  private async unpack(recipe: Recipe, packages: PackageFile[], dir: string): Promise<UnpackedPackage[]> {
    const unpacked = packages.map(({ name, version }, i) => ({ name, version, root: join(dir, String(i)) }));
    for (const [i, { root }] of unpacked.entries()) {
      await unpackDeb(packages[i]!.path, root, recipe.packages[i]!.folder);
    }
    return unpacked;
  }

  /** Puts the outputs aside and moves them into place whole, so that no reader sees half of them. */
  private async publish(
    recipe: Recipe,
    packages: PackageFile[],
    files: Map<string, Output>,
    stage: string,
  ): Promise<Manifest> {
    mkdirSync(stage);
    const written: ManifestFile[] = [];
    for (const [name, output] of files) {
      const path = join(stage, name);
      if (output instanceof Uint8Array) writeFileSync(path, output);
      else renameSync(output.path, path);
      const { size: sizeBytes, mtimeMs: modifiedMs } = statSync(path);
      written.push({ name, sizeBytes, sha256: await sha256OfFile(path), modifiedMs });
    }
    const provenance = packages.map(({ path: _path, ...rest }) => rest);
    const manifest = { recipe: recipe.id, key: this.keyOf(recipe), packages: provenance, files: written };
    writeManifest(stage, manifest);
    const target = join(this.outDir, recipe.id);
    mkdirSync(this.outDir, { recursive: true });
    rmSync(target, { recursive: true, force: true });
    renameSync(stage, target);
    return manifest;
  }

  /** Under a lock, so that the index which is written last knows of all that is there. */
  async finish(): Promise<BuildResult> {
    const index = await withLock(this.lockPath("index"), ignore, async () => {
      const current = makeIndex(this.outDir, this.options.recipes ?? RECIPES);
      writeIfChanged(join(this.outDir, "index.json"), `${JSON.stringify(current, null, 2)}\n`);
      return current;
    });
    return { outDir: this.outDir, index, ready: this.ready, failed: this.failed };
  }

  private say(recipe: Recipe, message: string): void {
    this.options.onProgress?.({ recipe: recipe.id, message });
  }
}

/** As many at a time as there are processors, and memory for their machines. */
function parallelBuilds(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BUILD_MEMORY_BYTES)));
}

function namesInSets({ sets = [] }: Recipe): number {
  return sets.reduce((sum, { names }) => sum + names.length, 0);
}

function ignore(): void {}

function describeIngredients(packages: readonly PackageFile[], sets: readonly (readonly PackageFile[])[]): string {
  const single = packages.map(({ name, version }) => `${name} ${version}`);
  return [...single, ...sets.map((set) => `a system of ${set.length} packages`)].join(", ");
}

function makeIndex(outDir: string, recipes: readonly Recipe[]): ImageIndex {
  const images: ImageIndex["images"] = {};
  for (const { id } of recipes) {
    const manifest = readManifest(join(outDir, id));
    if (manifest) images[id] = { packages: manifest.packages, files: manifest.files };
  }
  const isThere = (path: string) => existsSync(join(outDir, path));
  const guests = GUESTS.map((guest) => ({ ...guest, available: pathsOf(guest).every(isThere) }));
  return { version: 1, guests, images };
}

/** A file watcher of the development server need not see a start at which nothing changed. */
function writeIfChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}
