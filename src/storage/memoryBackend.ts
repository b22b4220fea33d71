import type { BlockBackend } from "../bus/blockBackend.ts";

/** A medium in memory. */
export class MemoryBackend implements BlockBackend {
  readonly readOnly: boolean;

  /** `bytes` is used in place; its length is a multiple of 512. */
  constructor(
    readonly bytes: Uint8Array,
    options: { readOnly?: boolean } = {},
  ) {
    this.readOnly = options.readOnly ?? false;
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
