/** What is known of built outputs, so that a second start finds them good without reading them. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256, sha256OfFile } from "./hash.ts";
import type { Manifest, ManifestFile, PackageSource, Recipe } from "./types.ts";

const FILE_NAME = "manifest.json";

/** A hash over all that decides a recipe's output, but for the versions of packages that apt chooses. */
export function recipeKey(recipe: Recipe, source: PackageSource, imagesDir: string): string {
  const code = recipe.sources.flatMap((path) => hashTree(imagesDir, path));
  const packages = recipe.packages.map((wanted) => source.fingerprint(wanted));
  const sets = (recipe.sets ?? []).map(({ architecture, names }) => `${architecture} ${names.join(" ")}`);
  return sha256([...code, ...packages, ...sets].join("\n"));
}

/** One line for a file, or for each file of a folder. */
function hashTree(base: string, path: string): string[] {
  const full = join(base, path);
  if (!statSync(full).isDirectory()) return [`${path} ${sha256(readFileSync(full))}`];
  const names = readdirSync(full).sort();
  return names.flatMap((name) => hashTree(base, `${path}/${name}`));
}

/** The manifest in the output folder `dir`, or undefined if there is none that can be read. */
export function readManifest(dir: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, FILE_NAME), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

export function writeManifest(dir: string, manifest: Manifest): void {
  writeFileSync(join(dir, FILE_NAME), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Whether every output is what it was. One with another time stamp (a copied cache) is read to make sure. */
export async function outputsAreIntact(dir: string, files: readonly ManifestFile[]): Promise<boolean> {
  for (const { name, sizeBytes, modifiedMs, sha256: expected } of files) {
    const path = join(dir, name);
    if (!existsSync(path)) return false;
    const { size, mtimeMs } = statSync(path);
    if (size !== sizeBytes) return false;
    if (mtimeMs !== modifiedMs && (await sha256OfFile(path)) !== expected) return false;
  }
  return true;
}
