/** The vocabulary of the image builder. */

/** Architectures that guests come from; Debian's names. */
export type Architecture = "amd64" | "i386";

/** A Debian package that a recipe wants. */
export interface PackageWanted {
  /** Name for apt; a meta package if `real` is given. */
  name: string;
  architecture: Architecture;
  /** For a meta package: what the package it depends on is called, e.g. a kernel of some version. */
  real?: RegExp;
  /** Unpack only this folder of it (without a leading slash); a kernel's modules are 300 MB. */
  folder?: string;
}

/** Packages with all that they depend on, as apt solves it for a machine of that architecture without any package. */
export interface PackageSet {
  architecture: Architecture;
  names: readonly string[];
}

/** A package file on this machine. */
export interface PackageFile {
  name: string;
  version: string;
  architecture: string;
  sha256: string;
  path: string;
}

/** Where package files come from. */
export interface PackageSource {
  /** Changes whenever `obtain` might answer differently without having been asked to look for newer versions. */
  fingerprint(wanted: PackageWanted): string;
  /** @throws ImageError if the package cannot be had. */
  obtain(wanted: PackageWanted, progress: (message: string) => void): Promise<PackageFile>;
  /** In an order in which each comes after those it needs. @throws ImageError if one cannot be had. */
  obtainSet(set: PackageSet, progress: (message: string) => void): Promise<PackageFile[]>;
}

/** An unpacked package, as a recipe sees it. */
export interface UnpackedPackage {
  name: string;
  version: string;
  /** Host folder that stands for the package's `/`. */
  root: string;
}

/** One guest's ingredients and how they become its files. */
export interface Recipe {
  id: string;
  summary: string;
  packages: readonly PackageWanted[];
  /** Sets of packages to make systems of. */
  sets?: readonly PackageSet[];
  /** Code and data that decide the output, relative to `images/`; a change in them means building again. */
  sources: readonly string[];
  /** Makes the output files, by name; `packages` are in the order of the recipe's. */
  build(packages: readonly UnpackedPackage[], context: BuildContext): Promise<Map<string, Output>>;
}

/** What a recipe may use while it builds. */
export interface BuildContext {
  /** The package files of each of the recipe's sets. */
  sets: readonly (readonly PackageFile[])[];
  /** A folder of its own, which is gone afterwards. */
  workDir: string;
  progress(message: string): void;
}

/** The bytes of an output, or the file in the recipe's folder that becomes it. */
export type Output = Uint8Array | { path: string };

/** What was built from what; beside the outputs as `manifest.json`. */
export interface Manifest {
  recipe: string;
  /** Hash over the recipe's sources and local packages. */
  key: string;
  packages: { name: string; version: string; architecture: string; sha256: string }[];
  files: ManifestFile[];
}

export interface ManifestFile {
  name: string;
  sizeBytes: number;
  sha256: string;
  /** Time stamp with which the hash was last known to be right, so that a cached start need not read 20 MB. */
  modifiedMs: number;
}

/** A package that cannot be had, or one that does not hold what it should. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  constructor(
    message: string,
    /** The packages (or files) to fetch by hand. */
    readonly packages: readonly string[] = [],
  ) {
    super(message);
  }
}
