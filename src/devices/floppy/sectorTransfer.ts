/**
 * The execution phase of the commands that move data: sector after sector of one cylinder, between the disk and the host, until
 * terminal count or the last sector that the command names. Document: 82077AA datasheet (290166), 5.1.
 *
 * A whole track's part is one operation on the medium. What lies beyond the end of an image that is shorter than its format
 * reads as zeroes and cannot be written.
 */
import type { IoOperation } from "../../bus/ioScheduler.ts";
import { bool, bytes, type Checked, nullable, object, u8, u16 } from "../../bus/savedState.ts";
import { Configure, HEAD_SELECT, MULTI_TRACK, SKIP, St0, St1, St2 } from "./fdcCommands.ts";
import type { FloppyDrive } from "./floppyDrive.ts";
import { FLOPPY_SECTOR_BYTES } from "./floppyFormats.ts";

/** Sector size code of 512 bytes, the only one there is. */
export const SIZE_CODE = 2;
const MAX_TRACK_BYTES = 64 * FLOPPY_SECTOR_BYTES;
/** Bytes for each sector that FORMAT TRACK gets from the host. */
const FORMAT_ID_BYTES = 4;

export interface SectorAddress {
  cylinder: number;
  head: number;
  sector: number;
}

/** Channel 2 of the DMA controller. */
export interface FloppyDma {
  /** Bytes taken or given: fewer than asked for at terminal count, 0 where the channel is closed. */
  toMemory(source: Uint8Array): number;
  fromMemory(target: Uint8Array): number;
  readonly atTerminalCount: boolean;
}

export interface TransferResult {
  st0: number;
  st1: number;
  st2: number;
  address: SectorAddress;
}

export interface TransferHost {
  readonly dma: FloppyDma;
  /** The data goes through the FIFO, which has something to give or to take. */
  fifoReady(): void;
  finished(result: TransferResult): void;
}

export interface TransferRequest {
  kind: "read" | "write" | "format";
  /** The bytes of the command. */
  command: readonly number[];
  drive: FloppyDrive;
  nonDma: boolean;
  configure: number;
  /** Selected by CCR or DSR. */
  rate: number;
}

const STATE = object({
  writes: bool,
  formats: bool,
  nonDma: bool,
  multiTrack: bool,
  /** READ DELETED DATA ends with the first sector that is none. */
  single: bool,
  fill: u8,
  cylinder: u8,
  head: u8,
  sector: u8,
  lastSector: u8,
  length: u16,
  position: u16,
  /** Bytes that came from the host before it ended the transfer. */
  moved: u16,
  terminal: bool,
  inFlight: bool,
});
type State = Checked<typeof STATE>;
export const SECTOR_TRANSFER_STATE = nullable(object({ state: STATE, buffer: bytes(MAX_TRACK_BYTES) }));
export type SectorTransferState = Checked<typeof SECTOR_TRANSFER_STATE>;

export class SectorTransfer {
  private state: State | undefined;
  private buffer = new Uint8Array(0);
  private drive: FloppyDrive | undefined;
  private operation: IoOperation | undefined;

  constructor(private readonly host: TransferHost) {}

  /** Data for or from the FIFO; false while DMA or the disk is at work. */
  get wantsFifo(): boolean {
    return this.state?.nonDma === true && !this.state.inFlight;
  }

  get isToHost(): boolean {
    return this.state?.writes === false;
  }

  begin(request: TransferRequest): void {
    const { command, drive, kind } = request;
    this.drive = drive;
    const formats = kind === "format";
    this.state = {
      ...{ writes: kind !== "read", formats, nonDma: request.nonDma },
      ...{ multiTrack: !formats && (command[0] & MULTI_TRACK) !== 0, single: false, fill: formats ? command[5] : 0 },
      ...(formats ? formatRange(command, drive) : dataRange(command)),
      ...{ length: 0, position: 0, moved: 0, terminal: false, inFlight: false },
    };
    const { state } = this;
    // A track is read from its beginning; for "deleted" data the first sector is the last, as it is not.
    if ((command[0] & 0x1f) === READ_TRACK) state.sector = 1;
    if ((command[0] & 0x1f) === READ_DELETED && (command[0] & SKIP) === 0) state.single = true;
    if (!this.refuses(request, state)) this.beginTrack(state);
  }

