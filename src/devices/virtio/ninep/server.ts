/**
 * A 9P2000.L file server on a tree of files. Document: the 9P2000.L protocol (diod, protocol.md). Not modelled: authentication, extended
 * attributes (there are none), locks (there is one client: it always gets them).
 */
import {
  type AttributeChanges,
  type DirectoryEntry,
  Errno,
  type FileStat,
  type FileTree,
  FileTreeError,
  FileType,
  type NewFile,
  type OpenMode,
  type TreePath,
} from "../../../bus/fileTree.ts";
import { list, object, u32 } from "../../../bus/savedState.ts";
import { type MaybePromise, runWaiting, type Waiting, wait } from "../../../util/maybePromise.ts";
import { trace } from "../../../util/trace.ts";
import { attributeChanges, GETATTR_BASIC, openModeOf, qidOf } from "./attributes.ts";
import { FID_SHAPE, type Fid, Fids } from "./fids.ts";
import {
  MAX_WALK,
  MessageError,
  MessageReader,
  MessageWriter,
  QID_BYTES,
  type Qid,
  READ_REPLY_BYTES,
  T,
} from "./messages.ts";

/** As much as a Linux guest asks for; the reply to a read of that size is the longest there is. */
export const MAX_MESSAGE_BYTES = 512 * 1024;
const MIN_MESSAGE_BYTES = 4096;
const PROTOCOL = "9P2000.L";
const UNKNOWN_PROTOCOL = "unknown";
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 256;
const NO_USER = 0xffff_ffff;
const V9FS_MAGIC = 0x0102_1997;
const REMOVE_DIRECTORY = 0x200;
const LOCK_SUCCESS = 0;
const UNLOCKED = 2;
/** offset, type and the length of the name, beside the qid. */
const ENTRY_FIXED_BYTES = QID_BYTES + 8 + 1 + 2;
/** File type bits become those of `d_type`. */
const TYPE_SHIFT = 12;
const BLOCK_BYTES = 512;
const IO_BLOCK_BYTES = 4096;
const NS_PER_SECOND = 1_000_000_000n;

const SHAPE = object({ messageBytes: u32, fids: list(FID_SHAPE) });

/** Undefined where there was nothing to wait for. */
type Handler = (request: MessageReader, reply: MessageWriter) => Waiting<void> | undefined;

export class NinepServer {
  private readonly fids = new Fids();
  private messageBytes = MAX_MESSAGE_BYTES;
  private readonly handlers: Readonly<Record<number, Handler>>;

  constructor(
    private readonly name: string,
    private readonly tree: FileTree,
  ) {
    this.handlers = this.makeHandlers();
  }

  /**
   * Answers a request: writes the reply into `target`, at most as long as the client agreed to, and returns it. Never fails: what goes
   * wrong is a reply too.
   */
  handle(request: Uint8Array, target: Uint8Array): MaybePromise<Uint8Array> {
    return runWaiting(this.answer(request, target));
  }

  /** The longest reply to a request. */
  get maxReplyBytes(): number {
    return this.messageBytes;
  }

  /** The client has gone: all its files are closed. */
  reset(): void {
    this.messageBytes = MAX_MESSAGE_BYTES;
    void runWaiting(this.closeAll());
  }

  save() {
    return { messageBytes: this.messageBytes, fids: this.fids.save() };
  }

  /** Checks a state, throwing; returns what puts it in force. Files that are there no more stay closed. */
  parse(saved: unknown): () => void {
    const { messageBytes, fids } = SHAPE(saved, this.name);
    return () => {
      this.reset();
      this.messageBytes = Math.min(messageBytes, MAX_MESSAGE_BYTES);
      for (const { fid, path, uid, open, directory } of fids) {
        const restored: Fid = { path, uid, isDirectory: directory, ...(open && { mode: open }) };
        this.fids.add(fid, restored);
        if (open) void runWaiting(this.reopen(restored, { ...open, truncate: false }));
      }
    };
  }

  private *reopen(fid: Fid, mode: OpenMode): Waiting<void> {
    try {
      fid.file = yield* wait(this.tree.open(fid.path, mode));
    } catch (error) {
      trace(this.name, `/${fid.path.join("/")} cannot be opened again: ${String(error)}`);
    }
  }

  private *answer(request: Uint8Array, target: Uint8Array): Waiting<Uint8Array> {
    const writer = new MessageWriter(target);
    let reader: MessageReader | undefined;
    try {
      reader = new MessageReader(request);
      const handler = this.handlers[reader.type];
      if (!handler) throw new FileTreeError("EOPNOTSUPP", `request ${reader.type}`);
      const waiting = handler(reader, writer);
      if (waiting) yield* waiting;
      return writer.finish(reader.type + 1, reader.tag);
    } catch (error) {
      trace(this.name, String(error));
      return writer
        .clear()
        .u32(errnoOf(error))
        .finish(T.Error + 1, reader?.tag ?? 0xffff);
    }
  }

