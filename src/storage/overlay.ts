/**
 * A copy-on-write overlay: what is written goes to a store of its own, cluster by cluster, and the image beneath stays as it is.
 * `overlayLayout.ts` says how it lies there.
 *
 * A flush is safe against a process that is killed and a machine that loses power: data first, then a flush of the store, then the
 * map, then a second one. What was not flushed may be there in part, sector by sector, as on a disk with a write cache. A cluster
 * that was given back is not used again before the map that says so is on the medium.
 */
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import {
  checkHeader,
  ENTRY_BYTES,
  encodeHeader,
  FROM_BASE,
  HEADER_BYTES,
  layoutFor,
  MAP_OFFSET,
  type OverlayLayout,
  sampleBase,
  ZEROS,
} from "./overlayLayout.ts";
import type { OverlayStore } from "./overlayStore.ts";
import { whenAll } from "./settle.ts";

/** The map is written by sectors: the unit that a medium writes whole or not at all. */
const MAP_SECTOR_ENTRIES = 512 / ENTRY_BYTES;
/** Clusters that are written before the map is, of a guest that never flushes. */
const MAX_UNMAPPED_CLUSTERS = 256;

export class OverlayBackend implements BlockBackend {
  readonly readOnly = false;
  private readonly map: Uint32Array;
  /** Clusters of the data area in use or in `free`. */
  private slots = 0;
  private readonly free: number[] = [];
  /** Free once the map is on the medium. */
  private freeAfterFlush: number[] = [];
  /** Sectors of the map that are not on the medium as they are here. */
  private readonly dirtySectors = new Set<number>();
  private isDataDirty = false;
  private unmappedClusters = 0;
  /** Clusters that wait for what is beneath them, to be copied. */
  private readonly copying = new Map<number, Promise<void>>();

  private constructor(
    private readonly base: BlockBackend,
    private readonly store: OverlayStore,
    private readonly layout: OverlayLayout,
  ) {
    this.map = new Uint32Array(layout.clusterCount);
  }

  /** Opens the overlay in `store`, or makes one there if it is empty. Throws StorageError; then the caller closes both. */
  static async open(base: BlockBackend, store: OverlayStore): Promise<OverlayBackend> {
    const layout = layoutFor(base.sizeBytes, store.isVolatile ? 0 : await sampleBase(base), store.name);
    const overlay = new OverlayBackend(base, store, layout);
    if (isUnfinished(store, layout)) create(store, layout);
    else overlay.load();
    return overlay;
  }

  get sizeBytes(): number {
    return this.layout.sizeBytes;
  }

  read(offset: number, target: Uint8Array): Promise<void> | undefined {
    const { clusterBytes } = this.layout;
    const pending: Promise<void>[] = [];
    for (let at = 0; at < target.length; ) {
      const cluster = Math.floor((offset + at) / clusterBytes);
      const entry = this.map[cluster];
      // Neighbours that are not here are read from the image in one go.
      let last = cluster;
      const end = offset + target.length;
      while (entry === FROM_BASE && (last + 1) * clusterBytes < end && this.map[last + 1] === FROM_BASE) last++;
      const length = Math.min(target.length - at, (last + 1) * clusterBytes - (offset + at));
      const part = target.subarray(at, at + length);
      if (entry === ZEROS) part.fill(0);
      else if (entry !== FROM_BASE) this.store.read(this.positionOf(entry) + ((offset + at) % clusterBytes), part);
      else pending.push(...asList(this.base.read(offset + at, part)));
      at += length;
    }
    return whenAll(pending);
  }

  write(offset: number, source: Uint8Array): Promise<void> | undefined {
    const { clusterBytes } = this.layout;
    const pending: Promise<void>[] = [];
    for (let at = 0; at < source.length; ) {
      const within = (offset + at) % clusterBytes;
      const length = Math.min(source.length - at, clusterBytes - within);
      const cluster = Math.floor((offset + at) / clusterBytes);
      pending.push(...asList(this.writeCluster(cluster, within, source.subarray(at, at + length))));
      at += length;
    }
    return whenAll(pending);
  }

  flush(): Promise<void> | undefined {
    if (this.copying.size === 0) {
      this.commit();
      return undefined;
    }
    return Promise.allSettled(this.copying.values()).then(() => this.commit());
  }

