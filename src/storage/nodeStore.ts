/** An overlay in a file of Node's. A lock file beside it keeps a second machine out. */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { StorageError } from "../bus/blockBackend.ts";
import { fileError } from "./nodeErrors.ts";
import { NodeFile } from "./nodeFile.ts";
import type { OverlayStore } from "./overlayStore.ts";

export class NodeStore implements OverlayStore {
  readonly isVolatile = false;

  private constructor(
    private readonly file: NodeFile,
    private readonly lock: string,
  ) {}

  /** Makes the file if it is not there. */
  static open(path: string): NodeStore {
    const lock = takeLock(path);
    try {
      const file = NodeFile.open(path, "a+");
      if (file.sizeBytes === 0) flushFolder(path);
      return new NodeStore(file, lock);
    } catch (error) {
      releaseLock(lock);
      throw error;
    }
  }

  get name(): string {
    return this.file.name;
  }

  get sizeBytes(): number {
    return this.file.sizeBytes;
  }

  read(offset: number, target: Uint8Array): void {
    target.fill(0, this.file.readSome(offset, target));
  }

  write(offset: number, source: Uint8Array): void {
    this.file.write(offset, source);
  }

  resize(sizeBytes: number): void {
    this.file.resize(sizeBytes);
  }

  flush(): void {
    this.file.flush();
  }

  close(): void {
    try {
      this.file.close();
    } finally {
      releaseLock(this.lock);
    }
  }
}

/** Of this process: a number may be that of a process long gone, above all in containers. */
const heldLocks = new Set<string>();

/** The lock file holds the number of the process that has it; one that was killed leaves it behind, and it counts for nothing. */
function takeLock(path: string): string {
  const lock = `${resolve(path)}.lock`;
  for (const isRetry of [false, true]) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: "wx" });
      heldLocks.add(lock);
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(path, error);
      const owner = ownerOf(lock);
      const isHeld = owner === process.pid ? heldLocks.has(lock) : owner !== undefined && isAlive(owner);
      if (isRetry || isHeld)
        throw new StorageError(`${path} is in use by process ${owner ?? "unknown"}; ${lock} says so`);
      rmSync(lock, { force: true });
    }
  }
  return lock;
}

function releaseLock(lock: string): void {
  heldLocks.delete(lock);
  rmSync(lock, { force: true });
}

function ownerOf(lock: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(lock, "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A new file is on the medium when its folder is. Not every system lets a folder be flushed. */
function flushFolder(path: string): void {
  try {
    const folder = openSync(dirname(path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // There is nothing better to be had.
  }
}