  private makeHandlers(): Record<number, Handler> {
    return {
      [T.Version]: (request, reply) => this.version(request, reply),
      [T.Attach]: (request, reply) => this.attach(request, reply),
      // Requests that are over soon are not worth stopping; the device answers when the other is.
      [T.Flush]: () => undefined,
      [T.Walk]: (request, reply) => this.walk(request, reply),
      [T.Clunk]: (request) => this.clunk(request),
      [T.Remove]: (request) => this.remove(request),
      [T.Statfs]: (request, reply) => this.statfs(request, reply),
      [T.Getattr]: (request, reply) => this.getattr(request, reply),
      [T.Setattr]: (request) => this.setattr(request),
      [T.Lopen]: (request, reply) => this.lopen(request, reply),
      [T.Lcreate]: (request, reply) => this.lcreate(request, reply),
      [T.Read]: (request, reply) => this.read(request, reply),
      [T.Write]: (request, reply) => this.write(request, reply),
      [T.Readdir]: (request, reply) => this.readdir(request, reply),
      [T.Fsync]: (request) => this.fsync(request),
      [T.Mkdir]: (request, reply) => this.mkdir(request, reply),
      [T.Mknod]: (request, reply) => this.mknod(request, reply),
      [T.Symlink]: (request, reply) => this.symlink(request, reply),
      [T.Readlink]: (request, reply) => this.readlink(request, reply),
      [T.Link]: (request) => this.link(request),
      [T.Rename]: (request) => this.rename(request),
      [T.Renameat]: (request) => this.renameat(request),
      [T.Unlinkat]: (request) => this.unlinkat(request),
      [T.Lock]: (request, reply) => this.lock(request, reply),
      [T.Getlock]: (request, reply) => this.getlock(request, reply),
    };
  }

  // --- The connection ---

  private *version(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const wanted = request.u32();
    const protocol = request.text();
    yield* this.closeAll();
    if (wanted < MIN_MESSAGE_BYTES) throw new FileTreeError("EINVAL", `messages of ${wanted} bytes`);
    this.messageBytes = Math.min(wanted, MAX_MESSAGE_BYTES);
    reply.u32(this.messageBytes).text(protocol === PROTOCOL ? PROTOCOL : UNKNOWN_PROTOCOL);
  }

  private *attach(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const number = request.u32();
    request.u32();
    request.text();
    request.text();
    const uid = request.u32();
    const stat = yield* wait(this.tree.stat([]));
    this.fids.add(number, { path: [], uid: uid === NO_USER ? 0 : uid });
    reply.qid(qidOf(stat));
  }

  /** As many names as there are; the new fid comes to be only when all are. */
  private *walk(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const from = request.u32();
    const to = request.u32();
    const count = request.u16();
    if (count > MAX_WALK) throw new FileTreeError("EINVAL");
    const names = Array.from({ length: count }, () => request.text());
    const fid = this.fids.get(from);
    if (to !== from) this.fids.checkFree(to);
    const { path, qids } = yield* this.follow(fid.path, names);
    if (qids.length === count) {
      if (to !== from) this.fids.add(to, { path, uid: fid.uid });
      else if (fid.file || fid.isDirectory) throw new FileTreeError("EBADF");
      else fid.path = path;
    }
    reply.u16(qids.length);
    for (const qid of qids) reply.qid(qid);
  }

  /** Throws for the first name only, as the protocol asks. */
  private *follow(start: TreePath, names: readonly string[]): Waiting<{ path: TreePath; qids: Qid[] }> {
    let path = start;
    const qids: Qid[] = [];
    for (const name of names) {
      const next = name === ".." ? path.slice(0, -1) : [...path, checkName(name)];
      try {
        if (next.length > MAX_DEPTH) throw new FileTreeError("ENAMETOOLONG");
        qids.push(qidOf(yield* wait(this.tree.stat(next))));
      } catch (error) {
        if (qids.length === 0) throw error;
        break;
      }
      path = next;
    }
    return { path, qids };
  }

  private *clunk(request: MessageReader): Waiting<void> {
    yield* this.close(this.fids.remove(request.u32()));
  }

  /** The fid is gone, whether or not the file is. */
  private *remove(request: MessageReader): Waiting<void> {
    const fid = this.fids.remove(request.u32());
    yield* this.close(fid);
    const { mode } = yield* wait(this.tree.stat(fid.path));
    yield* wait(this.tree.remove(fid.path, isDirectory(mode)));
  }

