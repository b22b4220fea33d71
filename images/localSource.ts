/** Packages that someone has put into `images/debs/` by hand; they go before anything that apt offers. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseDebName } from "./deb.ts";
import { sha256OfFile } from "./hash.ts";
import type { PackageFile, PackageSet, PackageSource, PackageWanted } from "./types.ts";

/** The local folder first, then `next`. */
export class LocalSource implements PackageSource {
  constructor(
    private readonly folder: string,
    private readonly next: PackageSource,
  ) {}

  fingerprint(wanted: PackageWanted): string {
    const found = this.find(wanted);
    if (!found) return this.next.fingerprint(wanted);
    const { size, mtimeMs } = statSync(found.path);
    return `local ${found.path} ${size} ${mtimeMs}`;
  }

  async obtain(wanted: PackageWanted, progress: (message: string) => void): Promise<PackageFile> {
    const found = this.find(wanted);
    if (!found) return this.next.obtain(wanted, progress);
    progress(`using ${found.name} ${found.version} from the folder of local packages`);
    return { ...found, sha256: await sha256OfFile(found.path) };
  }

  /** What a set holds is for apt to say. */
  obtainSet(set: PackageSet, progress: (message: string) => void): Promise<PackageFile[]> {
    return this.next.obtainSet(set, progress);
  }

  /** Of several versions the one whose numbers are highest; Debian's full order (epochs, `~`) is not needed here. */
  private find(wanted: PackageWanted): Omit<PackageFile, "sha256"> | undefined {
    if (!existsSync(this.folder)) return undefined;
    const matches = readdirSync(this.folder).flatMap((fileName) => {
      const deb = parseDebName(fileName);
      return deb && satisfies(deb, wanted) ? [{ ...deb, path: join(this.folder, fileName) }] : [];
    });
    return matches.sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true })).at(-1);
  }
}

function satisfies(deb: { name: string; architecture: string }, wanted: PackageWanted): boolean {
  const nameFits = wanted.real ? wanted.real.test(deb.name) : deb.name === wanted.name;
  return nameFits && (deb.architecture === wanted.architecture || deb.architecture === "all");
}
