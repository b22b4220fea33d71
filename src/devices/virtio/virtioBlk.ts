/**
 * virtio-blk: a disk. Document: virtio 1.2, 5.2. Not modelled: several queues, zoned devices, secure erase, lifetime, the SCSI
 * pass-through of legacy drivers.
 */
import type { Disk } from "../../bus/disk.ts";
import { DiskDma } from "../../bus/diskDma.ts";
import { setUint64 } from "../../bus/guestWords.ts";
import type { IoDone, IoOperation } from "../../bus/ioScheduler.ts";
import { list, object } from "../../bus/savedState.ts";
import {
  BLK_UNMAP,
  type BlkHeader,
  type BlkRange,
  BlkStatus,
  BlkType,
  HEADER_BYTES,
  parseHeader,
  parseRanges,
} from "./blkRequest.ts";
import { CHAIN_SHAPE, type Chain } from "./chain.ts";
import { VirtioDevice } from "./virtioDevice.ts";
import { featureSet, VirtioType } from "./virtioRegisters.ts";

export const BlkFeature = {
  SegMax: 2,
  Geometry: 4,
  ReadOnly: 5,
  BlkSize: 6,
  Flush: 9,
  Topology: 10,
  Discard: 13,
  WriteZeroes: 14,
} as const;

/** Configuration layout (5.2.4). */
const Config = {
  Capacity: 0,
  SegMax: 12,
  Cylinders: 16,
  Heads: 18,
  Sectors: 19,
  BlkSize: 20,
  PhysicalBlockExponent: 24,
  MinIoSize: 26,
  OptIoSize: 28,
  NumQueues: 34,
  MaxDiscardSectors: 36,
  MaxDiscardSegments: 40,
  DiscardAlignment: 44,
  MaxWriteZeroesSectors: 48,
  MaxWriteZeroesSegments: 52,
  WriteZeroesMayUnmap: 56,
} as const;
const CONFIG_BYTES = 60;

const SECTOR_BYTES = 512;
const QUEUE_SIZE = 256;
/** Header and status take a descriptor each. */
const SEG_MAX = QUEUE_SIZE - 2;
/** 4 KiB physical blocks, as a power of two of 512 bytes. */
const PHYSICAL_BLOCK_EXPONENT = 3;
const SECTORS_PER_PHYSICAL_BLOCK = 8;
/** Linux reads ahead twice as much, in fewer and larger requests than without it. */
const OPTIMAL_SECTORS = 1024;
/** 16 MiB: a guest that is reset does not wait long for what it asked for. */
const MAX_WRITE_ZEROES_SECTORS = 0x8000;
const MAX_DISCARD_SECTORS = 0x40_0000;
const MAX_RANGES = 32;
const ID_BYTES = 20;
/** What BIOSes give large disks. */
const GEOMETRY_HEADS = 16;
const GEOMETRY_SECTORS = 63;
const MAX_CYLINDERS = 16383;
const STORAGE_CLASS = 0x010000;

const SHAPE = object({ requests: list(CHAIN_SHAPE) });

export interface VirtioBlkOptions {
  disk: Disk;
  /** At most 20 bytes of ASCII (default: the disk's name). */
  serial?: string;
}

export class VirtioBlk extends VirtioDevice {
  readonly type = VirtioType.Block;
  readonly classCode = STORAGE_CLASS;
  readonly queueSizes = [QUEUE_SIZE];
  readonly config = new Uint8Array(CONFIG_BYTES);
  private readonly disk: Disk;
  private readonly dma: DiskDma;
  private readonly id: Uint8Array;
  /** In the order in which they came. */
  private readonly requests = new Set<Chain>();
  private readonly operations = new Set<IoOperation>();

  constructor(options: VirtioBlkOptions) {
    super();
    this.disk = options.disk;
    this.dma = new DiskDma(options.disk);
    this.id = new Uint8Array(ID_BYTES);
    this.id.set(new TextEncoder().encode(options.serial ?? options.disk.name).subarray(0, ID_BYTES));
    this.fillConfig();
    options.disk.onMediumChange = () => {
      this.fillConfig();
      this.port.configChanged();
    };
  }

