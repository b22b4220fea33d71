/**
 * The machine's own apt with a private state directory: its sources, keys and proxies count, but neither root nor a foreign
 * architecture on the host is needed, and nothing of the host's changes. No package is installed there.
 */
import { existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { type RunResult, run } from "./run.ts";
import type { Architecture } from "./types.ts";

/** Package lists are good for so long; a Debian archive changes four times a day. */
const LISTS_LIFETIME_MS = 6 * 3600 * 1000;
const ARCHITECTURES: readonly Architecture[] = ["amd64", "i386"];

export type Progress = (message: string) => void;

export interface AptOptions {
  cwd?: string;
  /** Solve for a machine of this architecture alone; without it packages of both are known, as on an amd64 machine. */
  architecture?: Architecture;
}

export class AptState {
  readonly downloadDir: string;
  private readonly dir: string;
  /** When lists were last fetched, successfully or not, in this process. */
  private updated = false;

  constructor(
    cacheDir: string,
    /** Look for newer packages even if the lists are fresh. */
    private readonly refresh = false,
  ) {
    this.dir = join(cacheDir, "apt");
    this.downloadDir = join(cacheDir, "debs");
  }

  /**
   * Has `work` done with fresh lists; if it fails with older ones, which may name what the archive no longer has, once more with new
   * ones. Recipes and processes take turns: apt allows only one at a time to fetch anything.
   */
  withLists<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
    const onWait = () => progress("waiting for other downloads to end");
    return withLock(`${this.dir}.lock`, onWait, () => this.withListsLocked(progress, work));
  }

  private async withListsLocked<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
    this.prepare();
    if (!this.updated && (this.refresh || !this.listsAreFresh())) await this.update(progress);
    try {
      return await work();
    } catch (error) {
      if (this.updated) throw error;
      await this.update(progress);
      return work();
    }
  }

  run(program: "apt-get" | "apt-cache", args: readonly string[], options: AptOptions = {}): Promise<RunResult> {
    const { cwd = this.dir, architecture } = options;
    const config = this.configPath(architecture === undefined ? ARCHITECTURES : [architecture]);
    return run(program, ["-c", config, ...args], { cwd, env: { ...process.env, LC_ALL: "C" } });
  }

  private prepare(): void {
    const folders = ["state/lists/partial", "cache/archives/partial"].map((folder) => join(this.dir, folder));
    for (const folder of [...folders, join(this.downloadDir, "partial")]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(this.dir, "status"), "");
    for (const architectures of [ARCHITECTURES, ...ARCHITECTURES.map((one) => [one])]) {
      writeFileSync(this.configPath(architectures), this.config(architectures));
    }
  }

  private configPath(architectures: readonly Architecture[]): string {
    return join(this.dir, architectures.length === 1 ? `apt-${architectures[0]}.conf` : "apt.conf");
  }

  /**
   * Read after the machine's own configuration. The hooks that get cleared belong to the host's package state, and
   * the sandbox user could not write here. Without a cache of the lists, which images of containers switch off, each question takes
   * seconds; it differs by architecture.
   */
  private config(architectures: readonly Architecture[]): string {
    const { dir } = this;
    return `Dir::State "${dir}/state";
Dir::State::status "${dir}/status";
Dir::Cache "${dir}/cache";
Dir::Cache::pkgcache "pkgcache-${architectures.join("-")}.bin";
Dir::Cache::srcpkgcache "";
APT::Architecture "${architectures[0]}";
#clear APT::Architectures;
APT::Architectures { ${architectures.map((one) => `"${one}";`).join(" ")} };
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

  /** One suite out of step with its index must not stop a build; what is missing then shows when it is looked for. */
  private async update(progress: Progress): Promise<void> {
    progress("updating package lists");
    this.updated = true;
    const result = await this.run("apt-get", ["update"]);
    const failures = result.stderr.split("\n").filter((line) => /^[EW]: Failed to fetch/.test(line));
    for (const line of failures) progress(`warning: ${withoutAddress(line)}`);
    if (result.code === 0) touch(this.stampPath);
  }

  private get stampPath(): string {
    return join(this.dir, "updated");
  }

  private listsAreFresh(): boolean {
    return existsSync(this.stampPath) && Date.now() - statSync(this.stampPath).mtimeMs < LISTS_LIFETIME_MS;
  }
}

function touch(path: string): void {
  writeFileSync(path, "");
  utimesSync(path, new Date(), new Date());
}

/** What apt gave as its reason. */
export function lastLine(text: string): string {
  return withoutAddress(text.trim().split("\n").at(-1) ?? "");
}

/** An archive's address may carry a password, which has no business in a log; nor has the number it resolved to. */
function withoutAddress(line: string): string {
  return line
    .replace(/\w+:\/\/[^\s/]+/g, "")
    .replace(/ \[IP: [^\]]*\]/, "")
    .trim();
}
