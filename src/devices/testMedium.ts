/** Media for tests of drives. */

/** A medium in memory that can be told to fail or to wait. */
export class TestMedium {
  readonly readOnly: boolean;
  fails = false;
  flushes = 0;
  readonly discarded: [number, number][] = [];
  /** Operations stay undone until `release` while it is set. */
  held = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    readonly bytes: Uint8Array,
    readOnly = false,
  ) {
    this.readOnly = readOnly;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(offset: number, target: Uint8Array): Promise<void> | undefined {
    return this.when(() => target.set(this.bytes.subarray(offset, offset + target.length)));
  }

  write(offset: number, source: Uint8Array): Promise<void> | undefined {
    return this.when(() => this.bytes.set(source, offset));
  }

  flush(): Promise<void> | undefined {
    return this.when(() => {
      this.flushes++;
    });
  }

  discard(offset: number, length: number): Promise<void> | undefined {
    return this.when(() => {
      this.discarded.push([offset, length]);
    });
  }

  close(): undefined {}

  /** Lets what waits be done; wait a turn before looking. */
  release(): void {
    this.held = false;
    for (const done of this.waiting.splice(0)) done();
  }

  private when(action: () => void): Promise<void> | undefined {
    if (this.fails) throw new Error("the medium fails");
    if (!this.held) {
      action();
      return undefined;
    }
    return new Promise((resolve) => {
      this.waiting.push(() => {
        action();
        resolve();
      });
    });
  }
}

/** Bytes that differ from sector to sector. */
export function pattern(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + (at >> 9) * 13 + 1) & 0xff);
}
