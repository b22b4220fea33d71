/** An overlay in a file of Node's. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { NodeFile } from "./nodeFile.ts";
import type { OverlayStore } from "./overlayStore.ts";

export class NodeStore implements OverlayStore {
  readonly isVolatile = false;

  private constructor(private readonly file: NodeFile) {}

  /** Makes the file if it is not there. */
  static open(path: string): NodeStore {
    const file = NodeFile.open(path, "a+");
    if (file.sizeBytes === 0) flushFolder(path);
    return new NodeStore(file);
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
    this.file.close();
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
