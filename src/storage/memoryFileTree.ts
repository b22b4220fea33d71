/** A tree of files in memory. */
import {
  type AttributeChanges,
  type DirectoryEntry,
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

export interface MemoryFileTreeOptions {
  /** Milliseconds since 1970 (default: the host's clock). */
  nowMs?: () => number;
  /** Contents of all files together (default 1 GiB): beyond that there is no space left. */
  capacityBytes?: number;
}

const NS_PER_MS = 1_000_000n;
const DEFAULT_CAPACITY = 2 ** 30;
const BLOCK_BYTES = 4096;
const PERMISSIONS = 0o7777;
const ROOT_MODE = FileType.Directory | 0o755;
const LINK_MODE = FileType.Symlink | 0o777;
/** A file's room grows by at least this factor, so that appending costs nothing on average. */
const GROWTH = 1.5;

interface Inode {
  readonly id: bigint;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  rdev: number;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** Regular files: room, of which the first `sizeBytes` are the contents. Symbolic links: the target. */
  data: Uint8Array;
  sizeBytes: number;
  /** Directories. */
  readonly children: Map<string, Inode> | undefined;
}

const EMPTY = new Uint8Array(0);

export class MemoryFileTree implements FileTree {
  private nextId = 1n;
  private usedBytes = 0;
  private fileCount = 0;
  private readonly root: Inode;
  private readonly nowMs: () => number;
  private readonly capacityBytes: number;

  constructor(options: MemoryFileTreeOptions = {}) {
    this.nowMs = options.nowMs ?? (() => Date.now());
    this.capacityBytes = options.capacityBytes ?? DEFAULT_CAPACITY;
    this.root = this.newInode(ROOT_MODE, { mode: 0, uid: 0, gid: 0 });
    this.root.links = 2;
  }

  stat(path: TreePath): FileStat {
    return statOf(this.find(path));
  }

  list(path: TreePath): DirectoryEntry[] {
    return [...this.findDirectory(path)].map(([name, { id, mode }]) => ({ name, id, mode }));
  }

  open(path: TreePath, mode: OpenMode): OpenFile {
    const inode = this.find(path);
    if (typeOf(inode) !== FileType.File) throw new FileTreeError(inode.children ? "EISDIR" : "EINVAL");
    if (mode.truncate) this.resize(inode, 0);
    return this.openInode(inode);
  }

  create(path: TreePath, _mode: OpenMode, file: NewFile): OpenFile {
    return this.openInode(this.add(path, FileType.File, file));
  }

  mkdir(path: TreePath, file: NewFile): void {
    this.add(path, FileType.Directory, file).links = 2;
    this.parentOf(path).links++;
  }

  mknod(path: TreePath, file: NewFile, rdev: number): void {
    const type = file.mode & FileType.Mask || FileType.File;
    if (type === FileType.Directory || type === FileType.Symlink) throw new FileTreeError("EINVAL");
    this.add(path, type, file).rdev = rdev;
  }

  symlink(path: TreePath, target: string, file: NewFile): void {
    const inode = this.add(path, FileType.Symlink, file);
    inode.mode = LINK_MODE;
    inode.data = new TextEncoder().encode(target);
    inode.sizeBytes = inode.data.length;
  }

  readlink(path: TreePath): string {
    const inode = this.find(path);
    if (typeOf(inode) !== FileType.Symlink) throw new FileTreeError("EINVAL");
    return new TextDecoder().decode(inode.data);
  }

  link(existing: TreePath, path: TreePath): void {
    const inode = this.find(existing);
    if (inode.children) throw new FileTreeError("EPERM");
    this.put(path, inode);
    inode.links++;
    inode.ctimeNs = this.now();
  }

  rename(from: TreePath, to: TreePath): void {
    const inode = this.find(from);
    if (from.every((name, index) => to[index] === name)) {
      if (from.length === to.length) return;
      throw new FileTreeError("EINVAL", "a directory cannot be moved into itself");
    }
    const target = this.findDirectory(to.slice(0, -1)).get(nameOf(to));
    if (target === inode) return;
    if (target) this.checkReplaceable(inode, target);
    if (target) this.drop(to, target);
    this.take(from);
    this.put(to, inode);
    if (inode.children) {
      this.parentOf(from).links--;
      this.parentOf(to).links++;
    }
    inode.ctimeNs = this.now();
  }

  remove(path: TreePath, directory: boolean): void {
    if (path.length === 0) throw new FileTreeError("EBUSY");
    const inode = this.find(path);
    if (directory && !inode.children) throw new FileTreeError("ENOTDIR");
    if (!directory && inode.children) throw new FileTreeError("EISDIR");
    if (inode.children?.size) throw new FileTreeError("ENOTEMPTY");
    this.drop(path, inode);
  }

  change(path: TreePath, changes: AttributeChanges): void {
    const inode = this.find(path);
    const { mode, uid, gid, sizeBytes, atimeNs, mtimeNs } = changes;
    if (sizeBytes !== undefined) {
      if (inode.children) throw new FileTreeError("EISDIR");
      this.resize(inode, sizeBytes);
    }
    if (mode !== undefined) inode.mode = (inode.mode & FileType.Mask) | (mode & PERMISSIONS);
    inode.uid = uid ?? inode.uid;
    inode.gid = gid ?? inode.gid;
    inode.ctimeNs = this.now();
    if (atimeNs !== undefined) inode.atimeNs = atimeNs === "now" ? inode.ctimeNs : atimeNs;
    if (mtimeNs !== undefined) inode.mtimeNs = mtimeNs === "now" ? inode.ctimeNs : mtimeNs;
  }

  size(): FileSystemSize {
    const free = Math.max(0, this.capacityBytes - this.usedBytes);
    return {
      blockBytes: BLOCK_BYTES,
      blocks: Math.floor(this.capacityBytes / BLOCK_BYTES),
      freeBlocks: Math.floor(free / BLOCK_BYTES),
      files: this.fileCount,
      freeFiles: 2 ** 20,
    };
  }

  // --- For the owner of the tree ---

  /** Puts a file there, with the directories that lead to it. `bytes` is used in place. */
  addFile(path: TreePath, bytes: Uint8Array, mode = 0o644): void {
    for (let depth = 1; depth < path.length; depth++) {
      const parent = path.slice(0, depth);
      if (!this.findDirectory(parent.slice(0, -1)).has(nameOf(parent)))
        this.mkdir(parent, { mode: 0o755, uid: 0, gid: 0 });
    }
    const inode = this.add(path, FileType.File, { mode, uid: 0, gid: 0 });
    inode.data = bytes;
    inode.sizeBytes = bytes.length;
    this.usedBytes += bytes.length;
  }

  /** A copy of a file's contents. */
  contents(path: TreePath): Uint8Array {
    const { data, sizeBytes } = this.find(path);
    return data.slice(0, sizeBytes);
  }

  private openInode(inode: Inode): OpenFile {
    return {
      read: (offset, target) => {
        const part = inode.data.subarray(offset, Math.min(inode.sizeBytes, offset + target.length));
        target.set(part);
        return part.length;
      },
      write: (offset, source) => {
        if (offset + source.length > inode.sizeBytes) this.resize(inode, offset + source.length);
        inode.data.set(source, offset);
        inode.mtimeNs = this.now();
        return source.length;
      },
      stat: () => statOf(inode),
      truncate: (sizeBytes) => this.resize(inode, sizeBytes),
      sync: () => {},
      close: () => {},
    };
  }

  private find(path: TreePath): Inode {
    let inode = this.root;
    for (const name of path) {
      if (!inode.children) throw new FileTreeError("ENOTDIR");
      const next = inode.children.get(name);
      if (!next) throw new FileTreeError("ENOENT");
      inode = next;
    }
    return inode;
  }

  private findDirectory(path: TreePath): Map<string, Inode> {
    const { children } = this.find(path);
    if (!children) throw new FileTreeError("ENOTDIR");
    return children;
  }

  private parentOf(path: TreePath): Inode {
    return this.find(path.slice(0, -1));
  }

  private add(path: TreePath, type: number, file: NewFile): Inode {
    if (path.length === 0 || this.findDirectory(path.slice(0, -1)).has(nameOf(path))) throw new FileTreeError("EEXIST");
    const inode = this.newInode(type | (file.mode & PERMISSIONS), file);
    this.put(path, inode);
    return inode;
  }

  private newInode(mode: number, { uid, gid }: NewFile): Inode {
    const now = this.now();
    const children = (mode & FileType.Mask) === FileType.Directory ? new Map<string, Inode>() : undefined;
    this.fileCount++;
    const times = { atimeNs: now, mtimeNs: now, ctimeNs: now };
    return { id: this.nextId++, mode, uid, gid, links: 1, rdev: 0, ...times, data: EMPTY, sizeBytes: 0, children };
  }

  private put(path: TreePath, inode: Inode): void {
    const directory = this.parentOf(path);
    if (!directory.children) throw new FileTreeError("ENOTDIR");
    if (path.length === 0 || directory.children.has(nameOf(path))) throw new FileTreeError("EEXIST");
    directory.children.set(nameOf(path), inode);
    directory.mtimeNs = this.now();
  }

  private take(path: TreePath): void {
    const directory = this.parentOf(path);
    directory.children?.delete(nameOf(path));
    directory.mtimeNs = this.now();
  }

  /** Takes a name away, and the file with its last one; whoever has it open keeps it. */
  private drop(path: TreePath, inode: Inode): void {
    this.take(path);
    inode.links--;
    if (inode.children) this.parentOf(path).links--;
    if (inode.links > 0 && !inode.children) return;
    this.fileCount--;
    this.usedBytes -= inode.sizeBytes;
  }

  private checkReplaceable(inode: Inode, target: Inode): void {
    if (target.children?.size) throw new FileTreeError("ENOTEMPTY");
    if (target.children && !inode.children) throw new FileTreeError("EISDIR");
    if (!target.children && inode.children) throw new FileTreeError("ENOTDIR");
  }

  private resize(inode: Inode, sizeBytes: number): void {
    const more = sizeBytes - inode.sizeBytes;
    if (more > 0 && this.usedBytes + more > this.capacityBytes) throw new FileTreeError("ENOSPC");
    if (sizeBytes > inode.data.length) {
      const grown = new Uint8Array(Math.max(sizeBytes, Math.ceil(inode.data.length * GROWTH)));
      grown.set(inode.data.subarray(0, inode.sizeBytes));
      inode.data = grown;
    } else if (more > 0) inode.data.fill(0, inode.sizeBytes, sizeBytes);
    else if (sizeBytes === 0) inode.data = EMPTY;
    this.usedBytes += more;
    inode.sizeBytes = sizeBytes;
    inode.mtimeNs = this.now();
  }

  private now(): bigint {
    return BigInt(Math.floor(this.nowMs())) * NS_PER_MS;
  }
}

function typeOf(inode: Inode): number {
  return inode.mode & FileType.Mask;
}

function nameOf(path: TreePath): string {
  return path[path.length - 1] ?? "";
}

function statOf(inode: Inode): FileStat {
  const { id, mode, uid, gid, links, sizeBytes, rdev, atimeNs, mtimeNs, ctimeNs } = inode;
  return { id, mode, uid, gid, links, sizeBytes, rdev, atimeNs, mtimeNs, ctimeNs };
}
