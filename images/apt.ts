/** Debian packages through apt, one by one or with all that they depend on. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type AptRecord, parseAptRecord, parseAptRecords } from "./aptRecord.ts";
import { AptState, lastLine, type Progress } from "./aptState.ts";
import { sha256OfFile } from "./hash.ts";
import { ImageError, type PackageFile, type PackageSet, type PackageSource, type PackageWanted } from "./types.ts";

/** Of no package that is not asked for; and yes to everything. */
const INSTALL = ["install", "--no-install-recommends", "--assume-yes"];

export class AptSource implements PackageSource {
  private readonly state: AptState;

  /** @param folderForUser where an error message asks for packages to be put. */
  constructor(
    cacheDir: string,
    private readonly folderForUser: string,
    /** Look for newer packages even if the lists are fresh. */
    refresh = false,
  ) {
    this.state = new AptState(cacheDir, refresh);
  }

  /** What apt has already given stays good until someone asks for newer packages. */
  fingerprint(wanted: PackageWanted): string {
    return `apt ${wanted.name}:${wanted.architecture}`;
  }

  obtain(wanted: PackageWanted, progress: Progress): Promise<PackageFile> {
    return this.state.withLists(progress, () => this.findAndDownload(wanted, progress));
  }

  obtainSet(set: PackageSet, progress: Progress): Promise<PackageFile[]> {
    return this.state.withLists(progress, () => this.solveAndDownload(set, progress));
  }

  /** apt checks what it downloads by hash, goes on with what is there in part, and keeps what is whole. */
  private async solveAndDownload({ architecture, names }: PackageSet, progress: Progress): Promise<PackageFile[]> {
    const install = async (option: string): Promise<string> => {
      const args = ["-o", `Dir::Cache::archives=${this.state.downloadDir}`, option, ...INSTALL, ...names];
      const { code, stdout, stderr } = await this.state.run("apt-get", args, { architecture });
      if (code === 0) return stdout;
      const missing = /Unable to locate package (\S+)/.exec(stderr)?.[1];
      const why = code === null ? "there is no apt here" : lastLine(stderr);
      const packages = missing === undefined ? names : [missing];
      throw new ImageError(`packages for ${architecture} are not to be had: ${why}`, packages);
    };
    const wanted = parseSimulation(await install("--simulate"));
    const { stdout } = await this.state.run("apt-cache", ["show", ...wanted], { architecture });
    const records = wanted.map((one) => {
      const record = parseAptRecords(stdout).get(one);
      if (record) return record;
      throw new ImageError(`apt has no record of ${one}, which it would install`, [one]);
    });
    const megabytes = (records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6).toFixed(1);
    progress(`downloading ${records.length} packages (${megabytes} MB) as far as they are not there`);
    await install("--download-only");
    return Promise.all(records.map((record) => this.downloaded(record)));
  }

  private async downloaded(record: AptRecord): Promise<PackageFile> {
    const { name, version, architecture, sha256 } = record;
    const path = join(this.state.downloadDir, fileNameOf(record));
    if (await hasHash(path, sha256)) return { name, version, architecture, sha256, path };
    throw new ImageError(`the download of ${name} ${version} is missing or has a wrong hash`, [name]);
  }

  private async findAndDownload(wanted: PackageWanted, progress: Progress): Promise<PackageFile> {
    const record = await this.find(wanted);
    const path = join(this.state.downloadDir, fileNameOf(record));
    if (!(await hasHash(path, record.sha256))) await this.download(record, path, wanted, progress);
    const { name, version, architecture, sha256 } = record;
    return { name, version, architecture, sha256, path };
  }

  private async find(wanted: PackageWanted): Promise<AptRecord> {
    const record = await this.show(wanted.name, wanted);
    if (!wanted.real) return record;
    const real = record.depends.find((name) => wanted.real?.test(name));
    if (!real) throw this.unavailable(wanted, `${record.name} ${record.version} depends on no package like it used to`);
    return this.show(real, wanted);
  }

  private async show(name: string, wanted: PackageWanted): Promise<AptRecord> {
    const result = await this.state.run("apt-cache", ["show", "--no-all-versions", `${name}:${wanted.architecture}`]);
    const record = result.code === 0 ? parseAptRecord(result.stdout) : undefined;
    if (record) return record;
    throw this.unavailable(wanted, result.code === null ? "there is no apt here" : await this.whyUnknown(wanted));
  }

  /** A source may be restricted to the host's architecture (`[arch=amd64]`), which is worth saying. */
  private async whyUnknown({ architecture }: PackageWanted): Promise<string> {
    const format = ["indextargets", "--format", "$(ARCHITECTURE)", "Created-By: Packages"];
    const { stdout } = await this.state.run("apt-get", format);
    if (stdout.split("\n").includes(architecture)) return "the apt sources of this machine do not have it";
    return `the apt sources of this machine are restricted to other architectures than ${architecture}`;
  }

  private async download(record: AptRecord, path: string, wanted: PackageWanted, progress: Progress): Promise<void> {
    const { name, architecture, version, sizeBytes } = record;
    progress(`downloading ${name} ${version} (${(sizeBytes / 1e6).toFixed(1)} MB)`);
    rmSync(path, { force: true });
    const qualified = architecture === "all" ? name : `${name}:${architecture}`;
    const result = await this.state.run("apt-get", ["download", `${qualified}=${version}`], {
      cwd: this.state.downloadDir,
    });
    if (result.code !== 0) throw this.unavailable(wanted, `the download failed: ${lastLine(result.stderr)}`);
    if (!(await hasHash(path, record.sha256))) throw this.unavailable(wanted, "the downloaded file has a wrong hash");
  }

  private unavailable({ name, architecture, real }: PackageWanted, why: string): ImageError {
    const what = real ? `${name}:${architecture}, or rather of the package it depends on,` : `${name}:${architecture}`;
    const advice = `Download the .deb of ${what} from a Debian mirror into ${this.folderForUser} and try again.`;
    return new ImageError(`package ${name}:${architecture} is not to be had: ${why}. ${advice}`, [name]);
  }
}

/** As `apt-get download` names it. */
function fileNameOf({ name, version, architecture }: AptRecord): string {
  return `${name}_${version.replaceAll(":", "%3a")}_${architecture}.deb`;
}

async function hasHash(path: string, sha256: string): Promise<boolean> {
  return existsSync(path) && (await sha256OfFile(path)) === sha256;
}

/** What `apt-get --simulate` would install, as `name=version`, each after what it needs before it can be unpacked. */
export function parseSimulation(text: string): string[] {
  return [...text.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name}=${version}`);
}