  private *close(fid: Fid): Waiting<void> {
    const { file } = fid;
    delete fid.file;
    if (file) yield* wait(file.close());
  }

  private *closeAll(): Waiting<void> {
    for (const fid of this.fids.removeAll()) {
      try {
        yield* this.close(fid);
      } catch (error) {
        trace(this.name, String(error));
      }
    }
  }

  // --- Attributes ---

  private *statfs(request: MessageReader, reply: MessageWriter): Waiting<void> {
    this.fids.get(request.u32());
    const { blockBytes, blocks, freeBlocks, files, freeFiles } = yield* wait(this.tree.size());
    reply.u32(V9FS_MAGIC).u32(blockBytes).u64(blocks).u64(freeBlocks).u64(freeBlocks);
    reply.u64(files).u64(freeFiles).u64(0).u32(MAX_NAME_BYTES);
  }

  private *getattr(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const stat = yield* this.statOf(fid);
    reply.u64(GETATTR_BASIC).qid(qidOf(stat)).u32(stat.mode).u32(stat.uid).u32(stat.gid);
    reply.u64(stat.links).u64(stat.rdev).u64(stat.sizeBytes).u64(IO_BLOCK_BYTES);
    reply.u64(Math.ceil(stat.sizeBytes / BLOCK_BYTES));
    for (const time of [stat.atimeNs, stat.mtimeNs, stat.ctimeNs, 0n])
      reply.u64big(time / NS_PER_SECOND).u64big(time % NS_PER_SECOND);
    // Generation and data version.
    reply.u64(0).u64(0);
  }

  /** An open file may have no name any more. */
  private *statOf({ path, file }: Fid): Waiting<FileStat> {
    return yield* wait(file ? file.stat() : this.tree.stat(path));
  }

