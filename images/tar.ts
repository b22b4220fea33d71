/**
 * A reader of tar archives as `dpkg-deb` makes them: POSIX ustar with GNU's long names (tar manual, "Basic Tar Format").
 * Own code instead of the `tar` program because the owners in the headers are wanted, which a user may not set on files.
 * Not modelled: sparse members, and extended headers other than for names (Debian's packages have none).
 */

export type TarType = "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";

export interface TarEntry {
  /** Without a leading "./" or "/", and without a trailing "/"; "" is the root. */
  path: string;
  type: TarType;
  /** Permissions with the set-user-ID, set-group-ID and sticky bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Of symbolic and hard links; a hard link's is a path as above. */
  target: string;
  data: Uint8Array;
}

const BLOCK_BYTES = 512;
const TYPES: Readonly<Record<string, TarType>> = {
  "0": "file",
  "\0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};
/** GNU: the data is the name, or the link's target, of the next member. */
const LONG_NAME = "L";
const LONG_TARGET = "K";
const PERMISSION_BITS = 0o7777;

/** The members in their order; throws for an archive that is cut short or has other kinds of members. */
export function* readTar(archive: Uint8Array): Generator<TarEntry> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  let [longName, longTarget] = ["", ""];
  for (let offset = 0; offset + BLOCK_BYTES <= bytes.length; ) {
    const header = bytes.subarray(offset, offset + BLOCK_BYTES);
    // Two blocks of zeros end an archive; one is enough to know.
    if (header[0] === 0) return;
    const sizeBytes = octal(header, 124, 12);
    const data = bytes.subarray(offset + BLOCK_BYTES, offset + BLOCK_BYTES + sizeBytes);
    if (data.length < sizeBytes) throw new Error("the tar archive is cut short");
    offset += BLOCK_BYTES + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
    const kind = String.fromCharCode(header[156] as number);
    if (kind === LONG_NAME) longName = text(data, 0, sizeBytes);
    else if (kind === LONG_TARGET) longTarget = text(data, 0, sizeBytes);
    else {
      yield entryOf(header, kind, data, longName || nameOf(header), longTarget || text(header, 157, 100));
      [longName, longTarget] = ["", ""];
    }
  }
}

function entryOf(header: Buffer, kind: string, data: Uint8Array, name: string, target: string): TarEntry {
  const type = TYPES[kind];
  if (type === undefined) throw new Error(`tar member ${name} is of the unknown type "${kind}"`);
  return {
    path: plainPath(name),
    type,
    mode: octal(header, 100, 8) & PERMISSION_BITS,
    uid: octal(header, 108, 8),
    gid: octal(header, 116, 8),
    target: type === "hardlink" ? plainPath(target) : target,
    data: type === "file" ? data : data.subarray(0, 0),
  };
}

function plainPath(name: string): string {
  return name.replace(/^\.?\/+|^\.$/, "").replace(/\/+$/, "");
}

/** A ustar header has the beginning of a long name in its prefix field. */
function nameOf(header: Buffer): string {
  const isUstar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? text(header, 345, 155) : "";
  return prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
}

function octal(header: Buffer, offset: number, length: number): number {
  return Number.parseInt(text(header, offset, length).trim() || "0", 8);
}

/** Up to the first zero byte. */
function text(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("utf8");
}
