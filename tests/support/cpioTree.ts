/** What is in a gzip-compressed initramfs of ours (cpio "newc", images/cpio.ts), as a tree of files. */
import { gunzipSync } from "node:zlib";
import { FileType } from "../../src/bus/fileTree.ts";
import { MemoryFileTree } from "../../src/storage/memoryFileTree.ts";

const HEADER_BYTES = 110;
const OWNER = { uid: 0, gid: 0 };

export interface CpioMember {
  path: string[];
  mode: number;
  data: Uint8Array;
  rdev: number;
}

export function readCpio(compressed: Uint8Array): CpioMember[] {
  const archive = gunzipSync(compressed);
  const members: CpioMember[] = [];
  for (let at = 0; ; ) {
    const header = archive.toString("latin1", at, at + HEADER_BYTES);
    const field = (index: number) => Number.parseInt(header.slice(6 + index * 8, 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = archive.toString("utf8", at + HEADER_BYTES, at + HEADER_BYTES + nameSize - 1);
    const start = align(at + HEADER_BYTES + nameSize);
    if (name === "TRAILER!!!") return members;
    const data = new Uint8Array(archive.subarray(start, start + size));
    members.push({ path: name.split("/"), mode, data, rdev: (field(9) << 8) | field(10) });
    at = align(start + size);
  }
}

export function treeOf(members: readonly CpioMember[]): MemoryFileTree {
  const tree = new MemoryFileTree();
  for (const { path, mode, data, rdev } of members) {
    const type = mode & FileType.Mask;
    if (type === FileType.Directory) tree.mkdir(path, { mode, ...OWNER });
    else if (type === FileType.Symlink) tree.symlink(path, new TextDecoder().decode(data), { mode, ...OWNER });
    else if (type === FileType.File) tree.addFile(path, data, mode);
    else tree.mknod(path, { mode, ...OWNER }, rdev);
  }
  return tree;
}

function align(offset: number): number {
  return (offset + 3) & ~3;
}
