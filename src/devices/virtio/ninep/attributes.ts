/** Attributes as 9P2000.L carries them. */
import { type AttributeChanges, type FileStat, FileType, type OpenMode } from "../../../bus/fileTree.ts";
import { type MessageReader, QID_DIRECTORY, QID_SYMLINK, type Qid } from "./messages.ts";

/** P9_GETATTR_BASIC: everything that stat(2) tells. */
export const GETATTR_BASIC = 0x7ff;

const SETATTR_MODE = 0x01;
const SETATTR_UID = 0x02;
const SETATTR_GID = 0x04;
const SETATTR_SIZE = 0x08;
const SETATTR_ATIME = 0x10;
const SETATTR_MTIME = 0x20;
const SETATTR_ATIME_SET = 0x80;
const SETATTR_MTIME_SET = 0x100;

/** Linux's open(2) flags on x86. */
const ACCESS_MASK = 3;
const WRITE_ONLY = 1;
const READ_WRITE = 2;
const TRUNCATE = 0o1000;
const APPEND = 0o2000;

const NS_PER_SECOND = 1_000_000_000n;

/** Version and kind tell a client that caches of changes. */
export function qidOf(file: Pick<FileStat, "id" | "mode"> & Partial<FileStat>): Qid {
  const kind = file.mode & FileType.Mask;
  const type = kind === FileType.Directory ? QID_DIRECTORY : kind === FileType.Symlink ? QID_SYMLINK : 0;
  const version = Number(BigInt.asUintN(32, (file.mtimeNs ?? 0n) / 1000n)) ^ (file.sizeBytes ?? 0);
  return { type, version: version >>> 0, path: file.id };
}

export function openModeOf(flags: number): OpenMode {
  const access = flags & ACCESS_MASK;
  return {
    read: access !== WRITE_ONLY,
    write: access === WRITE_ONLY || access === READ_WRITE,
    truncate: (flags & TRUNCATE) !== 0,
    append: (flags & APPEND) !== 0,
  };
}

/** Reads the fields of a Tsetattr behind the fid. */
export function attributeChanges(request: MessageReader): AttributeChanges {
  const valid = request.u32();
  const [mode, uid, gid, sizeBytes] = [request.u32(), request.u32(), request.u32(), request.u64()];
  const atimeNs = timeOf(request, (valid & SETATTR_ATIME_SET) !== 0);
  const mtimeNs = timeOf(request, (valid & SETATTR_MTIME_SET) !== 0);
  return {
    ...((valid & SETATTR_MODE) !== 0 && { mode }),
    ...((valid & SETATTR_UID) !== 0 && { uid }),
    ...((valid & SETATTR_GID) !== 0 && { gid }),
    ...((valid & SETATTR_SIZE) !== 0 && { sizeBytes }),
    ...((valid & SETATTR_ATIME) !== 0 && { atimeNs }),
    ...((valid & SETATTR_MTIME) !== 0 && { mtimeNs }),
  };
}

function timeOf(request: MessageReader, isGiven: boolean): bigint | "now" {
  const [seconds, nanoseconds] = [request.u64(), request.u64()];
  return isGiven ? BigInt(Math.trunc(seconds)) * NS_PER_SECOND + BigInt(Math.trunc(nanoseconds)) : "now";
}
