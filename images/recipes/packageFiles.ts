/** Recipes that take files out of a package as they are. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Architecture, ImageError, type Recipe, type UnpackedPackage } from "../types.ts";

export interface PackageFilesOptions {
  id: string;
  summary: string;
  package: string;
  architecture?: Architecture;
  /** The folder that all files are in, without a leading slash. */
  folder: string;
  /** The outputs, by name: where each is in the folder. */
  files: Readonly<Record<string, string>>;
  /** The file that holds the recipe, relative to `images/`. */
  source: string;
}

export function packageFiles(options: PackageFilesOptions): Recipe {
  const { id, summary, folder, files, source } = options;
  return {
    id,
    summary,
    packages: [{ name: options.package, architecture: options.architecture ?? "amd64", folder }],
    sources: [source, "recipes/packageFiles.ts"],
    build: async ([unpacked]) =>
      new Map(Object.entries(files).map(([name, path]) => [name, readPackageFile(unpacked!, join(folder, path))])),
  };
}

/** @throws ImageError where the package has no such file. */
export function readPackageFile({ root, name, version }: UnpackedPackage, path: string): Uint8Array {
  const full = join(root, path);
  if (!existsSync(full)) throw new ImageError(`no /${path} in ${name} ${version}`, [name]);
  return readFileSync(full);
}
