import { StorageError } from "../bus/blockBackend.ts";

/** What error codes of the operating system mean for people. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "access is not permitted",
  EPERM: "access is not permitted",
  EROFS: "its file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large",
  EIO: "its disk has failed",
  ESTALE: "the file has vanished",
};

/** A failure of the file system, as one line about `path`. */
export function fileError(path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new StorageError(`${path}: ${(code !== undefined && REASONS[code]) || message}`);
}
