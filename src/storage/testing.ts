/** Backends and stores for tests. */

import type { Random } from "../../tests/support/random.ts";
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import { MemoryBackend } from "./memoryBackend.ts";
import { MemoryStore } from "./memoryStore.ts";
import type { OverlayStore } from "./overlayStore.ts";

const SECTOR_BYTES = 512;

/** A backend whose operations end at some later turn, not in order. */
export class DelayedBackend implements BlockBackend {
  constructor(
    private readonly backend: BlockBackend,
    private readonly random: Random,
  ) {}

  get sizeBytes(): number {
    return this.backend.sizeBytes;
  }

  get readOnly(): boolean {
    return this.backend.readOnly;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    await this.delay();
    await this.backend.read(offset, target);
  }

  async write(offset: number, source: Uint8Array): Promise<void> {
    await this.delay();
    await this.backend.write(offset, source);
  }

  async flush(): Promise<void> {
    await this.backend.flush();
  }

  async discard(offset: number, length: number): Promise<void> {
    await this.backend.discard(offset, length);
  }

  async close(): Promise<void> {
    await this.backend.close();
  }

  private async delay(): Promise<void> {
    for (let turns = this.random.below(4); turns > 0; turns--) await Promise.resolve();
  }
}

/**
 * A disk with a write cache: at a power cut an arbitrary part of the sectors that were written since the last flush is on the
 * medium, in no order.
 */
export class PowerCutStore implements OverlayStore {
  readonly name = "power-cut store";
  readonly isVolatile = false;
  sizeBytes = 0;
  private readonly cache = new MemoryStore();
  private readonly medium = new MemoryStore();
  private mediumBytes = 0;
  private readonly unflushed = new Set<number>();
  private actionsLeft = Number.POSITIVE_INFINITY;

  constructor(private readonly random: Random) {}

  /** The power goes after so many writes and flushes. */
  cutAfter(actions: number): void {
    this.actionsLeft = actions;
  }

  /** The power is back. */
  restore(): void {
    this.actionsLeft = Number.POSITIVE_INFINITY;
    for (const sector of this.unflushed) if (this.random.chance(2)) this.toMedium(sector);
    this.unflushed.clear();
    this.sizeBytes = Math.max(this.mediumBytes, this.medium.sizeBytes);
    const content = new Uint8Array(this.sizeBytes);
    this.medium.read(0, content);
    this.cache.resize(0);
    this.cache.write(0, content);
  }

  read(offset: number, target: Uint8Array): void {
    this.cache.read(offset, target);
  }

  write(offset: number, source: Uint8Array): void {
    this.act(() => {
      this.cache.write(offset, source);
      this.sizeBytes = Math.max(this.sizeBytes, offset + source.length);
      for (let at = offset - (offset % SECTOR_BYTES); at < offset + source.length; at += SECTOR_BYTES)
        this.unflushed.add(at / SECTOR_BYTES);
    });
  }

  resize(sizeBytes: number): void {
    this.act(() => {
      this.cache.resize(sizeBytes);
      this.sizeBytes = sizeBytes;
    });
  }

  flush(): void {
    this.act(() => {
      for (const sector of this.unflushed) this.toMedium(sector);
      this.unflushed.clear();
      this.mediumBytes = this.sizeBytes;
    });
  }

  close(): void {}

  private act(work: () => void): void {
    if (this.actionsLeft <= 0) throw new StorageError("the power is off");
    this.actionsLeft--;
    work();
  }

  private toMedium(sector: number): void {
    const bytes = new Uint8Array(SECTOR_BYTES);
    this.cache.read(sector * SECTOR_BYTES, bytes);
    this.medium.write(sector * SECTOR_BYTES, bytes);
  }
}

/** A medium in memory that counts flushes and may fail. */
export class FallibleMemory extends MemoryBackend {
  flushes = 0;
  broken = false;

  /** `sectors` sectors of bytes that tell where they are from. */
  static ofSectors(sectors: number, readOnly = false): FallibleMemory {
    const bytes = new Uint8Array(sectors * SECTOR_BYTES);
    for (let index = 0; index < bytes.length; index++) bytes[index] = Math.imul(index, 0x9e3779b1) >>> 24;
    return new FallibleMemory(bytes, { readOnly });
  }

  override read(offset: number, target: Uint8Array): undefined {
    if (this.broken) throw new Error("the medium is gone");
    super.read(offset, target);
  }

  override flush(): undefined {
    this.flushes++;
  }
}