  discard(offset: number, length: number): undefined {
    const { clusterBytes } = this.layout;
    const end =
      offset + length === this.sizeBytes ? this.layout.clusterCount : Math.floor((offset + length) / clusterBytes);
    for (let cluster = Math.ceil(offset / clusterBytes); cluster < end; cluster++) {
      const entry = this.map[cluster];
      if (entry === FROM_BASE || entry === ZEROS || this.copying.has(cluster)) continue;
      this.freeAfterFlush.push(entry);
      this.setEntry(cluster, ZEROS);
    }
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.store.close();
      await this.base.close();
    }
  }

  private writeCluster(cluster: number, within: number, data: Uint8Array): Promise<void> | undefined {
    const copying = this.copying.get(cluster);
    if (copying) {
      const again = () => this.writeCluster(cluster, within, data);
      return copying.then(again, again);
    }
    const entry = this.map[cluster];
    if (entry !== FROM_BASE && entry !== ZEROS) {
      this.isDataDirty = true;
      this.store.write(this.positionOf(entry) + within, data);
      return undefined;
    }
    const length = this.lengthOf(cluster);
    if (data.length === length) return this.place(cluster, data);
    const whole = new Uint8Array(length);
    const place = () => {
      whole.set(data, within);
      return this.place(cluster, whole);
    };
    const pending = entry === ZEROS ? undefined : this.base.read(cluster * this.layout.clusterBytes, whole);
    if (!pending) return place();
    const copied = pending.then(
      () => {
        this.copying.delete(cluster);
        place();
      },
      (error: unknown) => {
        this.copying.delete(cluster);
        throw error;
      },
    );
    this.copying.set(cluster, copied);
    return copied;
  }

  /** Gives `cluster` a place in the store, with this content. */
  private place(cluster: number, data: Uint8Array): undefined {
    if (this.unmappedClusters >= MAX_UNMAPPED_CLUSTERS) this.commit();
    const slot = this.free.pop() ?? ++this.slots;
    this.isDataDirty = true;
    try {
      this.store.write(this.positionOf(slot), data);
    } catch (error) {
      this.free.push(slot);
      throw error;
    }
    this.setEntry(cluster, slot);
    this.unmappedClusters++;
  }

  private setEntry(cluster: number, entry: number): void {
    this.map[cluster] = entry;
    this.dirtySectors.add(Math.floor(cluster / MAP_SECTOR_ENTRIES));
  }

  /** Everything that was written is on the medium when this returns. If it throws, what was there before still is. */
  private commit(): void {
    if (this.isDataDirty) this.store.flush();
    this.isDataDirty = false;
    if (this.dirtySectors.size === 0) return;
    for (const sector of [...this.dirtySectors].sort((a, b) => a - b)) this.writeMapSector(sector);
    this.store.flush();
    this.dirtySectors.clear();
    this.unmappedClusters = 0;
    this.free.push(...this.freeAfterFlush.splice(0));
  }

  private writeMapSector(sector: number): void {
    const entries = this.map.subarray(sector * MAP_SECTOR_ENTRIES, (sector + 1) * MAP_SECTOR_ENTRIES);
    const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    entries.forEach((entry, index) => {
      view.setUint32(index * ENTRY_BYTES, entry, true);
    });
    this.store.write(MAP_OFFSET + sector * MAP_SECTOR_ENTRIES * ENTRY_BYTES, bytes);
  }

  private load(): void {
    const { store, layout, map } = this;
    const header = new Uint8Array(HEADER_BYTES);
    store.read(0, header);
    checkHeader(header, layout, store.name);
    const bytes = new Uint8Array(map.length * ENTRY_BYTES);
    store.read(MAP_OFFSET, bytes);
    const view = new DataView(bytes.buffer);
    const slotsThere = Math.ceil((store.sizeBytes - layout.dataOffset) / layout.clusterBytes);
    // One for each cluster, and one more for each that was given back and written anew before a flush.
    const maxSlots = Math.min(slotsThere, 2 * layout.clusterCount + MAX_UNMAPPED_CLUSTERS);
    const used = new Set<number>();
    for (let cluster = 0; cluster < map.length; cluster++) {
      const entry = view.getUint32(cluster * ENTRY_BYTES, true);
      map[cluster] = entry;
      if (entry === FROM_BASE || entry === ZEROS) continue;
      if (entry > maxSlots || used.has(entry))
        throw new StorageError(`${store.name}: the map of the overlay is damaged`);
      used.add(entry);
      this.slots = Math.max(this.slots, entry);
    }
    for (let slot = this.slots; slot > 0; slot--) if (!used.has(slot)) this.free.push(slot);
  }

  private positionOf(slot: number): number {
    return this.layout.dataOffset + (slot - 1) * this.layout.clusterBytes;
  }

  /** The last cluster may be shorter. */
  private lengthOf(cluster: number): number {
    const { clusterBytes, sizeBytes } = this.layout;
    return Math.min(clusterBytes, sizeBytes - cluster * clusterBytes);
  }
}

/** There is none, or whoever made it was ended in the middle: then all is zeros and nobody was told that it is there. */
function isUnfinished(store: OverlayStore, layout: OverlayLayout): boolean {
  if (store.sizeBytes === 0) return true;
  if (store.sizeBytes !== layout.dataOffset) return false;
  const bytes = new Uint8Array(layout.dataOffset);
  store.read(0, bytes);
  return bytes.every((byte) => byte === 0);
}

function create(store: OverlayStore, layout: OverlayLayout): void {
  store.resize(layout.dataOffset);
  store.flush();
  store.write(0, encodeHeader(layout));
  store.flush();
}

function asList(pending: Promise<void> | undefined): Promise<void>[] {
  return pending ? [pending] : [];
}