  /** VERIFY: finds the sectors, and moves nothing. */
  verify(request: TransferRequest, sectors: number): void {
    this.begin({ ...request, nonDma: true, kind: "read" });
    const { state, drive } = this;
    if (!state) return;
    const last = state.sector + sectors - 1;
    this.cancel();
    this.drive = drive;
    if (drive?.offsetOf(state.head, Math.min(last, state.lastSector)) === undefined)
      this.end(state, St1.NoData, 0, state.sector);
    else this.end(state, 0, 0, Math.min(last, state.lastSector) + 1);
  }

  cancel(): void {
    this.operation?.cancel();
    this.operation = undefined;
    if (this.state?.inFlight) this.buffer = new Uint8Array(0);
    this.state = undefined;
  }

  readFifo(): number {
    const { state } = this;
    if (!state) return 0;
    const value = this.buffer[state.position];
    this.advanceFifo(state);
    return value;
  }

  writeFifo(value: number): void {
    const { state } = this;
    if (!state) return;
    this.buffer[state.position] = value;
    this.advanceFifo(state);
  }

  save(): SectorTransferState {
    const { state } = this;
    if (!state) return null;
    const valid = state.inFlight && !state.writes ? 0 : state.length;
    return { state: { ...state }, buffer: this.buffer.slice(0, valid) };
  }

  /** `drive` is the one that the command was for. */
  restore(saved: SectorTransferState, drive: FloppyDrive | undefined): void {
    this.cancel();
    if (!saved || !drive) return;
    this.drive = drive;
    this.state = { ...saved.state };
    this.buffer = new Uint8Array(this.state.length);
    this.buffer.set(saved.buffer.subarray(0, this.state.length));
    if (!this.state.inFlight) return;
    if (this.state.writes) this.writeSectors(this.state);
    else this.readSectors(this.state);
  }

  /** Ends the command at once where the disk cannot be as the command says. */
  private refuses(request: TransferRequest, state: State): boolean {
    const { drive, command, configure, rate } = request;
    const { format } = drive;
    if (!format || rate !== format.rate) return this.end(state, St1.MissingAddressMark, 0, state.sector);
    if ((configure & Configure.ImpliedSeek) !== 0 && !state.formats) drive.moveTo(state.cylinder);
    if (state.writes && drive.disk.readOnly) return this.end(state, St1.NotWritable, 0, state.sector);
    const fits = state.formats
      ? command[2] === SIZE_CODE && command[3] === format.sectors
      : command[5] === SIZE_CODE && command[3] === headOf(command);
    if (!fits || state.head >= format.heads) return this.end(state, St1.NoData, 0, state.sector);
    if (state.cylinder !== drive.cylinder) return this.end(state, St1.NoData, St2.WrongCylinder, state.sector);
    return false;
  }

  /** The part of the transfer that lies on one track. */
  private beginTrack(state: State): void {
    const { drive } = this;
    const last = Math.min(state.lastSector, drive?.format?.sectors ?? 0);
    const sectors = state.single ? 1 : last - state.sector + 1;
    if (sectors < 1 || drive?.offsetOf(state.head, state.sector) === undefined) {
      this.end(state, St1.NoData, 0, state.sector);
      return;
    }
    state.length = sectors * (state.formats ? FORMAT_ID_BYTES : FLOPPY_SECTOR_BYTES);
    state.position = 0;
    this.buffer = new Uint8Array(state.length);
    if (!state.writes) this.readSectors(state);
    else if (state.nonDma) this.host.fifoReady();
    else this.fetchByDma(state);
  }

  private readSectors(state: State): void {
    const { drive, buffer } = this;
    const offset = drive?.offsetOf(state.head, state.sector) ?? 0;
    const { disk } = drive as FloppyDrive;
    const there = Math.max(0, Math.min(state.length, disk.sizeBytes - offset));
    state.inFlight = true;
    this.operation = disk.read(Math.min(offset, disk.sizeBytes), buffer.subarray(0, there), (error) => {
      state.inFlight = false;
      if (error) this.end(state, St1.DataError, St2.DataError, state.sector);
      else if (state.nonDma) this.host.fifoReady();
      else {
        state.moved = this.host.dma.toMemory(buffer.subarray(0, state.length));
        state.terminal = this.host.dma.atTerminalCount;
        this.trackDone(state);
      }
    });
  }

