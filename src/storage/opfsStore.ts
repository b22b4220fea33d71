/**
 * An overlay in a file of the browser's origin private file system, by a sync access handle (File System standard, section 3.5): only
 * a dedicated worker can have one, and it keeps every other worker out.
 */
import { StorageError } from "../bus/blockBackend.ts";
import type { OverlayStore } from "./overlayStore.ts";

/** TypeScript's `dom` library has it in workers only. */
interface SyncAccessHandle {
  getSize(): number;
  read(target: Uint8Array, options: { at: number }): number;
  write(source: Uint8Array, options: { at: number }): number;
  truncate(sizeBytes: number): void;
  flush(): void;
  close(): void;
}

type FileHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> };

/** Where overlays are in the origin's file system. */
const FOLDER = "overlays";
/** Not all names are allowed ("..", "."): none of ours begins with a point. */
const PREFIX = "o-";
/** File systems take no longer names. */
const LONGEST_NAME = 200;
const REASONS: Readonly<Record<string, string>> = {
  QuotaExceededError: "the browser's storage for this page is full",
  NoModificationAllowedError: "another machine or tab is using it",
  NotFoundError: "it has vanished from the browser's storage",
  InvalidStateError: "it has been closed",
  SecurityError: "the browser gives this page no storage",
};

export class OpfsStore implements OverlayStore {
  readonly isVolatile = false;

  private constructor(
    readonly name: string,
    private readonly handle: SyncAccessHandle,
  ) {}

  /** Makes the file if it is not there. Throws StorageError. */
  static async open(name: string): Promise<OpfsStore> {
    const fileName = encodeURIComponent(name);
    if (name === "" || fileName.length > LONGEST_NAME)
      throw new StorageError(`an overlay's name has 1 to ${LONGEST_NAME} characters`);
    const shown = `overlay ${name}`;
    if (typeof navigator.storage?.getDirectory !== "function")
      throw new StorageError(`${shown}: this browser keeps files for pages with HTTPS or on localhost only`);
    try {
      const folder = await openFolder();
      const file = (await folder.getFileHandle(`${PREFIX}${fileName}`, { create: true })) as FileHandle;
      return new OpfsStore(shown, await file.createSyncAccessHandle());
    } catch (error) {
      throw storeError(shown, error);
    }
  }

  get sizeBytes(): number {
    return this.act(() => this.handle.getSize());
  }

  read(offset: number, target: Uint8Array): void {
    this.act(() => {
      let done = 0;
      while (done < target.length) {
        const count = this.handle.read(target.subarray(done), { at: offset + done });
        if (count === 0) break;
        done += count;
      }
      target.fill(0, done);
    });
  }

  write(offset: number, source: Uint8Array): void {
    this.act(() => {
      for (let done = 0; done < source.length; ) {
        const count = this.handle.write(source.subarray(done), { at: offset + done });
        if (count === 0) throw new DOMException("", "QuotaExceededError");
        done += count;
      }
    });
  }

  resize(sizeBytes: number): void {
    this.act(() => this.handle.truncate(sizeBytes));
  }

  flush(): void {
    this.act(() => this.handle.flush());
  }

  close(): void {
    this.act(() => this.handle.close());
  }

  private act<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(this.name, error);
    }
  }
}

/** An overlay that is kept. */
export interface KeptOverlay {
  name: string;
  sizeBytes: number;
}

/** All overlays in the browser's storage, by name; none where it has no storage. Not only for workers. */
export async function listOverlays(): Promise<KeptOverlay[]> {
  const overlays: KeptOverlay[] = [];
  try {
    const folder = await openFolder();
    for await (const [fileName, handle] of folder.entries()) {
      if (handle.kind !== "file" || !fileName.startsWith(PREFIX)) continue;
      const { size } = await (handle as FileSystemFileHandle).getFile();
      overlays.push({ name: decodeURIComponent(fileName.slice(PREFIX.length)), sizeBytes: size });
    }
  } catch {
    return [];
  }
  return overlays.sort((a, b) => a.name.localeCompare(b.name));
}

/** Deletes an overlay for good. Throws a StorageError, above all where a machine is using it. */
export async function deleteOverlay(name: string): Promise<void> {
  try {
    await (await openFolder()).removeEntry(`${PREFIX}${encodeURIComponent(name)}`);
  } catch (error) {
    throw storeError(`overlay ${name}`, error);
  }
}

async function openFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

function storeError(name: string, error: unknown): StorageError {
  const { name: kind, message } = error as Error;
  return new StorageError(`${name}: ${REASONS[kind] ?? message}`);
}
