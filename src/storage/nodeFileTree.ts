/**
 * A folder of the host, in Node. Nothing outside of it can be reached: names are single components, every directory on the way is looked
 * at and must be one (never a symbolic link, which are the guest's to follow within its own tree), and files are opened without following.
 * What only root may do on the host (owners, device nodes) is ignored or refused where the process is not root.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import {
  type AttributeChanges,
  type DirectoryEntry,
  Errno,
  type ErrnoName,
  type FileStat,
  type FileSystemSize,
  type FileTree,
  FileTreeError,
  FileType,
  type NewFile,
  type OpenFile,
  type OpenMode,
  type TreePath,
} from "../bus/fileTree.ts";

export interface NodeFileTreeOptions {
  readOnly?: boolean;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;
const PERMISSIONS = 0o7777;
const NS_PER_SECOND = 1e9;

export class NodeFileTree implements FileTree {
  private readonly root: string;
  private readonly readOnly: boolean;

  /** Throws an Error where `folder` is no directory that can be read. */
  constructor(folder: string, options: NodeFileTreeOptions = {}) {
    this.root = fs.realpathSync(folder);
    this.readOnly = options.readOnly ?? false;
    fs.readdirSync(this.root);
  }

  stat(path: TreePath): FileStat {
    return guard(() => statOf(fs.lstatSync(this.resolve(path), { bigint: true })));
  }

  list(path: TreePath): DirectoryEntry[] {
    return guard(() => {
      const folder = this.resolve(path);
      this.checkDirectory(folder);
      return fs.readdirSync(folder).flatMap((name) => {
        // It may be gone by now.
        const stat = fs.lstatSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
        return stat ? [{ name, id: stat.ino, mode: Number(stat.mode) }] : [];
      });
    });
  }

  open(path: TreePath, mode: OpenMode): OpenFile {
    return guard(() => {
      if (mode.write || mode.truncate) this.checkWritable();
      return this.openHost(this.resolve(path), accessOf(mode) | (mode.truncate ? O_TRUNC : 0));
    });
  }

  create(path: TreePath, mode: OpenMode, file: NewFile): OpenFile {
    return guard(() => {
      this.checkWritable();
      const host = this.resolve(path);
      const opened = this.openHost(host, accessOf(mode) | O_CREAT | O_EXCL, file.mode & PERMISSIONS);
      this.settle(host, file);
      return opened;
    });
  }

  mkdir(path: TreePath, file: NewFile): void {
    guard(() => {
      this.checkWritable();
      const host = this.resolve(path);
      fs.mkdirSync(host, { mode: file.mode & PERMISSIONS });
      this.settle(host, file);
    });
  }

  /** Node can make regular files only. */
  mknod(path: TreePath, file: NewFile): void {
    const type = file.mode & FileType.Mask;
    if (type !== 0 && type !== FileType.File) throw new FileTreeError("EPERM");
    this.create(path, { read: false, write: true, truncate: false, append: false }, file).close();
  }

  symlink(path: TreePath, target: string, file: NewFile): void {
    guard(() => {
      this.checkWritable();
      const host = this.resolve(path);
      fs.symlinkSync(target, host);
      this.own(host, file);
    });
  }

  readlink(path: TreePath): string {
    return guard(() => fs.readlinkSync(this.resolve(path)));
  }

  link(existing: TreePath, path: TreePath): void {
    guard(() => {
      this.checkWritable();
      fs.linkSync(this.resolve(existing), this.resolve(path));
    });
  }

  rename(from: TreePath, to: TreePath): void {
    guard(() => {
      this.checkWritable();
      fs.renameSync(this.resolve(from), this.resolve(to));
    });
  }

  remove(path: TreePath, directory: boolean): void {
    guard(() => {
      this.checkWritable();
      if (path.length === 0) throw new FileTreeError("EBUSY");
      if (directory) fs.rmdirSync(this.resolve(path));
      else fs.unlinkSync(this.resolve(path));
    });
  }

  change(path: TreePath, changes: AttributeChanges): void {
    guard(() => {
      this.checkWritable();
      const host = this.resolve(path);
      const { mode, uid, gid, sizeBytes, atimeNs, mtimeNs } = changes;
      const isLink = fs.lstatSync(host).isSymbolicLink();
      if (sizeBytes !== undefined) this.truncate(host, sizeBytes);
      if (uid !== undefined || gid !== undefined) this.own(host, { uid: uid ?? -1, gid: gid ?? -1 });
      // A link's own permissions mean nothing, and these calls would follow it.
      if (mode !== undefined && !isLink) fs.chmodSync(host, mode & PERMISSIONS);
      if (atimeNs !== undefined || mtimeNs !== undefined) setTimes(host, atimeNs, mtimeNs);
    });
  }

  size(): FileSystemSize {
    return guard(() => {
      const { bsize, blocks, bavail, files, ffree } = fs.statfsSync(this.root);
      return { blockBytes: bsize, blocks, freeBlocks: bavail, files, freeFiles: ffree };
    });
  }

  /** The host's path, all directories on the way checked. */
  private resolve(path: TreePath): string {
    let host = this.root;
    for (const [index, name] of path.entries()) {
      if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) throw new FileTreeError("EINVAL");
      if (index > 0) this.checkDirectory(host);
      host = join(host, name);
    }
    return host;
  }

  private checkDirectory(host: string): void {
    const stat = fs.lstatSync(host);
    if (stat.isSymbolicLink()) throw new FileTreeError("ELOOP");
    if (!stat.isDirectory()) throw new FileTreeError("ENOTDIR");
  }

  private checkWritable(): void {
    if (this.readOnly) throw new FileTreeError("EROFS");
  }

  private truncate(host: string, sizeBytes: number): void {
    const file = this.openHost(host, O_WRONLY);
    try {
      file.truncate(sizeBytes);
    } finally {
      file.close();
    }
  }

  /** A FIFO must not block, and the host's devices are not the guest's. */
  private openHost(host: string, flags: number, permissions?: number): OpenFile {
    if ((flags & O_CREAT) === 0) checkFile(fs.lstatSync(host));
    const descriptor = fs.openSync(host, flags | O_NOFOLLOW | O_NONBLOCK, permissions);
    try {
      checkFile(fs.fstatSync(descriptor));
    } catch (error) {
      fs.closeSync(descriptor);
      throw error;
    }
    return openFile(descriptor);
  }

  /** The host's umask has no say in what the guest asked for. */
  private settle(host: string, file: NewFile): void {
    fs.chmodSync(host, file.mode & PERMISSIONS);
    this.own(host, file);
  }

  private own(host: string, { uid, gid }: Pick<NewFile, "uid" | "gid">): void {
    try {
      fs.lchownSync(host, uid, gid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    }
  }
}

