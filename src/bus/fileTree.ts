/** A tree of files that a guest is given: in memory, a folder of the host, a folder that a browser's user has chosen. */
import type { MaybePromise } from "../util/maybePromise.ts";

/** Names from the root down, none of them empty, "." or "..", or with a slash or zero byte in it. The root is []. */
export type TreePath = readonly string[];

/** Linux error numbers, by name. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EMLINK: 31,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EOPNOTSUPP: 95,
} as const;
export type ErrnoName = keyof typeof Errno;

/** An operation failed; the guest's program sees the error. */
export class FileTreeError extends Error {
  constructor(
    readonly code: ErrnoName,
    message: string = code,
  ) {
    super(message);
    this.name = "FileTreeError";
  }

  get errno(): number {
    return Errno[this.code];
  }
}

/** File type bits of `mode`. */
export const FileType = {
  Mask: 0o170000,
  Socket: 0o140000,
  Symlink: 0o120000,
  File: 0o100000,
  Block: 0o060000,
  Directory: 0o040000,
  Character: 0o020000,
  Fifo: 0o010000,
} as const;

export interface FileStat {
  /** The inode number: the same file has the same, whatever its name. */
  id: bigint;
  /** Type and permissions. */
  mode: number;
  uid: number;
  gid: number;
  links: number;
  sizeBytes: number;
  /** Linux's encoding, for devices. */
  rdev: number;
  /** Nanoseconds since 1970. */
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export interface DirectoryEntry {
  name: string;
  id: bigint;
  mode: number;
}

/** What is to change; times are nanoseconds since 1970, or the host's present. */
export interface AttributeChanges {
  mode?: number;
  uid?: number;
  gid?: number;
  sizeBytes?: number;
  atimeNs?: bigint | "now";
  mtimeNs?: bigint | "now";
}

export interface OpenMode {
  read: boolean;
  write: boolean;
  truncate: boolean;
  append: boolean;
}

/** What a new file has. */
export interface NewFile {
  /** Permissions; for device nodes the type too. */
  mode: number;
  uid: number;
  gid: number;
}

export interface FileSystemSize {
  blockBytes: number;
  blocks: number;
  freeBlocks: number;
  files: number;
  freeFiles: number;
}

/** A regular file that is open. It may have been renamed or removed since. */
export interface OpenFile {
  /** Fills `target` from `offset` on as far as there is data; returns how many bytes there were. */
  read(offset: number, target: Uint8Array): MaybePromise<number>;
  /** Returns how many bytes were written. */
  write(offset: number, source: Uint8Array): MaybePromise<number>;
  stat(): MaybePromise<FileStat>;
  truncate(sizeBytes: number): MaybePromise<void>;
  /** Done when everything written is on the medium. */
  sync(): MaybePromise<void>;
  close(): MaybePromise<void>;
}

/** Failures are thrown or rejected as FileTreeErrors. Symbolic links are never followed: they are the guest's to follow. */
export interface FileTree {
  stat(path: TreePath): MaybePromise<FileStat>;
  /** Without "." and "..", in any order. */
  list(path: TreePath): MaybePromise<DirectoryEntry[]>;
  open(path: TreePath, mode: OpenMode): MaybePromise<OpenFile>;
  /** Makes a regular file, unless there is something of that name, and opens it. */
  create(path: TreePath, mode: OpenMode, file: NewFile): MaybePromise<OpenFile>;
  mkdir(path: TreePath, file: NewFile): MaybePromise<void>;
  /** Makes a device node, FIFO, socket or file. */
  mknod(path: TreePath, file: NewFile, rdev: number): MaybePromise<void>;
  symlink(path: TreePath, target: string, file: NewFile): MaybePromise<void>;
  readlink(path: TreePath): MaybePromise<string>;
  /** Another name for a file that is no directory. */
  link(existing: TreePath, path: TreePath): MaybePromise<void>;
  /** Takes the place of what is at `to`, as rename(2) does. */
  rename(from: TreePath, to: TreePath): MaybePromise<void>;
  /** Removes an empty directory, or something else. */
  remove(path: TreePath, directory: boolean): MaybePromise<void>;
  change(path: TreePath, changes: AttributeChanges): MaybePromise<void>;
  size(): MaybePromise<FileSystemSize>;
}
