/**
 * A Debian root file system as packages make it when they are unpacked and not yet configured: files, and dpkg's database
 * (dpkg's `doc/spec`, deb-triggers(5)). Put together on the host, where neither root is needed nor anything of the packages is
 * run; what has to run is left to the guest ({@link secondStage}).
 */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readControlMembers, readDataMembers } from "./deb.ts";
import type { TarEntry } from "./tar.ts";
import { ImageError, type PackageFile } from "./types.ts";

/** Who owns a file, and its permissions with the bits that a user may not set. */
export interface Ownership {
  uid: number;
  gid: number;
  mode: number;
}

/** Top-level folders that are links into /usr since Debian 12. */
const MERGED_FOLDERS = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
const DPKG = "var/lib/dpkg";
/** Texts that no test and hardly a person reads in such a guest; copyright notices stay. */
const EXCLUDED = /^usr\/share\/(doc|man|info|locale|lintian|bug)\/./;
const INCLUDED = /^usr\/share\/(doc\/[^/]+\/copyright$|locale\/locale\.alias$)/;
/** The same for dpkg in the guest. */
const EXCLUDE_RULES = `path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/bug/*
`;
/** The host's user has to be able to read what goes into the image, and to write into folders. */
const HOST_FILE_BITS = 0o600;
const HOST_FOLDER_BITS = 0o700;
const PERMISSION_BITS = 0o777;

export class DebianTree {
  /** By path without a leading slash; what is not in it belongs to root. */
  readonly owners = new Map<string, Ownership>();
  /** As dpkg's files are called, in the order of unpacking. */
  readonly packages: string[] = [];
  private readonly status: string[] = [];
  private readonly triggers = new Map<string, string[]>();

  constructor(readonly root: string) {
    mkdirSync(root, { recursive: true });
    for (const folder of MERGED_FOLDERS) {
      this.addFolder(`usr/${folder}`);
      symlinkSync(`usr/${folder}`, join(root, folder));
    }
    for (const folder of ["info", "parts", "triggers", "updates", "alternatives"]) this.addFolder(`${DPKG}/${folder}`);
    this.addFile(`${DPKG}/info/format`, "1\n");
    this.addFile(`${DPKG}/available`, "");
    this.addFile("etc/dpkg/dpkg.cfg.d/without-documentation", EXCLUDE_RULES);
  }

  /** Unpacks a package, and enters it into the database as that. */
  async addPackage(file: PackageFile): Promise<void> {
    const paths = ["/."];
    for (const entry of readDataMembers(file.path)) {
      if (entry.path === "") continue;
      paths.push(`/${entry.path}`);
      this.addEntry(entry);
    }
    const control = new Map([...readControlMembers(file.path)].map((entry) => [entry.path, entry]));
    this.enter(file, control, paths);
  }

  addFolder(path: string, mode = 0o755): void {
    const full = this.locate(path);
    mkdirSync(full, { recursive: true });
    chmodSync(full, (mode & PERMISSION_BITS) | HOST_FOLDER_BITS);
  }

  addFile(path: string, data: Uint8Array | string, mode = 0o644): void {
    const full = this.locate(path);
    mkdirSync(dirname(full), { recursive: true });
    // A file may stand there that is a link to another one.
    rmSync(full, { force: true });
    writeFileSync(full, data);
    chmodSync(full, (mode & PERMISSION_BITS) | HOST_FILE_BITS);
  }

  addLink(path: string, target: string): void {
    const full = this.locate(path);
    mkdirSync(dirname(full), { recursive: true });
    rmSync(full, { force: true });
    symlinkSync(target, full);
  }

  /** Writes what is known of the packages together. Nothing is added after that. */
  finish(): void {
    this.addFile(`${DPKG}/status`, this.status.join("\n"));
    const lines = (isFile: boolean) => [...this.triggers].filter(([name]) => name.startsWith("/") === isFile);
    const files = lines(true).flatMap(([name, packages]) => packages.map((one) => `${name} ${one}\n`));
    this.addFile(`${DPKG}/triggers/File`, files.join(""));
    for (const [name, packages] of lines(false)) this.addFile(`${DPKG}/triggers/${name}`, `${packages.join("\n")}\n`);
  }

  private addEntry({ path, type, mode, uid, gid, target, data }: TarEntry): void {
    if (EXCLUDED.test(path) && !INCLUDED.test(path)) return;
    // A link in the tree, not a folder.
    if (MERGED_FOLDERS.includes(path)) return;
    if (type === "directory") this.addFolder(path, mode);
    else if (type === "file") this.addFile(path, data, mode);
    else if (type === "symlink") this.addLink(path, target);
    else if (type === "hardlink") this.addHardLink(path, target);
    else throw new ImageError(`/${path} is a ${type} file, which cannot be made without root`);
    if (uid !== 0 || gid !== 0 || (mode & ~PERMISSION_BITS) !== 0)
      this.owners.set(this.merged(path), { uid, gid, mode });
  }

  private addHardLink(path: string, target: string): void {
    const full = this.locate(path);
    if (existsSync(full)) rmSync(full);
    linkSync(this.locate(target), full);
  }

  private enter(file: PackageFile, control: ReadonlyMap<string, TarEntry>, paths: readonly string[]): void {
    const text = (name: string) => Buffer.from(control.get(name)?.data ?? []).toString("utf8");
    const fields = text("control").trimEnd();
    const isMultiple = /^Multi-Arch: *same$/im.test(fields);
    const name = isMultiple ? `${file.name}:${/^Architecture: *(\S+)$/im.exec(fields)?.[1]}` : file.name;
    this.packages.push(name);
    for (const [member, { type, data, mode }] of control) {
      if (type === "file" && member !== "control") this.addFile(`${DPKG}/info/${name}.${member}`, data, mode);
    }
    this.addFile(`${DPKG}/info/${name}.list`, `${paths.join("\n")}\n`);
    this.status.push(
      `${fields.replace(/\n/, "\nStatus: install ok unpacked\n")}${this.conffiles(text("conffiles"))}\n`,
    );
    this.enterTriggers(name, text("triggers"));
  }

  /** With their hashes, so that dpkg can tell whether someone has changed them. */
  private conffiles(text: string): string {
    const paths = text.split("\n").filter((line) => line.startsWith("/") && existsSync(this.locate(line.slice(1))));
    if (paths.length === 0) return "";
    return `\nConffiles:${paths.map((path) => `\n ${path} ${this.md5(path.slice(1))}`).join("")}`;
  }

  private md5(path: string): string {
    return createHash("md5")
      .update(readFileSync(this.locate(path)))
      .digest("hex");
  }

  private enterTriggers(name: string, text: string): void {
    for (const [, noAwait, trigger] of text.matchAll(/^\s*interest(-noawait)?(?:-await)?\s+(\S+)/gm)) {
      const known = this.triggers.get(trigger as string) ?? [];
      this.triggers.set(trigger as string, [...known, noAwait ? `${name}/noawait` : name]);
    }
  }

  private locate(path: string): string {
    return join(this.root, this.merged(path));
  }

  private merged(path: string): string {
    return MERGED_FOLDERS.includes(path.split("/", 1)[0] as string) ? `usr/${path}` : path;
  }
}
