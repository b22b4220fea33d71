import type { BlockBackend } from "../bus/blockBackend.ts";
import type { ImageFile } from "./imageFile.ts";

/** A medium, or an image, in memory. */
export class MemoryBackend implements BlockBackend, ImageFile {
  readonly readOnly: boolean;
  readonly name: string;

  /** `bytes` is used in place; of a medium its length is a multiple of 512. */
  constructor(
    readonly bytes: Uint8Array,
    options: { readOnly?: boolean; name?: string } = {},
  ) {
    this.readOnly = options.readOnly ?? false;
    this.name = options.name ?? "memory";
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(offset: number, target: Uint8Array): undefined {
    target.set(this.bytes.subarray(offset, offset + target.length));
  }

  write(offset: number, source: Uint8Array): undefined {
    this.bytes.set(source, offset);
  }

  flush(): undefined {}

  discard(offset: number, length: number): undefined {
    this.bytes.fill(0, offset, offset + length);
  }

  close(): undefined {}
}