  private *setattr(request: MessageReader): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const changes: AttributeChanges = attributeChanges(request);
    const { sizeBytes, ...others } = changes;
    if (sizeBytes !== undefined && fid.file && fid.mode?.write) yield* wait(fid.file.truncate(sizeBytes));
    else if (sizeBytes !== undefined) yield* wait(this.tree.change(fid.path, { sizeBytes }));
    if (Object.keys(others).length > 0) yield* wait(this.tree.change(fid.path, others));
  }

  // --- Files ---

  private *lopen(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const mode = openModeOf(request.u32());
    if (fid.file || fid.isDirectory) throw new FileTreeError("EBUSY");
    const stat = yield* wait(this.tree.stat(fid.path));
    if (isDirectory(stat.mode)) {
      if (mode.write) throw new FileTreeError("EISDIR");
      fid.isDirectory = true;
    } else {
      fid.file = yield* wait(this.tree.open(fid.path, mode));
      fid.mode = mode;
    }
    reply.qid(qidOf(stat)).u32(this.ioUnit);
  }

  /** The fid of the directory becomes that of the file. */
  private *lcreate(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const path = childOf(fid, request.text());
    const mode = openModeOf(request.u32());
    const file = newFile(fid, request.u32(), request.u32());
    if (fid.file) throw new FileTreeError("EBUSY");
    fid.file = yield* wait(this.tree.create(path, mode, file));
    fid.mode = mode;
    fid.path = path;
    fid.isDirectory = false;
    reply.qid(qidOf(yield* wait(fid.file.stat()))).u32(this.ioUnit);
  }

  private get ioUnit(): number {
    return this.messageBytes - READ_REPLY_BYTES;
  }

  private *read(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const { file, mode } = this.fids.get(request.u32());
    const offset = request.u64();
    const count = Math.min(request.u32(), this.ioUnit);
    if (!file || !mode?.read) throw new FileTreeError("EBADF");
    reply.used(yield* wait(file.read(offset, reply.room(count))));
  }

  private *write(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const { file, mode } = this.fids.get(request.u32());
    const offset = request.u64();
    const data = request.data(request.u32());
    if (!file || !mode?.write) throw new FileTreeError("EBADF");
    if (offset + data.length > Number.MAX_SAFE_INTEGER) throw new FileTreeError("EFBIG");
    reply.u32(yield* wait(file.write(offset, data)));
  }

  /** Offsets count entries of the listing that offset 0 took. */
  private *readdir(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const offset = request.u64();
    const count = Math.min(request.u32(), this.ioUnit);
    if (!fid.isDirectory) throw new FileTreeError("ENOTDIR");
    if (offset === 0 || !fid.listing) fid.listing = yield* this.listing(fid.path);
    const room = reply.room(count);
    const entries = new MessageWriter(room, 0);
    let used = 0;
    for (let index = offset; index < fid.listing.length; index++) {
      const entry = fid.listing[index];
      const bytes = ENTRY_FIXED_BYTES + new TextEncoder().encode(entry.name).length;
      if (used + bytes > room.length) break;
      const type = (entry.mode & FileType.Mask) >>> TYPE_SHIFT;
      entries
        .qid(qidOf(entry))
        .u64(index + 1)
        .u8(type)
        .text(entry.name);
      used += bytes;
    }
    reply.used(used);
  }

  private *listing(path: TreePath): Waiting<DirectoryEntry[]> {
    const self = yield* wait(this.tree.stat(path));
    const parent = yield* wait(this.tree.stat(path.slice(0, -1)));
    const entries = yield* wait(this.tree.list(path));
    return [{ name: ".", id: self.id, mode: self.mode }, { name: "..", id: parent.id, mode: parent.mode }, ...entries];
  }

  private *fsync(request: MessageReader): Waiting<void> {
    const { file } = this.fids.get(request.u32());
    if (file) yield* wait(file.sync());
  }

  // --- Names ---

  private *mkdir(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const path = childOf(fid, request.text());
    yield* wait(this.tree.mkdir(path, newFile(fid, request.u32(), request.u32())));
    reply.qid(qidOf(yield* wait(this.tree.stat(path))));
  }

  private *mknod(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const path = childOf(fid, request.text());
    const mode = request.u32();
    const [major, minor] = [request.u32(), request.u32()];
    yield* wait(this.tree.mknod(path, newFile(fid, mode, request.u32()), encodeDevice(major, minor)));
    reply.qid(qidOf(yield* wait(this.tree.stat(path))));
  }

  private *symlink(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const fid = this.fids.get(request.u32());
    const path = childOf(fid, request.text());
    const target = request.text();
    yield* wait(this.tree.symlink(path, target, newFile(fid, 0, request.u32())));
    reply.qid(qidOf(yield* wait(this.tree.stat(path))));
  }

  private *readlink(request: MessageReader, reply: MessageWriter): Waiting<void> {
    const { path } = this.fids.get(request.u32());
    reply.text(yield* wait(this.tree.readlink(path)));
  }

  private *link(request: MessageReader): Waiting<void> {
    const directory = this.fids.get(request.u32());
    const { path } = this.fids.get(request.u32());
    yield* wait(this.tree.link(path, childOf(directory, request.text())));
  }

  private *rename(request: MessageReader): Waiting<void> {
    const { path } = this.fids.get(request.u32());
    const directory = this.fids.get(request.u32());
    yield* this.move(path, childOf(directory, request.text()));
  }

  private *renameat(request: MessageReader): Waiting<void> {
    const from = childOf(this.fids.get(request.u32()), request.text());
    const to = childOf(this.fids.get(request.u32()), request.text());
    yield* this.move(from, to);
  }

  private *move(from: TreePath, to: TreePath): Waiting<void> {
    if (from.length === 0) throw new FileTreeError("EBUSY");
    yield* wait(this.tree.rename(from, to));
    this.fids.moved(from, to);
  }

  private *unlinkat(request: MessageReader): Waiting<void> {
    const path = childOf(this.fids.get(request.u32()), request.text());
    yield* wait(this.tree.remove(path, (request.u32() & REMOVE_DIRECTORY) !== 0));
  }

  // --- Locks ---

  private lock(request: MessageReader, reply: MessageWriter): undefined {
    this.fids.get(request.u32());
    reply.u8(LOCK_SUCCESS);
  }

  private getlock(request: MessageReader, reply: MessageWriter): undefined {
    this.fids.get(request.u32());
    request.u8();
    const [start, length, process] = [request.u64(), request.u64(), request.u32()];
    reply.u8(UNLOCKED).u64(start).u64(length).u32(process).text(request.text());
  }
}

function errnoOf(error: unknown): number {
  if (error instanceof FileTreeError) return error.errno;
  return error instanceof MessageError ? Errno.EINVAL : Errno.EIO;
}

function isDirectory(mode: number): boolean {
  return (mode & FileType.Mask) === FileType.Directory;
}

function childOf({ path }: Fid, name: string): TreePath {
  if (path.length >= MAX_DEPTH) throw new FileTreeError("ENAMETOOLONG");
  return [...path, checkName(name)];
}

/** A name is one component, or the guest is up to something. */
function checkName(name: string): string {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0"))
    throw new FileTreeError("EINVAL", `the name ${JSON.stringify(name)}`);
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) throw new FileTreeError("ENAMETOOLONG");
  return name;
}

function newFile({ uid }: Fid, mode: number, gid: number): NewFile {
  return { mode, uid, gid };
}

/** Linux's new_encode_dev, as stat(2) shows it. */
function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