  get features(): bigint {
    const { SegMax, Geometry, ReadOnly, BlkSize, Flush, Topology, Discard, WriteZeroes } = BlkFeature;
    const always = featureSet(SegMax, Geometry, BlkSize, Flush, Topology);
    return always | (this.disk.readOnly ? featureSet(ReadOnly) : featureSet(Discard, WriteZeroes));
  }

  notified(queue: number): void {
    for (let chain = this.port.queue(queue).pop(); chain; chain = this.port.queue(queue).pop()) this.begin(chain);
  }

  reset(): void {
    this.dma.cancel();
    for (const operation of this.operations) operation.cancel();
    this.operations.clear();
    this.requests.clear();
  }

  /** Requests under way are saved as they came; all of them can be done twice. */
  save(): unknown {
    return { requests: [...this.requests].map((chain) => chain.save()) };
  }

  parse(state: unknown): () => void {
    const { requests } = SHAPE(state, "virtio-blk");
    return () => {
      this.reset();
      for (const request of requests) this.begin(this.port.queue(0).restoreChain(request));
    };
  }

  private begin(chain: Chain): void {
    const header = parseHeader(chain.readable);
    // The last byte that the device may write is the status; without it there is no way to answer.
    if (header === undefined || chain.writable.length === 0) {
      this.port.broken("a block request without header or status");
      return;
    }
    this.requests.add(chain);
    const status = this.execute(chain, header);
    if (status !== undefined) this.finish(chain, 0, status);
  }

  /** The status of a request that is over at once; undefined for one that ends later. */
  private execute(chain: Chain, header: BlkHeader): number | undefined {
    switch (header.type) {
      case BlkType.In:
        return this.read(chain, header);
      case BlkType.Out:
        return this.write(chain, header);
      case BlkType.Flush:
        return this.flush(chain);
      case BlkType.GetId:
        return this.getId(chain);
      case BlkType.Discard:
      case BlkType.WriteZeroes:
        return this.clear(chain, header.type);
      default:
        return BlkStatus.Unsupported;
    }
  }

  private read(chain: Chain, { sector }: BlkHeader): number | undefined {
    const length = chain.writable.length - 1;
    if (!this.isOnDisk(sector, length)) return BlkStatus.IoError;
    if (length === 0) return BlkStatus.Ok;
    this.dma.read(sector * SECTOR_BYTES, chain.writable, 0, length, (error) =>
      this.finish(chain, error ? 0 : length, statusOf(error)),
    );
    return undefined;
  }

  private write(chain: Chain, { sector }: BlkHeader): number | undefined {
    const length = chain.readable.length - HEADER_BYTES;
    if (this.disk.readOnly || !this.isOnDisk(sector, length)) return BlkStatus.IoError;
    if (length === 0) return BlkStatus.Ok;
    this.dma.write(sector * SECTOR_BYTES, chain.readable, HEADER_BYTES, length, (error) => this.written(chain, error));
    return undefined;
  }

  /** A driver that cannot flush gets a write-through disk (5.2.6.2). */
  private written(chain: Chain, error: Error | undefined): void {
    if (error || this.port.hasFeature(BlkFeature.Flush)) this.finish(chain, 0, statusOf(error));
    else this.flush(chain);
  }

  private flush(chain: Chain): undefined {
    this.track(
      (done) => this.disk.flush(done),
      (error) => this.finish(chain, 0, statusOf(error)),
    );
  }

  private getId(chain: Chain): undefined {
    const room = Math.min(ID_BYTES, chain.writable.length - 1);
    chain.writable.write(0, this.id.subarray(0, room));
    this.finish(chain, room, BlkStatus.Ok);
  }

