import type { DirectoryEntry, OpenFile, OpenMode, TreePath } from "../../../bus/fileTree.ts";
import { FileTreeError } from "../../../bus/fileTree.ts";
import { bool, type Checked, list, nullable, object, text, u32 } from "../../../bus/savedState.ts";

const OPEN_SHAPE = object({ read: bool, write: bool, truncate: bool, append: bool });
export const FID_SHAPE = object({ fid: u32, path: list(text), uid: u32, open: nullable(OPEN_SHAPE), directory: bool });
export type FidState = Checked<typeof FID_SHAPE>;

/** More than a guest has files open; each costs the host some memory. */
const MAX_FIDS = 0x1_0000;

/** What a fid stands for: a place in the tree, maybe open. */
export interface Fid {
  path: TreePath;
  /** Who attached: new files are theirs. */
  uid: number;
  file?: OpenFile;
  mode?: OpenMode;
  /** Of an open directory: what was in it when its listing was begun. */
  listing?: readonly DirectoryEntry[];
  isDirectory?: boolean;
}

/** The fids of a connection. */
export class Fids {
  private readonly fids = new Map<number, Fid>();

  /** Throws EBADF. */
  get(number: number): Fid {
    const fid = this.fids.get(number);
    if (!fid) throw new FileTreeError("EBADF");
    return fid;
  }

  /** Throws where the number is taken, or there are too many. */
  add(number: number, fid: Fid): void {
    this.checkFree(number);
    this.fids.set(number, fid);
  }

  checkFree(number: number): void {
    if (this.fids.has(number)) throw new FileTreeError("EBADF");
    if (this.fids.size >= MAX_FIDS) throw new FileTreeError("EMFILE");
  }

  /** Forgets a fid; the caller closes its file. Throws EBADF. */
  remove(number: number): Fid {
    const fid = this.get(number);
    this.fids.delete(number);
    return fid;
  }

  /** Forgets all; the caller closes their files. */
  removeAll(): Fid[] {
    const all = [...this.fids.values()];
    this.fids.clear();
    return all;
  }

  /** A file or directory was renamed: fids on it and below it go with it. */
  moved(from: TreePath, to: TreePath): void {
    for (const fid of this.fids.values())
      if (from.every((name, index) => fid.path[index] === name)) fid.path = [...to, ...fid.path.slice(from.length)];
  }

  save(): FidState[] {
    return [...this.fids].map(([fid, { path, uid, mode, isDirectory = false }]) => ({
      ...{ fid, path: [...path], uid, directory: isDirectory },
      open: mode ? { ...mode } : null,
    }));
  }
}
