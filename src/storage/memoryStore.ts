import { StorageError } from "../bus/blockBackend.ts";
import type { OverlayStore } from "./overlayStore.ts";

const PAGE_BYTES = 0x1_0000;

/** A throw-away overlay. Takes as much memory as is written to it. */
export class MemoryStore implements OverlayStore {
  readonly isVolatile = true;
  sizeBytes = 0;
  private readonly pages = new Map<number, Uint8Array>();

  constructor(readonly name = "the throw-away overlay") {}

  read(offset: number, target: Uint8Array): void {
    this.forEachPage(offset, target.length, (index, within, at, length) => {
      const page = this.pages.get(index);
      if (page) target.set(page.subarray(within, within + length), at);
      else target.fill(0, at, at + length);
    });
  }

  write(offset: number, source: Uint8Array): void {
    this.forEachPage(offset, source.length, (index, within, at, length) => {
      this.page(index).set(source.subarray(at, at + length), within);
    });
    this.sizeBytes = Math.max(this.sizeBytes, offset + source.length);
  }

  resize(sizeBytes: number): void {
    for (const index of this.pages.keys()) {
      const start = index * PAGE_BYTES;
      if (start >= sizeBytes) this.pages.delete(index);
      else if (start + PAGE_BYTES > sizeBytes) this.pages.get(index)?.fill(0, sizeBytes - start);
    }
    this.sizeBytes = sizeBytes;
  }

  flush(): void {}

  close(): void {
    this.pages.clear();
  }

  private page(index: number): Uint8Array {
    const page = this.pages.get(index) ?? this.allocate();
    this.pages.set(index, page);
    return page;
  }

  private allocate(): Uint8Array {
    try {
      return new Uint8Array(PAGE_BYTES);
    } catch {
      throw new StorageError(`${this.name}: this computer has no more memory for it`);
    }
  }

  private forEachPage(
    offset: number,
    length: number,
    act: (index: number, within: number, at: number, length: number) => void,
  ): void {
    for (let at = 0; at < length; ) {
      const within = (offset + at) % PAGE_BYTES;
      const part = Math.min(length - at, PAGE_BYTES - within);
      act(Math.floor((offset + at) / PAGE_BYTES), within, at, part);
      at += part;
    }
  }
}
