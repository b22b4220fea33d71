/**
 * Debian packages through the machine's own apt: its sources, keys and proxies, but a private state directory, so
 * that neither root nor a foreign architecture on the host is needed and nothing of the host's changes.
 */
import { existsSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AptRecord, parseAptRecord } from "./aptRecord.ts";
import { sha256OfFile } from "./hash.ts";
import { type RunResult, run } from "./run.ts";
import { ImageError, type PackageFile, type PackageSource, type PackageWanted } from "./types.ts";

/** Package lists are good for so long; a Debian archive changes four times a day. */
const LISTS_LIFETIME_MS = 6 * 3600 * 1000;

type Progress = (message: string) => void;

export class AptSource implements PackageSource {
  private readonly stateDir: string;
  private readonly downloadDir: string;
  private readonly configPath: string;
  /** When `update` last ran, successful or not, in this process. */
  private updated = false;

  /** @param folderForUser where an error message asks for packages to be put. */
  constructor(
    cacheDir: string,
    private readonly folderForUser: string,
    /** Look for newer packages even if the lists are fresh. */
    private readonly refresh = false,
  ) {
    this.stateDir = join(cacheDir, "apt");
    this.downloadDir = join(cacheDir, "debs");
    this.configPath = join(this.stateDir, "apt.conf");
  }

  /** What apt has already given stays good until someone asks for newer packages. */
  fingerprint(wanted: PackageWanted): string {
    return `apt ${wanted.name}:${wanted.architecture}`;
  }

  async obtain(wanted: PackageWanted, progress: Progress): Promise<PackageFile> {
    this.prepare();
    if (!this.updated && (this.refresh || !this.listsAreFresh())) await this.update(progress);
    try {
      return await this.findAndDownload(wanted, progress);
    } catch (error) {
      // Old lists may name a version that the archive no longer has.
      if (this.updated) throw error;
      await this.update(progress);
      return this.findAndDownload(wanted, progress);
    }
  }

  private async findAndDownload(wanted: PackageWanted, progress: Progress): Promise<PackageFile> {
    const record = await this.find(wanted);
    const path = join(this.downloadDir, fileNameOf(record));
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
    const result = await this.apt("apt-cache", ["show", "--no-all-versions", `${name}:${wanted.architecture}`]);
    const record = result.code === 0 ? parseAptRecord(result.stdout) : undefined;
    if (record) return record;
    throw this.unavailable(wanted, result.code === null ? "there is no apt here" : await this.whyUnknown(wanted));
  }

  /** A source may be restricted to the host's architecture (`[arch=amd64]`), which is worth saying. */
  private async whyUnknown({ architecture }: PackageWanted): Promise<string> {
    const format = ["indextargets", "--format", "$(ARCHITECTURE)", "Created-By: Packages"];
    const { stdout } = await this.apt("apt-get", format);
    if (stdout.split("\n").includes(architecture)) return "the apt sources of this machine do not have it";
    return `the apt sources of this machine are restricted to other architectures than ${architecture}`;
  }

  private async download(record: AptRecord, path: string, wanted: PackageWanted, progress: Progress): Promise<void> {
    const { name, architecture, version, sizeBytes } = record;
    progress(`downloading ${name} ${version} (${(sizeBytes / 1e6).toFixed(1)} MB)`);
    rmSync(path, { force: true });
    const qualified = architecture === "all" ? name : `${name}:${architecture}`;
    const result = await this.apt("apt-get", ["download", `${qualified}=${version}`], this.downloadDir);
    if (result.code !== 0) throw this.unavailable(wanted, `the download failed: ${lastLine(result.stderr)}`);
    if (!(await hasHash(path, record.sha256))) throw this.unavailable(wanted, "the downloaded file has a wrong hash");
  }

  /** One suite out of step with its index must not stop a build; what is missing then shows when it is looked for. */
  private async update(progress: Progress): Promise<void> {
    progress("updating package lists");
    this.updated = true;
    const result = await this.apt("apt-get", ["update"]);
    const failures = result.stderr.split("\n").filter((line) => /^[EW]: Failed to fetch/.test(line));
    for (const line of failures) progress(`warning: ${withoutAddress(line)}`);
    if (result.code === 0) touch(this.stampPath);
  }

  private get stampPath(): string {
    return join(this.stateDir, "updated");
  }

  private listsAreFresh(): boolean {
    return existsSync(this.stampPath) && Date.now() - statSync(this.stampPath).mtimeMs < LISTS_LIFETIME_MS;
  }

  private prepare(): void {
    const folders = ["state/lists/partial", "cache/archives/partial"].map((folder) => join(this.stateDir, folder));
    for (const folder of [...folders, this.downloadDir]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(this.stateDir, "status"), "");
    writeFileSync(this.configPath, this.config());
  }

  /**
   * Read after the machine's own configuration. The hooks that get cleared belong to the host's package state, and
   * the sandbox user could not write here.
   */
  private config(): string {
    const dir = this.stateDir;
    return `Dir::State "${dir}/state";
Dir::State::status "${dir}/status";
Dir::Cache "${dir}/cache";
APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures { "amd64"; "i386"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::Contents-deb;
`;
  }

  private apt(program: string, args: readonly string[], cwd = this.stateDir): Promise<RunResult> {
    return run(program, ["-c", this.configPath, ...args], { cwd, env: { ...process.env, LC_ALL: "C" } });
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

function touch(path: string): void {
  writeFileSync(path, "");
  utimesSync(path, new Date(), new Date());
}

function lastLine(text: string): string {
  return withoutAddress(text.trim().split("\n").at(-1) ?? "");
}

/** An archive's address may carry a password, which has no business in a log; nor has the number it resolved to. */
function withoutAddress(line: string): string {
  return line
    .replace(/\w+:\/\/[^\s/]+/g, "")
    .replace(/ \[IP: [^\]]*\]/, "")
    .trim();
}