  private fetchByDma(state: State): void {
    const { dma } = this.host;
    state.moved = dma.fromMemory(this.buffer.subarray(0, state.length));
    state.terminal = dma.atTerminalCount;
    if (state.moved === 0) this.end(state, St1.Overrun, 0, state.sector);
    else this.writeSectors(state);
  }

  /** Writes what came; the rest of a sector that came in part is zeroes. */
  private writeSectors(state: State): void {
    const { drive } = this;
    const { disk } = drive as FloppyDrive;
    const data = state.formats ? this.formattedTrack(state) : this.buffer;
    const unit = state.formats ? FORMAT_ID_BYTES : FLOPPY_SECTOR_BYTES;
    const length = Math.ceil(state.moved / unit) * FLOPPY_SECTOR_BYTES;
    const offset = drive?.offsetOf(state.head, state.sector) ?? 0;
    if (offset + length > disk.sizeBytes) {
      this.end(state, St1.NoData, 0, state.sector);
      return;
    }
    state.inFlight = true;
    this.operation = disk.write(offset, data.subarray(0, length), (error) => {
      state.inFlight = false;
      if (error) this.end(state, St1.DataError, St2.DataError, state.sector);
      else this.trackDone(state);
    });
  }

  /** Sectors with the fill byte; those whose addresses are not the format's would not be found, and stay as they are filled. */
  private formattedTrack(state: State): Uint8Array {
    return new Uint8Array((state.length / FORMAT_ID_BYTES) * FLOPPY_SECTOR_BYTES).fill(state.fill);
  }

  private advanceFifo(state: State): void {
    state.position++;
    const { position } = state;
    if (position < state.length) {
      if (position % FLOPPY_SECTOR_BYTES === 0) this.host.fifoReady();
      return;
    }
    state.moved = state.length;
    if (state.writes) this.writeSectors(state);
    else this.trackDone(state);
  }

  private trackDone(state: State): void {
    const unit = state.formats ? FORMAT_ID_BYTES : FLOPPY_SECTOR_BYTES;
    const next = state.sector + Math.ceil(state.moved / unit);
    const mark = state.single ? St2.ControlMark : 0;
    if (state.moved === 0) this.end(state, St1.Overrun, 0, state.sector);
    else if (state.moved < state.length || state.terminal || state.formats || state.single)
      this.end(state, 0, mark, next);
    else if (next <= state.lastSector) this.end(state, St1.NoData, 0, next);
    else if (state.multiTrack && state.head === 0 && (this.drive?.format?.heads ?? 1) > 1) {
      state.head = 1;
      state.sector = 1;
      this.beginTrack(state);
    } else this.end(state, St1.EndOfCylinder, 0, next);
  }

  /** The result phase. `next` is the sector after the last that was moved (datasheet table 5-6). Always true. */
  private end(state: State, st1: number, st2: number, next: number): true {
    const address = { cylinder: state.cylinder, head: state.head, sector: next };
    if (next > state.lastSector && (st1 & ~St1.EndOfCylinder) === 0) {
      const otherHead = state.multiTrack && state.head === 0;
      address.sector = 1;
      if (state.multiTrack) address.head ^= 1;
      if (!otherHead) address.cylinder = (address.cylinder + 1) & 0xff;
    }
    this.state = undefined;
    this.operation = undefined;
    this.host.finished({ st0: st1 ? St0.Abnormal : 0, st1, st2, address });
    return true;
  }
}

const READ_TRACK = 0x02;
const READ_DELETED = 0x0c;

function headOf(command: readonly number[]): number {
  return (command[1] & HEAD_SELECT) !== 0 ? 1 : 0;
}

/** Bytes 2 to 6 of a data command: C, H, R, N and the last sector. */
function dataRange(command: readonly number[]) {
  const [, , cylinder, head, sector, , lastSector] = command;
  return { cylinder, head: head & 1, sector, lastSector };
}

/** FORMAT TRACK: all sectors of the track under the head. */
function formatRange(command: readonly number[], { cylinder }: FloppyDrive) {
  return { cylinder, head: headOf(command), sector: 1, lastSector: command[3] };
}
