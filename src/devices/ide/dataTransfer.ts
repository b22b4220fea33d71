/**
 * The data phase of a command: between the host (data register or bus master) and the medium or a buffer of the drive. It asks
 * for a piece of the medium at a time, so that a transfer of any length takes a bounded buffer.
 *
 * What is under way when the state is saved is saved as what there was to do, and begun again by `restore`.
 */
import type { AccessSize } from "../../bus/addressSpace.ts";
import { allOnes } from "../../bus/claimedRange.ts";
import type { Disk } from "../../bus/disk.ts";
import type { IoOperation } from "../../bus/ioScheduler.ts";
import { bool, bytes, type Checked, nullable, object, u8, uint } from "../../bus/savedState.ts";

/** The bus master as a drive sees it. */
export interface DmaPort {
  /** The host has started it, for transfers in this direction. */
  isReady(toHost: boolean): boolean;
  /** Store or fetch what they can; fewer bytes than asked for when the host has provided no more room. */
  toMemory(source: Uint8Array): number;
  fromMemory(target: Uint8Array): number;
}

/** The drive whose transfer it is. */
export interface TransferOwner {
  readonly disk: Disk;
  readonly dma: DmaPort;
  /** The host may now move `bytes` bytes through the data register. */
  dataRequested(bytes: number, first: boolean): void;
  /** The medium is at work. */
  mediumBusy(): void;
  transferCompleted(): void;
  /** `offset` is where the part of the medium begins that could not be read or written. */
  transferFailed(offset: number): void;
  /** What the host is to see of sectors of the medium, where that is not the bytes themselves. */
  formSectors?(form: number, offset: number, data: Uint8Array): Uint8Array;
}

export interface TransferWay {
  dma: boolean;
  /** The most that goes through the data register at once. */
  blockBytes: number;
}

export interface MediumRange {
  offset: number;
  bytes: number;
  /** For `formSectors`; 0 for the bytes as they are. */
  form?: number;
}

const PIO_READ_AHEAD_BYTES = 0x1_0000;
const DMA_PIECE_BYTES = 0x10_0000;
/** No buffer is longer: 2,448 bytes for each 2,048 of a compact disc. */
const MAX_BUFFER_BYTES = 2 * DMA_PIECE_BYTES;

const STATE = object({
  toHost: bool,
  dma: bool,
  /** The data is of the medium; else of the buffer alone. */
  medium: bool,
  form: u8,
  blockBytes: uint,
  /** What is left to do on the medium. */
  offset: uint,
  left: uint,
  /** Valid bytes of the buffer, how far the host has come, and where it pauses. */
  length: uint,
  position: uint,
  blockEnd: uint,
  /** The medium is at work on the buffer. */
  inFlight: bool,
});
type State = Checked<typeof STATE>;
export const DATA_TRANSFER_STATE = nullable(object({ state: STATE, buffer: bytes(MAX_BUFFER_BYTES) }));
export type DataTransferState = Checked<typeof DATA_TRANSFER_STATE>;

export class DataTransfer {
  private state: State | undefined;
  private buffer: Uint8Array = new Uint8Array(0);
  private operation: IoOperation | undefined;

  constructor(private readonly owner: TransferOwner) {}

  /** From the medium to the host. */
  readMedium(range: MediumRange, way: TransferWay): void {
    this.begin(true, range, way);
    this.owner.mediumBusy();
    this.readPiece();
  }

  /** From the host to the medium. */
  writeMedium(range: MediumRange, way: TransferWay): void {
    this.begin(false, range, way);
    this.expectPiece(true);
  }

  /** A reply of the drive to the host. */
  reply(data: Uint8Array, way: TransferWay): void {
    const state = this.begin(true, undefined, way);
    this.buffer = data;
    state.length = data.length;
    this.offer(true);
  }

  /** Parameters from the host: `received` has them when the transfer is completed. */
  receive(length: number, way: TransferWay): void {
    const state = this.begin(false, undefined, way);
    this.buffer = new Uint8Array(length);
    state.length = length;
    this.offer(true);
  }

  get isToHost(): boolean {
    return this.state?.toHost ?? false;
  }

  get received(): Uint8Array {
    return this.buffer;
  }

  /** Nobody hears of it any more. */
  cancel(): void {
    this.operation?.cancel();
    this.operation = undefined;
    // A backend may still be at work on the buffer.
    if (this.state?.inFlight) this.buffer = new Uint8Array(0);
    this.state = undefined;
  }

  /** The host reads the data register. */
  read(size: AccessSize): number {
    const { state, buffer } = this;
    if (!state || state.inFlight || state.dma || !state.toHost) return allOnes(size);
    const at = state.position;
    const width = size === 4 && state.blockEnd - at > 2 ? 4 : 2;
    let value = buffer[at] | ((buffer[at + 1] ?? 0) << 8);
    if (width === 4) value |= ((buffer[at + 2] ?? 0) << 16) | ((buffer[at + 3] ?? 0) << 24);
    this.advance(state, width);
    return value >>> 0;
  }

  /** The host writes the data register. */
  write(value: number, size: AccessSize): void {
    const { state, buffer } = this;
    if (!state || state.inFlight || state.dma || state.toHost) return;
    const at = state.position;
    const width = Math.min(size === 4 ? 4 : 2, state.blockEnd - at);
    for (let byte = 0; byte < width; byte++) buffer[at + byte] = value >>> (8 * byte);
    this.advance(state, width);
  }

