/** The NVM command set on one disk. Document: NVM Express 1.4, chapter 6. */
import type { Disk } from "../../bus/disk.ts";
import { DiskDma } from "../../bus/diskDma.ts";
import { getUint64 } from "../../bus/guestWords.ts";
import type { IoDone, IoOperation } from "../../bus/ioScheduler.ts";
import type { ScatterList } from "../../bus/scatterList.ts";
import type { NvmeCounters } from "./identify.ts";
import type { NvmeCommand } from "./nvmeCommand.ts";
import { ALL_NAMESPACES, Io, LBA_BYTES, MAX_TRANSFER_BYTES, NAMESPACE, NvmeStatus } from "./nvmeRegisters.ts";

export interface NvmeIoOptions {
  disk: Disk;
  /** The command's data in guest memory; throws a PrpError. */
  resolve: (command: NvmeCommand, length: number) => ScatterList;
  isWriteThrough: () => boolean;
}

/** Called once, when the command is over. */
export type CommandDone = (status: number) => void;

const FORCE_UNIT_ACCESS = 0x4000_0000;
const RANGE_BYTES = 16;
const RANGE_LENGTH = 4;
const RANGE_START = 8;
const ATTRIBUTE_DEALLOCATE = 4;

export class NvmeIo {
  readonly counters: NvmeCounters = { reads: 0, writes: 0, blocksRead: 0, blocksWritten: 0 };
  private readonly dma: DiskDma;
  private readonly operations = new Set<IoOperation>();

  constructor(private readonly options: NvmeIoOptions) {
    this.dma = new DiskDma(options.disk);
  }

  get blocks(): number {
    return Math.floor(this.options.disk.sizeBytes / LBA_BYTES);
  }

  get readOnly(): boolean {
    return this.options.disk.readOnly;
  }

  /** Begins a command; a status that is returned ends it at once, else `done` is called. Throws a PrpError. */
  execute(command: NvmeCommand, done: CommandDone): number | undefined {
    const isFlush = command.opcode === Io.Flush;
    if (command.nsid !== NAMESPACE && !(isFlush && command.nsid === ALL_NAMESPACES)) return NvmeStatus.InvalidNamespace;
    switch (command.opcode) {
      case Io.Flush:
        return this.flush(done);
      case Io.Read:
        return this.read(command, done);
      case Io.Write:
        return this.write(command, done);
      case Io.WriteZeroes:
        return this.writeZeroes(command, done);
      case Io.DatasetManagement:
        return this.manageDataset(command, done);
      default:
        return NvmeStatus.InvalidOpcode;
    }
  }

  flush(done: CommandDone): undefined {
    this.track(
      (ended) => this.options.disk.flush(ended),
      (error) => done(error ? NvmeStatus.WriteFault : NvmeStatus.Success),
    );
  }

  /** Nobody hears of what is under way any more. */
  cancel(): void {
    this.dma.cancel();
    for (const operation of this.operations) operation.cancel();
    this.operations.clear();
  }

  private read(command: NvmeCommand, done: CommandDone): number | undefined {
    const { blocks, length, wrong } = this.extent(command);
    if (wrong !== undefined) return wrong;
    if (length > MAX_TRANSFER_BYTES) return NvmeStatus.InvalidField;
    const list = this.options.resolve(command, length);
    this.counters.reads++;
    this.counters.blocksRead += blocks;
    this.dma.read(command.slba * LBA_BYTES, list, 0, length, (error) =>
      done(error ? NvmeStatus.ReadError : NvmeStatus.Success),
    );
    return undefined;
  }

  private write(command: NvmeCommand, done: CommandDone): number | undefined {
    const { blocks, length, wrong } = this.extent(command);
    if (wrong !== undefined) return wrong;
    if (length > MAX_TRANSFER_BYTES) return NvmeStatus.InvalidField;
    if (this.readOnly) return NvmeStatus.WriteProtected;
    const list = this.options.resolve(command, length);
    this.counters.writes++;
    this.counters.blocksWritten += blocks;
    this.dma.write(command.slba * LBA_BYTES, list, 0, length, (error) => this.written(command, error, done));
    return undefined;
  }

  private writeZeroes(command: NvmeCommand, done: CommandDone): number | undefined {
    const { length, wrong } = this.extent(command);
    if (wrong !== undefined) return wrong;
    if (this.readOnly) return NvmeStatus.WriteProtected;
    this.dma.zero(command.slba * LBA_BYTES, length, (error) => this.written(command, error, done));
    return undefined;
  }

  private written(command: NvmeCommand, error: Error | undefined, done: CommandDone): void {
    if (error) done(NvmeStatus.WriteFault);
    else if (this.options.isWriteThrough() || (command.cdw(12) & FORCE_UNIT_ACCESS) !== 0) this.flush(done);
    else done(NvmeStatus.Success);
  }

  /** Only deallocation does anything; the other attributes are hints (6.7). */
  private manageDataset(command: NvmeCommand, done: CommandDone): number | undefined {
    if ((command.cdw(11) & ATTRIBUTE_DEALLOCATE) === 0) return NvmeStatus.Success;
    if (this.readOnly) return NvmeStatus.WriteProtected;
    const count = (command.cdw(10) & 0xff) + 1;
    const bytes = new Uint8Array(count * RANGE_BYTES);
    this.options.resolve(command, bytes.length).read(0, bytes);
    const view = new DataView(bytes.buffer);
    const ranges = Array.from({ length: count }, (_unused, index) => ({
      start: getUint64(view, index * RANGE_BYTES + RANGE_START),
      blocks: view.getUint32(index * RANGE_BYTES + RANGE_LENGTH, true),
    }));
    if (ranges.some(({ start, blocks }) => start + blocks > this.blocks)) return NvmeStatus.LbaOutOfRange;
    this.discardNext(
      ranges.filter(({ blocks }) => blocks > 0),
      done,
    );
    return undefined;
  }

  private discardNext([range, ...rest]: { start: number; blocks: number }[], done: CommandDone): void {
    if (range === undefined) {
      done(NvmeStatus.Success);
      return;
    }
    this.track(
      (ended) => this.options.disk.discard(range.start * LBA_BYTES, range.blocks * LBA_BYTES, ended),
      (error) => {
        if (error) done(NvmeStatus.WriteFault);
        else this.discardNext(rest, done);
      },
    );
  }

  /** The blocks that a command is about, and what is wrong with them. */
  private extent(command: NvmeCommand): { blocks: number; length: number; wrong: number | undefined } {
    const blocks = (command.cdw(12) & 0xffff) + 1;
    const wrong = command.slba + blocks > this.blocks ? NvmeStatus.LbaOutOfRange : undefined;
    return { blocks, length: blocks * LBA_BYTES, wrong };
  }

  private track(start: (ended: IoDone) => IoOperation, then: IoDone): void {
    const operation = start((error) => {
      this.operations.delete(operation);
      then(error);
    });
    this.operations.add(operation);
  }
}
