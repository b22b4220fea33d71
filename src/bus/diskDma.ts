/**
 * Moves data between a disk and scattered guest memory, in pieces through buffers that are used again. What the guest asks for may be
 * as long as it likes: it takes a bounded amount of the host's memory, and transfers that find none free wait for their turn.
 */
import type { Disk } from "./disk.ts";
import type { IoDone, IoOperation } from "./ioScheduler.ts";
import type { ScatterList } from "./scatterList.ts";

/** Large enough that an operation's overhead does not count, small enough for the host's caches. */
const PIECE_BYTES = 256 * 1024;
/** Most requests are of a page or a few. */
const SMALL_PIECE_BYTES = 16 * 1024;
const MAX_ACTIVE_PIECES = 32;
const BUFFERS_KEPT = 8;

interface Transfer {
  kind: "read" | "write" | "zero";
  /** Position on the disk, and what is left, in bytes. */
  offset: number;
  remaining: number;
  /** Where the data comes from or goes to, and from which byte on; none for zeroes. */
  list: ScatterList | undefined;
  at: number;
  done: IoDone;
}

export class DiskDma {
  private readonly waiting: Transfer[] = [];
  private readonly active = new Set<IoOperation>();
  private readonly small = new BufferPool(SMALL_PIECE_BYTES);
  private readonly large = new BufferPool(PIECE_BYTES);
  private zeroes: Uint8Array | undefined;

  constructor(private readonly disk: Disk) {}

  /** Fills `length` bytes of `list`, from its byte `at` on, with what is at `offset` of the disk. */
  read(offset: number, list: ScatterList, at: number, length: number, done: IoDone): void {
    this.submit({ kind: "read", offset, remaining: length, list, at, done });
  }

  /** Writes `length` bytes of `list`, from its byte `at` on, to `offset` of the disk. */
  write(offset: number, list: ScatterList, at: number, length: number, done: IoDone): void {
    this.submit({ kind: "write", offset, remaining: length, list, at, done });
  }

  /** Writes zeroes. */
  zero(offset: number, length: number, done: IoDone): void {
    this.submit({ kind: "zero", offset, remaining: length, list: undefined, at: 0, done });
  }

  /** Nobody hears of what is under way any more (reset). The disk may still use the buffers, so they are given up. */
  cancel(): void {
    this.waiting.length = 0;
    for (const operation of this.active) operation.cancel();
    this.active.clear();
  }

  private submit(transfer: Transfer): void {
    this.waiting.push(transfer);
    this.startWaiting();
  }

  private startWaiting(): void {
    while (this.active.size < MAX_ACTIVE_PIECES) {
      const transfer = this.waiting.shift();
      if (transfer === undefined) return;
      this.startPiece(transfer);
    }
  }

  private startPiece(transfer: Transfer): void {
    const length = Math.min(transfer.remaining, PIECE_BYTES);
    const pool = length <= SMALL_PIECE_BYTES ? this.small : this.large;
    const buffer = transfer.kind === "zero" ? this.zeroBuffer() : pool.take();
    const piece = buffer.subarray(0, length);
    const operation = this.begin(transfer, piece, (error) => {
      this.active.delete(operation);
      if (!error && transfer.kind === "read") transfer.list?.write(transfer.at, piece);
      if (transfer.kind !== "zero") pool.give(buffer);
      this.pieceDone(transfer, length, error);
    });
    this.active.add(operation);
  }

  private begin(transfer: Transfer, piece: Uint8Array, done: IoDone): IoOperation {
    if (transfer.kind === "read") return this.disk.read(transfer.offset, piece, done);
    if (transfer.kind === "write") transfer.list?.read(transfer.at, piece);
    return this.disk.write(transfer.offset, piece, done);
  }

  private pieceDone(transfer: Transfer, length: number, error: Error | undefined): void {
    transfer.offset += length;
    transfer.at += length;
    transfer.remaining -= length;
    if (error || transfer.remaining === 0) transfer.done(error);
    else this.waiting.push(transfer);
    this.startWaiting();
  }

  private zeroBuffer(): Uint8Array {
    this.zeroes ??= new Uint8Array(PIECE_BYTES);
    return this.zeroes;
  }
}

/** Buffers of one size, some of which are kept for the next taker. */
class BufferPool {
  private readonly free: Uint8Array[] = [];

  constructor(private readonly sizeBytes: number) {}

  take(): Uint8Array {
    return this.free.pop() ?? new Uint8Array(this.sizeBytes);
  }

  give(buffer: Uint8Array): void {
    if (this.free.length < BUFFERS_KEPT) this.free.push(buffer);
  }
}