  /** DISCARD and WRITE ZEROES carry ranges (5.2.6). Zeroes are written even where they might be unmapped. */
  private clear(chain: Chain, type: number): number | undefined {
    const [max, flags] = type === BlkType.Discard ? [MAX_DISCARD_SECTORS, 0] : [MAX_WRITE_ZEROES_SECTORS, BLK_UNMAP];
    const ranges = parseRanges(chain.readable, MAX_RANGES);
    if (this.disk.readOnly || ranges === undefined) return BlkStatus.IoError;
    if (ranges.some((range) => (range.flags & ~flags) !== 0)) return BlkStatus.Unsupported;
    const areGood = ranges.every(
      ({ sector, sectors }) => sectors <= max && this.isOnDisk(sector, sectors * SECTOR_BYTES),
    );
    if (!areGood) return BlkStatus.IoError;
    this.clearNext(chain, type, ranges);
    return undefined;
  }

  /** One range after the other. */
  private clearNext(chain: Chain, type: number, ranges: readonly BlkRange[]): void {
    const [range, ...rest] = ranges.filter(({ sectors }) => sectors > 0);
    if (range === undefined) {
      this.finish(chain, 0, BlkStatus.Ok);
      return;
    }
    const next = (error?: Error): void => {
      if (error) this.finish(chain, 0, BlkStatus.IoError);
      else this.clearNext(chain, type, rest);
    };
    const [offset, length] = [range.sector * SECTOR_BYTES, range.sectors * SECTOR_BYTES];
    if (type === BlkType.WriteZeroes) this.dma.zero(offset, length, next);
    else this.track((done) => this.disk.discard(offset, length, done), next);
  }

  /** Begins an operation of the disk that a reset cancels. */
  private track(start: (done: IoDone) => IoOperation, then: IoDone): void {
    const operation = start((error) => {
      this.operations.delete(operation);
      then(error);
    });
    this.operations.add(operation);
  }

  /** `bytes` of data were written to the chain; the status goes into its last byte. */
  private finish(chain: Chain, bytes: number, status: number): void {
    this.requests.delete(chain);
    chain.writable.write(chain.writable.length - 1, Uint8Array.of(status));
    this.port.queue(0).complete(chain, bytes + 1);
  }

  private isOnDisk(sector: number, length: number): boolean {
    return length >= 0 && length % SECTOR_BYTES === 0 && sector * SECTOR_BYTES + length <= this.disk.sizeBytes;
  }

  private fillConfig(): void {
    const view = new DataView(this.config.buffer);
    const sectors = Math.floor(this.disk.sizeBytes / SECTOR_BYTES);
    const cylinders = Math.min(MAX_CYLINDERS, Math.floor(sectors / (GEOMETRY_HEADS * GEOMETRY_SECTORS)));
    setUint64(view, Config.Capacity, sectors);
    view.setUint32(Config.SegMax, SEG_MAX, true);
    view.setUint16(Config.Cylinders, cylinders, true);
    view.setUint8(Config.Heads, GEOMETRY_HEADS);
    view.setUint8(Config.Sectors, GEOMETRY_SECTORS);
    view.setUint32(Config.BlkSize, SECTOR_BYTES, true);
    view.setUint8(Config.PhysicalBlockExponent, PHYSICAL_BLOCK_EXPONENT);
    view.setUint16(Config.MinIoSize, SECTORS_PER_PHYSICAL_BLOCK, true);
    view.setUint32(Config.OptIoSize, OPTIMAL_SECTORS, true);
    view.setUint16(Config.NumQueues, 1, true);
    view.setUint32(Config.MaxDiscardSectors, MAX_DISCARD_SECTORS, true);
    view.setUint32(Config.MaxDiscardSegments, MAX_RANGES, true);
    view.setUint32(Config.DiscardAlignment, SECTORS_PER_PHYSICAL_BLOCK, true);
    view.setUint32(Config.MaxWriteZeroesSectors, MAX_WRITE_ZEROES_SECTORS, true);
    view.setUint32(Config.MaxWriteZeroesSegments, MAX_RANGES, true);
    view.setUint8(Config.WriteZeroesMayUnmap, 0);
  }
}

function statusOf(error: Error | undefined): number {
  return error ? BlkStatus.IoError : BlkStatus.Ok;
}
