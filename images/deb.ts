/**
 * Package files: their names, and getting at what is in them (deb(5): an `ar` archive of `debian-binary`,
 * `control.tar.*` and `data.tar.*`).
 *
 * `dpkg-deb` unpacks where there is one; elsewhere the data member is cut out here and handed to `tar`.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, createReadStream, mkdirSync, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { readTar, type TarEntry } from "./tar.ts";
import { ImageError } from "./types.ts";

const AR_MAGIC = "!<arch>\n";
/** `ar` header: name 16, time 12, uid 6, gid 6, mode 8, size 10, end mark 2. */
const AR_HEADER_BYTES = 60;
const AR_SIZE_OFFSET = 48;
/** More than the largest package that is read whole. */
const LARGEST_TAR_BYTES = 2 ** 30;

export interface DebName {
  name: string;
  version: string;
  architecture: string;
}

/** What `apt-get download` puts into a file name, `name_version_architecture.deb`, or undefined for another name. */
export function parseDebName(fileName: string): DebName | undefined {
  const match = /^([^_]+)_([^_]+)_([^_]+)\.deb$/.exec(fileName);
  // apt writes the colon after an epoch as %3a.
  return match ? { name: match[1]!, version: decodeURIComponent(match[2]!), architecture: match[3]! } : undefined;
}

/** Unpacks a package, or one folder of it, into the folder `target`, which is created. */
export async function unpackDeb(path: string, target: string, folder?: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  const members = folder === undefined ? [] : [`./${folder}`];
  const errors: string[] = [];
  for (const unpack of [unpackWithDpkg, unpackWithTar]) {
    const error = await unpack(path, target, members).catch((reason: Error) => reason.message);
    if (error === undefined) return;
    errors.push(error);
  }
  throw new ImageError(`cannot unpack ${path}: ${errors.join("; ")}`);
}

async function unpackWithDpkg(path: string, target: string, members: string[]): Promise<undefined> {
  const dpkg = spawn("dpkg-deb", ["--fsys-tarfile", path], { stdio: ["ignore", "pipe", "ignore"] });
  const started = once(dpkg, "dpkg-deb");
  const tar = startTar(["-xf", "-"], target, members);
  await Promise.all([started, once(tar, "tar"), pipeline(dpkg.stdout, tar.stdin)]);
}

async function unpackWithTar(path: string, target: string, members: string[]): Promise<undefined> {
  const { name, offset, sizeBytes } = dataMember(path);
  const tar = startTar([...decompression(name), "-xf", "-"], target, members);
  const data = createReadStream(path, { start: offset, end: offset + sizeBytes - 1 });
  await Promise.all([once(tar, "tar"), pipeline(data, tar.stdin)]);
}

/** No owners: the host's user may not set them, and recipes read contents only. */
function startTar(args: string[], target: string, members: string[]) {
  return spawn("tar", [...args, "--no-same-owner", "-C", target, ...members], { stdio: ["pipe", "ignore", "ignore"] });
}

/** tar can tell the compression of a file, but not of a pipe. */
function decompression(memberName: string): string[] {
  if (memberName.endsWith(".xz")) return ["-J"];
  if (memberName.endsWith(".zst")) return ["--zstd"];
  return memberName.endsWith(".gz") ? ["-z"] : [];
}

function once(child: ReturnType<typeof spawn>, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${program} failed with status ${code}`))));
  });
}

export interface ArMember {
  name: string;
  offset: number;
  sizeBytes: number;
}

/** Where `data.tar*` lies in a package. Members start at even offsets. */
export function dataMember(path: string): ArMember {
  const file = openSync(path, "r");
  try {
    if (readText(file, 0, AR_MAGIC.length) !== AR_MAGIC) throw new ImageError(`${path} is not a Debian package`);
    for (let offset = AR_MAGIC.length; ; ) {
      const header = readText(file, offset, AR_HEADER_BYTES);
      if (header.length < AR_HEADER_BYTES) throw new ImageError(`${path} holds no data.tar`);
      const name = header.slice(0, 16).trim().replace(/\/$/, "");
      const sizeBytes = Number(header.slice(AR_SIZE_OFFSET, AR_SIZE_OFFSET + 10));
      offset += AR_HEADER_BYTES;
      if (name.startsWith("data.tar")) return { name, offset, sizeBytes };
      offset += sizeBytes + (sizeBytes % 2);
    }
  } finally {
    closeSync(file);
  }
}

function readText(file: number, offset: number, sizeBytes: number): string {
  const buffer = Buffer.alloc(sizeBytes);
  return buffer.toString("latin1", 0, readSync(file, buffer, 0, sizeBytes, offset));
}

/** What a package puts into the file system. */
export function readDataMembers(path: string): Iterable<TarEntry> {
  return readMembers(path, "--fsys-tarfile");
}

/** What a package tells dpkg: the fields of `control`, and the scripts. */
export function readControlMembers(path: string): Iterable<TarEntry> {
  return readMembers(path, "--ctrl-tarfile");
}

function readMembers(path: string, option: string): Iterable<TarEntry> {
  const { status, stdout, error } = spawnSync("dpkg-deb", [option, path], { maxBuffer: LARGEST_TAR_BYTES });
  if (status === 0) return readTar(stdout);
  throw new ImageError(`cannot unpack ${path}: dpkg-deb ${error?.message ?? `failed with status ${status}`}`);
}
