/**
 * What disks and packet devices have in common: registers, the status of a command, its interrupt, resets.
 * Document: ATA/ATAPI-7 volumes 1 and 2. Power modes have no effect but on what CHECK POWER MODE answers.
 */
import type { AccessSize } from "../../bus/addressSpace.ts";
import type { Disk } from "../../bus/disk.ts";
import { anything, bool, type Checked, object, u8 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import { AtaError, AtaReg, DIAGNOSTIC_PASSED, Feature, Status } from "./ataRegisters.ts";
import { DATA_TRANSFER_STATE, DataTransfer, type DmaPort, type TransferOwner } from "./dataTransfer.ts";
import { TASK_FILE_STATE, TaskFile } from "./taskFile.ts";

const DRIVE_STATE = object({
  task: TASK_FILE_STATE,
  status: u8,
  error: u8,
  interrupt: bool,
  transferMode: u8,
  transfer: DATA_TRANSFER_STATE,
  own: anything,
});
export type DriveState = Checked<typeof DRIVE_STATE>;
export const IDE_DRIVE_STATE = DRIVE_STATE;

/** SET TRANSFER MODE: the highest that are offered of the kinds in bits 7-3 (ATA/ATAPI-7 volume 1, 6.47). */
const TRANSFER_MODE_LIMITS: Readonly<Record<number, number>> = { 0: 1, 1: 4, 4: 2, 8: 5 };
export const MULTIWORD_DMA = 0x20;
export const ULTRA_DMA = 0x40;
/** What a drive begins with where nothing is set: the fastest. */
const POWER_ON_TRANSFER_MODE = ULTRA_DMA | 5;

export interface DriveWiring {
  disk: Disk;
  dma: DmaPort;
  /** `interrupt` changed. */
  onInterrupt: () => void;
}

export abstract class IdeDrive implements TransferOwner {
  readonly task = new TaskFile();
  readonly disk: Disk;
  readonly dma: DmaPort;
  protected readonly transfer = new DataTransfer(this);
  /** A value of SET TRANSFER MODE. */
  protected transferMode = POWER_ON_TRANSFER_MODE;
  protected status = 0;
  protected error = 0;
  private interruptPending = false;

  constructor(private readonly wiring: DriveWiring) {
    this.disk = wiring.disk;
    this.dma = wiring.dma;
  }

  /** INTRQ, before nIEN and selection. */
  get interrupt(): boolean {
    return this.interruptPending;
  }

  /** A command is at work or wants data: registers take no new values. */
  get isBusy(): boolean {
    return (this.status & (Status.Busy | Status.DataRequest)) !== 0;
  }

  /** The error, parameter and status registers; the status as the alternate status shows it. */
  readRegister(register: number, highOrder: boolean): number {
    if (register === AtaReg.Command) return this.status;
    if (register === AtaReg.Features) return this.error;
    return this.task.read(register, highOrder);
  }

  /** Reading the status register itself takes the interrupt back. */
  acknowledge(): void {
    this.setInterrupt(false);
  }

  readData(size: AccessSize): number {
    return this.transfer.read(size);
  }

  writeData(value: number, size: AccessSize): void {
    this.transfer.write(value, size);
  }

  readDataBlock(size: AccessSize, target: Uint8Array): number {
    return this.transfer.readBlock(size, target);
  }

  writeDataBlock(size: AccessSize, source: Uint8Array): number {
    return this.transfer.writeBlock(size, source);
  }

  dmaStarted(): void {
    this.transfer.dmaStarted();
  }

  /** The host wrote the command register. */
  command(code: number): void {
    if (this.isBusy && !this.interrupts(code)) {
      trace(this.disk.name, `command ${code.toString(16)} while busy`);
      return;
    }
    this.setInterrupt(false);
    this.error = 0;
    this.status &= ~(Status.Error | Status.DeviceFault);
    if (!this.execute(code)) {
      trace(this.disk.name, `command ${code.toString(16)} is not supported`);
      this.abort();
    }
  }

  /** While SRST is set. */
  holdInReset(): void {
    this.cancel();
    this.status = Status.Busy;
  }

  /** The end of SRST, or of the hardware's reset at power-on. */
  softReset(): void {
    this.cancel();
    this.setInterrupt(false);
    this.showSignature();
  }

  powerOn(): void {
    this.transferMode = POWER_ON_TRANSFER_MODE;
    this.task.reset();
    this.resetOwn();
    this.softReset();
  }

  /** EXECUTE DEVICE DIAGNOSTIC: all drives of the channel answer it. */
  diagnose(): void {
    this.cancel();
    this.showSignature();
  }

  requestInterrupt(): void {
    this.setInterrupt(true);
  }

  save(): DriveState {
    const { status, error, interrupt, transferMode } = this;
    const [task, transfer, own] = [this.task.save(), this.transfer.save(), this.saveOwn()];
    return { task, status, error, interrupt, transferMode, transfer, own };
  }

  /** Throws where `own` is malformed; else returns what puts all in force. No edge is raised. */
  prepareRestore(state: DriveState): () => void {
    const applyOwn = this.parseOwn(state.own);
    return () => {
      this.cancel();
      this.task.restore(state.task);
      this.status = state.status;
      this.error = state.error;
      this.interruptPending = state.interrupt;
      this.transferMode = state.transferMode;
      applyOwn();
      this.transfer.restore(state.transfer);
    };
  }

  mediumBusy(): void {
    this.status = (this.status | Status.Busy) & ~Status.DataRequest;
  }

  abstract dataRequested(bytes: number, first: boolean): void;
  abstract transferCompleted(): void;
  abstract transferFailed(offset: number): void;

  /** Status of a drive that has nothing to do. */
  protected abstract readonly idleStatus: number;
  protected abstract readonly signature: readonly [number, number];
  /** Begins a command; false if there is none such. */
  protected abstract execute(code: number): boolean;
  /** Commands that a busy drive takes too. */
  protected interrupts(_code: number): boolean {
    return false;
  }

  protected abstract resetOwn(): void;
  protected abstract saveOwn(): unknown;
  protected abstract parseOwn(state: unknown): () => void;
  /** What the drive does beside the data transfer is to be forgotten. */
  protected abstract cancelOwn(): void;

  /** A command that the drive does not know, or with parameters that it does not take. */
  protected abort(): void {
    this.fail(AtaError.Abort);
  }

  protected fail(error: number): void {
    this.error = error;
    this.finish(Status.Error);
  }

  /** The end of a command: its status, and an interrupt. */
  protected finish(extraStatus = 0): void {
    this.status = Status.Ready | this.idleStatus | extraStatus;
    this.setInterrupt(true);
  }

  protected setInterrupt(pending: boolean): void {
    if (this.interruptPending === pending) return;
    this.interruptPending = pending;
    this.wiring.onInterrupt();
  }

  /** SET FEATURES subcommands that disks and packet devices share; false for others. */
  protected setFeature(): boolean {
    const { features, sectorCount } = this.task;
    switch (features) {
      case Feature.SetTransferMode: {
        const limit = TRANSFER_MODE_LIMITS[sectorCount >> 3];
        if (limit === undefined || (sectorCount & 7) > limit) return false;
        // PIO modes are about the data register's timing, and leave the DMA mode.
        if (sectorCount >= MULTIWORD_DMA) this.transferMode = sectorCount;
        return true;
      }
      case Feature.EnableLookAhead:
      case Feature.DisableLookAhead:
      case Feature.EnableRevert:
      case Feature.DisableRevert:
        return true;
      default:
        return false;
    }
  }

  private cancel(): void {
    this.transfer.cancel();
    this.cancelOwn();
  }

  private showSignature(): void {
    this.error = DIAGNOSTIC_PASSED;
    this.status = this.idleStatus;
    this.task.setSignature(this.signature);
  }
}
