/** Files in Node, by calls that are done when they return: the host's page cache is quicker than a turn of the event loop. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { StorageError } from "../bus/blockBackend.ts";
import { lockFile } from "./fileLock.ts";
import type { ImageFile } from "./imageFile.ts";
import { fileError } from "./nodeErrors.ts";

/** One open file, with StorageErrors. */
export class NodeFile implements ImageFile {
  private constructor(
    readonly name: string,
    private readonly descriptor: number,
    readonly readOnly: boolean,
    private length: number,
    private readonly unlock: () => void,
  ) {}

  /**
   * One that is written to is nobody else's until it is closed.
   *
   * @param flags as of `openSync`
   */
  static open(path: string, flags: "r" | "r+" | "a+" = "r"): NodeFile {
    const unlock = flags === "r" ? () => {} : lockFile(path);
    try {
      return NodeFile.openLocked(path, flags, unlock);
    } catch (error) {
      unlock();
      throw fileError(path, error);
    }
  }

  private static openLocked(path: string, flags: "r" | "r+" | "a+", unlock: () => void): NodeFile {
    // "a+" makes a file that is not there; what is written to it would go to its end, wherever it is meant for.
    if (flags === "a+") closeSync(openSync(path, flags));
    const descriptor = openSync(path, flags === "r" ? "r" : "r+");
    const stat = fstatSync(descriptor);
    if (stat.isFile()) return new NodeFile(path, descriptor, flags === "r", stat.size, unlock);
    closeSync(descriptor);
    throw new StorageError(`${path}: it is no regular file`);
  }

  get sizeBytes(): number {
    return this.length;
  }

  read(offset: number, target: Uint8Array): undefined {
    if (this.readSome(offset, target) < target.length)
      throw new StorageError(`${this.name}: the file has been cut short since it was opened`);
  }

  /** Gives how many bytes there were. */
  readSome(offset: number, target: Uint8Array): number {
    return this.act(() => {
      let done = 0;
      while (done < target.length) {
        const count = readSync(this.descriptor, target, done, target.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(offset: number, source: Uint8Array): undefined {
    this.act(() => {
      for (let done = 0; done < source.length; )
        done += writeSync(this.descriptor, source, done, source.length - done, offset + done);
    });
    this.length = Math.max(this.length, offset + source.length);
  }

  resize(sizeBytes: number): void {
    this.act(() => ftruncateSync(this.descriptor, sizeBytes));
    this.length = sizeBytes;
  }

  flush(): undefined {
    if (!this.readOnly) this.act(() => fsyncSync(this.descriptor));
  }

  close(): undefined {
    try {
      this.flush();
    } finally {
      this.unlock();
      this.act(() => closeSync(this.descriptor));
    }
  }

  private act<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileError(this.name, error);
    }
  }
}
