/**
 * A writer of cpio archives in the "newc" format, which the Linux kernel unpacks as its initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Own code instead of the `cpio` program because device nodes and root ownership then need neither root nor
 * fakeroot, and because the bytes are the same on every host: inode numbers count up, times are zero.
 * Not modelled: hard links and the checksum variant ("070702").
 */

/** What one archive member is; `path` has no leading slash, parents come before children. */
export type CpioEntry =
  | { type: "directory"; path: string; mode?: number }
  | { type: "file"; path: string; mode?: number; data: Uint8Array }
  | { type: "symlink"; path: string; target: string }
  | { type: "character" | "block"; path: string; mode?: number; major: number; minor: number };

/** File type bits of `st_mode`, and the permissions a member gets when it states none. */
const TYPES = {
  directory: { bits: 0o040000, permissions: 0o755 },
  file: { bits: 0o100000, permissions: 0o644 },
  symlink: { bits: 0o120000, permissions: 0o777 },
  character: { bits: 0o020000, permissions: 0o600 },
  block: { bits: 0o060000, permissions: 0o600 },
} as const;

const MAGIC = "070701";
const TRAILER = "TRAILER!!!";
const ALIGNMENT = 4;
/** Tape block size; `cpio` pads to it and some loaders expect that. */
const BLOCK = 512;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** The archive that holds `entries` in the given order, all owned by root. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [i, entry] of entries.entries()) {
    pushMember(parts, entry.path, fieldsOf(entry, i + 1), dataOf(entry));
  }
  pushMember(parts, TRAILER, { inode: 0, mode: 0, links: 1, major: 0, minor: 0 }, EMPTY);
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(padding(sizeBytes, BLOCK));
  return concat(parts);
}

interface HeaderFields {
  inode: number;
  mode: number;
  links: number;
  major: number;
  minor: number;
}

function fieldsOf(entry: CpioEntry, inode: number): HeaderFields {
  const { bits, permissions } = TYPES[entry.type];
  const mode = bits | (("mode" in entry && entry.mode) || permissions);
  const links = entry.type === "directory" ? 2 : 1;
  const isNode = entry.type === "character" || entry.type === "block";
  return { inode, mode, links, major: isNode ? entry.major : 0, minor: isNode ? entry.minor : 0 };
}

/** A symbolic link's target is stored as its data. */
function dataOf(entry: CpioEntry): Uint8Array {
  if (entry.type === "file") return entry.data;
  return entry.type === "symlink" ? encoder.encode(entry.target) : EMPTY;
}

/** Header, name and data; name (with header) and data are each padded to four bytes. */
function pushMember(parts: Uint8Array[], path: string, fields: HeaderFields, data: Uint8Array): void {
  if (path === "" || path.startsWith("/")) throw new Error(`cpio member path must be relative: "${path}"`);
  const name = encoder.encode(`${path}\0`);
  const header = encoder.encode(headerText(fields, name.length, data.length));
  parts.push(header, name, padding(header.length + name.length, ALIGNMENT), data, padding(data.length, ALIGNMENT));
}

/**
 * ```
 * magic ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
 *   6    8   8    8   8    8     8      8        8        8         8         8        8       8    = 110 characters
 * ```
 */
function headerText({ inode, mode, links, major, minor }: HeaderFields, nameSize: number, fileSize: number): string {
  const fields = [inode, mode, 0, 0, links, 0, fileSize, 0, 0, major, minor, nameSize, 0];
  return MAGIC + fields.map((value) => value.toString(16).toUpperCase().padStart(8, "0")).join("");
}

function padding(sizeBytes: number, alignment: number): Uint8Array {
  return new Uint8Array((alignment - (sizeBytes % alignment)) % alignment);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
