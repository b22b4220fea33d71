/** What is meant by what a person drops on the page: files to boot, or a folder to share with a guest. */
import { VmError } from "../../vm/vmError.ts";

export type Drop = { kind: "files"; files: readonly File[] } | { kind: "folder"; folder: FileSystemDirectoryHandle };

/** With what not all browsers have: entries (WICG, "File and Directory Entries"), handles (WICG, "File System Access"). */
export interface DroppedItem {
  readonly kind: string;
  getAsFile(): File | null;
  webkitGetAsEntry?(): { readonly isDirectory: boolean } | null;
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Has to be called within the event: behind it the items are gone. Throws a VmError that says what cannot be done. */
export async function readDrop(items: Iterable<DroppedItem>): Promise<Drop> {
  const read = [...items].filter(({ kind }) => kind === "file").map(readItem);
  const folders = read.filter(({ isFolder }) => isFolder);
  if (folders.length === 0) return { kind: "files", files: read.flatMap(({ file }) => file ?? []) };
  if (read.length > 1)
    throw new VmError("bad-config", "Drop one folder, to share it with a guest, or files, to boot them.");
  const folder = await folders[0]?.handle;
  if (folder?.kind === "directory") return { kind: "folder", folder: folder as FileSystemDirectoryHandle };
  throw new VmError(
    "no-feature",
    "This browser gives no access to folders: Chrome and Edge can share one with a guest.",
  );
}

function readItem(item: DroppedItem) {
  const isFolder = item.webkitGetAsEntry?.()?.isDirectory === true;
  // What the browser refuses is as if it could not.
  const handle = isFolder ? item.getAsFileSystemHandle?.().catch(() => null) : undefined;
  return { file: item.getAsFile(), isFolder, handle };
}