  /** The host reads the data register again and again: how many bytes went to `target`. */
  readBlock(size: AccessSize, target: Uint8Array): number {
    const { state } = this;
    if (size === 1 || !state || state.inFlight || state.dma || !state.toHost) return 0;
    const length = wholeUnits(Math.min(target.length, state.blockEnd - state.position), size);
    if (length > 0) {
      target.set(this.buffer.subarray(state.position, state.position + length));
      this.advance(state, length);
    }
    return length;
  }

  /** The host writes the data register again and again: how many bytes of `source` were taken. */
  writeBlock(size: AccessSize, source: Uint8Array): number {
    const { state } = this;
    if (size === 1 || !state || state.inFlight || state.dma || state.toHost) return 0;
    const length = wholeUnits(Math.min(source.length, state.blockEnd - state.position), size);
    if (length > 0) {
      this.buffer.set(source.subarray(0, length), state.position);
      this.advance(state, length);
    }
    return length;
  }

  /** The bus master was started. */
  dmaStarted(): void {
    if (this.state?.dma && !this.state.inFlight) this.moveByDma();
  }

  save(): DataTransferState {
    const { state } = this;
    if (!state) return null;
    const valid = state.inFlight && state.toHost ? 0 : state.length;
    return { state: { ...state }, buffer: this.buffer.slice(0, valid) };
  }

  restore(saved: DataTransferState): void {
    this.cancel();
    if (!saved) return;
    this.state = { ...saved.state };
    const { state } = this;
    this.buffer = saved.buffer.slice();
    if (!state.inFlight) return;
    if (state.toHost) this.readPiece();
    else this.writePiece();
  }

  private begin(toHost: boolean, range: MediumRange | undefined, { dma, blockBytes }: TransferWay): State {
    this.cancel();
    const { offset, bytes: left, form = 0 } = range ?? { offset: 0, bytes: 0 };
    const medium = range !== undefined;
    const nothing = { length: 0, position: 0, blockEnd: 0, inFlight: false };
    this.state = { toHost, dma, medium, form, blockBytes, offset, left, ...nothing };
    return this.state;
  }

  private bufferOf(length: number): Uint8Array {
    if (this.buffer.length < length) this.buffer = new Uint8Array(length);
    return this.buffer;
  }

  private readPiece(): void {
    const { state, owner } = this;
    if (!state) return;
    const length = Math.min(state.left, state.dma ? DMA_PIECE_BYTES : PIO_READ_AHEAD_BYTES);
    const target = this.bufferOf(length).subarray(0, length);
    state.inFlight = true;
    this.operation = owner.disk.read(state.offset, target, (error) => {
      state.inFlight = false;
      if (error) {
        this.fail(state);
        return;
      }
      const seen = state.form ? owner.formSectors?.(state.form, state.offset, target) : undefined;
      if (seen) this.buffer = seen;
      state.length = seen?.length ?? length;
      state.offset += length;
      state.left -= length;
      this.offer(true);
    });
  }

  /** Makes room for what the host is to send next. */
  private expectPiece(first: boolean): void {
    const { state } = this;
    if (!state) return;
    state.length = Math.min(state.left, state.dma ? DMA_PIECE_BYTES : state.blockBytes);
    this.bufferOf(state.length);
    this.offer(first);
  }

  private writePiece(): void {
    const { state, owner } = this;
    if (!state) return;
    const { length } = state;
    state.inFlight = true;
    this.operation = owner.disk.write(state.offset, this.buffer.subarray(0, length), (error) => {
      state.inFlight = false;
      if (error) {
        this.fail(state);
        return;
      }
      state.offset += length;
      state.left -= length;
      if (state.left > 0) this.expectPiece(false);
      else this.complete();
    });
  }

  /** The buffer is ready for the host, from its beginning. */
  private offer(first: boolean): void {
    const { state } = this;
    if (!state) return;
    state.position = 0;
    if (state.dma) this.moveByDma();
    else this.requestBlock(state, first);
  }

  private requestBlock(state: State, first: boolean): void {
    state.blockEnd = Math.min(state.position + state.blockBytes, state.length);
    this.owner.dataRequested(state.blockEnd - state.position, first);
  }

  private advance(state: State, width: number): void {
    state.position += width;
    if (state.position < state.blockEnd) return;
    if (state.position < state.length) this.requestBlock(state, false);
    else this.bufferDone(state);
  }

  private moveByDma(): void {
    const { state, buffer } = this;
    const { dma } = this.owner;
    if (!state || !dma.isReady(state.toHost)) return;
    const rest = buffer.subarray(state.position, state.length);
    state.position += state.toHost ? dma.toMemory(rest) : dma.fromMemory(rest);
    // Where the host provided too little room the transfer hangs, until a reset or another table.
    if (state.position >= state.length) this.bufferDone(state);
  }

  private bufferDone(state: State): void {
    if (!state.medium || (state.toHost && state.left === 0)) {
      this.complete();
      return;
    }
    this.owner.mediumBusy();
    if (state.toHost) this.readPiece();
    else this.writePiece();
  }

  private complete(): void {
    this.state = undefined;
    this.operation = undefined;
    this.owner.transferCompleted();
  }

  private fail({ offset }: State): void {
    this.state = undefined;
    this.operation = undefined;
    this.owner.transferFailed(offset);
  }
}

function wholeUnits(bytes: number, size: AccessSize): number {
  return bytes - (bytes % size);
}
