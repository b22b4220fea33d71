import type { BlockBackend } from "../bus/blockBackend.ts";
import type { ImageFile } from "./imageFile.ts";

const SECTOR_BYTES = 512;

/**
 * An image that is the medium byte for byte. The last sector of one whose size is no multiple of 512 is filled up with zeros; what
 * the guest writes behind the end of the file is dropped.
 */
export class RawImage implements BlockBackend {
  readonly sizeBytes: number;

  constructor(private readonly file: ImageFile) {
    this.sizeBytes = Math.ceil(file.sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
  }

  get readOnly(): boolean {
    return this.file.readOnly;
  }

  read(offset: number, target: Uint8Array): Promise<void> | undefined {
    const there = this.lengthInFile(offset, target.length);
    target.fill(0, there);
    return there > 0 ? this.file.read(offset, target.subarray(0, there)) : undefined;
  }

  write(offset: number, source: Uint8Array): Promise<void> | undefined {
    const there = this.lengthInFile(offset, source.length);
    return there > 0 ? this.file.write(offset, source.subarray(0, there)) : undefined;
  }

  flush(): Promise<void> | undefined {
    return this.file.flush();
  }

  discard(): undefined {}

  close(): Promise<void> | undefined {
    return this.file.close();
  }

  private lengthInFile(offset: number, length: number): number {
    return Math.max(0, Math.min(length, this.file.sizeBytes - offset));
  }
}