function checkFile(stat: fs.Stats): void {
  if (stat.isSymbolicLink()) throw new FileTreeError("ELOOP");
  if (!stat.isFile()) throw new FileTreeError(stat.isDirectory() ? "EISDIR" : "EACCES");
}

function openFile(descriptor: number): OpenFile {
  return {
    read: (offset, target) => guard(() => fs.readSync(descriptor, target, 0, target.length, offset)),
    write: (offset, source) => guard(() => fs.writeSync(descriptor, source, 0, source.length, offset)),
    stat: () => guard(() => statOf(fs.fstatSync(descriptor, { bigint: true }))),
    truncate: (sizeBytes) => guard(() => fs.ftruncateSync(descriptor, sizeBytes)),
    sync: () => guard(() => fs.fsyncSync(descriptor)),
    close: () => guard(() => fs.closeSync(descriptor)),
  };
}

/** Appending is done by offsets: the guest knows where its file ends. */
function accessOf({ read, write }: OpenMode): number {
  if (read && write) return O_RDWR;
  return write ? O_WRONLY : O_RDONLY;
}

function setTimes(host: string, atimeNs: bigint | "now" | undefined, mtimeNs: bigint | "now" | undefined): void {
  const before = fs.lstatSync(host, { bigint: true });
  const seconds = (wanted: bigint | "now" | undefined, kept: bigint) =>
    wanted === "now" ? Date.now() / 1000 : Number(wanted ?? kept) / NS_PER_SECOND;
  fs.lutimesSync(host, seconds(atimeNs, before.atimeNs), seconds(mtimeNs, before.mtimeNs));
}

function statOf(stat: fs.BigIntStats): FileStat {
  return {
    id: stat.ino,
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    links: Number(stat.nlink),
    sizeBytes: Number(stat.size),
    rdev: Number(stat.rdev),
    atimeNs: stat.atimeNs,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
  };
}

/** The host's errors become the guest's. */
function guard<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileTreeError) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new FileTreeError(code in Errno ? (code as ErrnoName) : "EIO", message);
  }
}
