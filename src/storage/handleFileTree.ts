/**
 * A folder that a browser's user has chosen, or one of the origin's private file system. Documents: File System Standard (WHATWG) and
 * File System Access (WICG). Such folders know neither owners, permissions nor links: everything belongs to root and can be run, changes
 * of owners, permissions and times are ignored, links and device nodes refused.
 */
import {
  type AttributeChanges,
  type DirectoryEntry,
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
import { HandleFile } from "./handleFile.ts";

type Folder = FileSystemDirectoryHandle;
type Entry = FileSystemFileHandle | Folder;

export interface HandleFileTreeOptions {
  readOnly?: boolean;
}

const NS_PER_MS = 1_000_000n;
const PERMISSIONS = 0o755;
const READ_ONLY_PERMISSIONS = 0o555;
/** The browser does not tell how much room there is: 4 TiB. */
const SIZE: FileSystemSize = {
  blockBytes: 4096,
  ...{ blocks: 2 ** 30, freeBlocks: 2 ** 30 },
  ...{ files: 2 ** 30, freeFiles: 2 ** 30 },
};

/** By the names of DOMExceptions. */
const ERRORS: Readonly<Record<string, ErrnoName>> = {
  NotFoundError: "ENOENT",
  NotAllowedError: "EACCES",
  SecurityError: "EACCES",
  NoModificationAllowedError: "EBUSY",
  InvalidModificationError: "ENOTEMPTY",
  QuotaExceededError: "ENOSPC",
  TypeMismatchError: "ENOTDIR",
  // A name that the host does not take.
  TypeError: "EINVAL",
};

export class HandleFileTree implements FileTree {
  private readonly readOnly: boolean;
  /** By path; numbers are given when something is first seen. */
  private readonly ids = new Map<string, bigint>();
  private nextId = 1n;
  /** Files that are open, by path. */
  private readonly files = new Map<string, HandleFile>();
  /** The folders' times are not told: this is when it was shared. */
  private readonly sharedNs = BigInt(Date.now()) * NS_PER_MS;
  /** Operations take turns: each may consist of several steps. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly root: Folder,
    options: HandleFileTreeOptions = {},
  ) {
    this.readOnly = options.readOnly ?? false;
  }

  stat(path: TreePath): Promise<FileStat> {
    return this.queue(async () => {
      const entry = await this.find(path);
      return entry.kind === "directory" ? this.directoryStat(path) : this.fileStat(path, entry);
    });
  }

  list(path: TreePath): Promise<DirectoryEntry[]> {
    return this.queue(async () => {
      const entries: DirectoryEntry[] = [];
      for await (const [name, { kind }] of (await this.folder(path)).entries())
        entries.push({ name, id: this.idOf([...path, name]), mode: this.modeOf(kind) });
      return entries;
    });
  }

  open(path: TreePath, mode: OpenMode): Promise<OpenFile> {
    return this.queue(async () => {
      if (mode.write || mode.truncate) this.checkWritable();
      const entry = await this.find(path);
      if (entry.kind === "directory") throw new FileTreeError("EISDIR");
      const file = this.openHandle(path, entry);
      if (mode.truncate) await file.truncate(0);
      return this.openFile(file);
    });
  }

  create(path: TreePath): Promise<OpenFile> {
    return this.queue(async () => this.openFile(this.openHandle(path, await this.make(path))));
  }

  mkdir(path: TreePath): Promise<void> {
    return this.queue(async () => {
      const { folder, name } = await this.placeForNew(path);
      await folder.getDirectoryHandle(name, { create: true });
    });
  }

  mknod(path: TreePath, { mode }: NewFile): Promise<void> {
    return this.queue(async () => {
      const type = mode & FileType.Mask;
      if (type !== 0 && type !== FileType.File) throw new FileTreeError("EPERM");
      await this.make(path);
    });
  }

  symlink(): never {
    throw new FileTreeError("EPERM");
  }

  readlink(): never {
    throw new FileTreeError("EINVAL");
  }

  link(): never {
    throw new FileTreeError("EPERM");
  }

  /** Copies and removes: the browser has no other way for folders. */
  rename(from: TreePath, to: TreePath): Promise<void> {
    return this.queue(async () => {
      this.checkWritable();
      const [fromKey, toKey] = [keyOf(from), keyOf(to)];
      if (fromKey === toKey) return;
      if (toKey.startsWith(`${fromKey}/`)) throw new FileTreeError("EINVAL");
      const entry = await this.find(from);
      const target = await this.place(to);
      await this.makeWay(target, entry.kind);
      await this.flushBelow(fromKey);
      await this.flushBelow(toKey);
      await copyTo(entry, target);
      await removeFrom(await this.place(from), true);
      this.forget(toKey);
      await this.follow(from, to);
    });
  }

  remove(path: TreePath, directory: boolean): Promise<void> {
    return this.queue(async () => {
      this.checkWritable();
      const { kind } = await this.find(path);
      if (directory !== (kind === "directory")) throw new FileTreeError(directory ? "ENOTDIR" : "EISDIR");
      // Browsers do not remove what is being written to.
      await this.flushBelow(keyOf(path));
      await removeFrom(await this.place(path), false);
      this.forget(keyOf(path));
    });
  }

  change(path: TreePath, { sizeBytes }: AttributeChanges): Promise<void> {
    return this.queue(async () => {
      this.checkWritable();
      const entry = await this.find(path);
      if (sizeBytes === undefined) return;
      if (entry.kind === "directory") throw new FileTreeError("EISDIR");
      const file = this.openHandle(path, entry);
      await file.truncate(sizeBytes).finally(() => this.closeHandle(file));
    });
  }

  size(): FileSystemSize {
    return SIZE;
  }

  private openFile(file: HandleFile): OpenFile {
    const turn = <T>(operation: () => Promise<T>) => this.queue(operation);
    const write = <T>(operation: () => Promise<T>) =>
      turn(() => {
        this.checkWritable();
        return operation();
      });
    return {
      read: (offset, target) => turn(() => file.read(offset, target)),
      write: (offset, source) => write(() => file.write(offset, source)),
      stat: () => turn(async () => this.statOf(file.id, "file", await file.status())),
      truncate: (sizeBytes) => write(() => file.truncate(sizeBytes)),
      sync: () => turn(() => file.flush()),
      close: () => turn(() => this.closeHandle(file)),
    };
  }

  /** All who have a file open share what has been written and is not on the medium yet. */
  private openHandle(path: TreePath, handle: FileSystemFileHandle): HandleFile {
    const key = keyOf(path);
    const file = this.files.get(key) ?? new HandleFile(this.idOf(path), handle);
    this.files.set(key, file);
    file.users++;
    return file;
  }

  private async closeHandle(file: HandleFile): Promise<void> {
    if (--file.users > 0) return;
    for (const [key, one] of this.files) if (one === file) this.files.delete(key);
    await file.flush();
  }

  private async make(path: TreePath): Promise<FileSystemFileHandle> {
    const { folder, name } = await this.placeForNew(path);
    return folder.getFileHandle(name, { create: true });
  }

  private async placeForNew(path: TreePath): Promise<Place> {
    this.checkWritable();
    const place = await this.place(path);
    if (await entryAt(place)) throw new FileTreeError("EEXIST");
    return place;
  }

  /** What a rename replaces goes; throws where rename(2) fails. */
  private async makeWay(target: Place, kind: Entry["kind"]): Promise<void> {
    const existing = await entryAt(target);
    if (!existing) return;
    if (existing.kind !== kind) throw new FileTreeError(kind === "directory" ? "ENOTDIR" : "EISDIR");
    if (kind === "directory") await removeFrom(target, false);
  }

  /** Open files at and below `from` are at `to` now. */
  private async follow(from: TreePath, to: TreePath): Promise<void> {
    const [fromKey, toKey] = [keyOf(from), keyOf(to)];
    for (const [key, file] of [...this.files]) {
      if (!isAtOrBelow(key, fromKey)) continue;
      const moved = toKey + key.slice(fromKey.length);
      this.files.delete(key);
      this.files.set(moved, file);
      file.moveTo((await this.find(moved.split("/"))) as FileSystemFileHandle);
    }
    for (const [key, id] of [...this.ids]) {
      if (!isAtOrBelow(key, fromKey)) continue;
      this.ids.delete(key);
      this.ids.set(toKey + key.slice(fromKey.length), id);
    }
  }

  private async flushBelow(key: string): Promise<void> {
    for (const file of this.filesBelow(key)) await file.flush();
  }

  private filesBelow(key: string): HandleFile[] {
    return [...this.files].filter(([one]) => isAtOrBelow(one, key)).map(([, file]) => file);
  }

  /** What was at this path is no more; who has it open gets errors. */
  private forget(key: string): void {
    for (const file of this.filesBelow(key)) file.noteRemoval();
    for (const map of [this.files, this.ids])
      for (const one of [...map.keys()]) if (isAtOrBelow(one, key)) map.delete(one);
  }

  private async find(path: TreePath): Promise<Entry> {
    if (path.length === 0) return this.root;
    const entry = await entryAt(await this.place(path));
    if (!entry) throw new FileTreeError("ENOENT");
    return entry;
  }

  private async folder(path: TreePath): Promise<Folder> {
    let folder = this.root;
    for (const name of path) folder = await folder.getDirectoryHandle(name);
    return folder;
  }

  private async place(path: TreePath): Promise<Place> {
    const name = path.at(-1);
    if (name === undefined) throw new FileTreeError("EBUSY");
    return { folder: await this.folder(path.slice(0, -1)), name };
  }

  private async fileStat(path: TreePath, handle: FileSystemFileHandle): Promise<FileStat> {
    const open = this.files.get(keyOf(path));
    const file = open ?? new HandleFile(this.idOf(path), handle);
    return this.statOf(file.id, "file", await file.status());
  }

  private directoryStat(path: TreePath): FileStat {
    return this.statOf(this.idOf(path), "directory", { sizeBytes: 0, modifiedMs: undefined });
  }

  private statOf(
    id: bigint,
    kind: Entry["kind"],
    { sizeBytes, modifiedMs }: { sizeBytes: number; modifiedMs: number | undefined },
  ): FileStat {
    const timeNs = modifiedMs === undefined ? this.sharedNs : BigInt(modifiedMs) * NS_PER_MS;
    return {
      ...{ id, mode: this.modeOf(kind), uid: 0, gid: 0, links: kind === "directory" ? 2 : 1, sizeBytes, rdev: 0 },
      ...{ atimeNs: timeNs, mtimeNs: timeNs, ctimeNs: timeNs },
    };
  }

  private modeOf(kind: Entry["kind"]): number {
    const permissions = this.readOnly ? READ_ONLY_PERMISSIONS : PERMISSIONS;
    return permissions | (kind === "directory" ? FileType.Directory : FileType.File);
  }

  private idOf(path: TreePath): bigint {
    const key = keyOf(path);
    const id = this.ids.get(key) ?? this.nextId++;
    this.ids.set(key, id);
    return id;
  }

  private checkWritable(): void {
    if (this.readOnly) throw new FileTreeError("EROFS");
  }

  /** When those before are done; the browser's errors become the guest's. */
  private queue<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.turn.then(operation).catch((error: unknown) => {
      throw error instanceof FileTreeError ? error : errorOf(error as Error);
    });
    this.turn = result.catch(() => undefined);
    return result;
  }
}

/** Where something is or will be. */
interface Place {
  folder: Folder;
  name: string;
}

async function entryAt({ folder, name }: Place): Promise<Entry | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    const { name: kind } = error as Error;
    if (kind === "TypeMismatchError") return folder.getDirectoryHandle(name);
    if (kind === "NotFoundError") return undefined;
    throw error;
  }
}

async function copyTo(entry: Entry, { folder, name }: Place): Promise<void> {
  if (entry.kind === "directory") {
    const copy = await folder.getDirectoryHandle(name, { create: true });
    for await (const [inner, one] of entry.entries()) await copyTo(one as Entry, { folder: copy, name: inner });
    return;
  }
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await stream.write(await entry.getFile());
  await stream.close();
}

function removeFrom({ folder, name }: Place, recursive: boolean): Promise<void> {
  return folder.removeEntry(name, { recursive });
}

function keyOf(path: TreePath): string {
  return path.join("/");
}

function isAtOrBelow(key: string, top: string): boolean {
  return key === top || key.startsWith(`${top}/`);
}

function errorOf({ name, message }: Error): FileTreeError {
  return new FileTreeError(ERRORS[name] ?? "EIO", message);
}
