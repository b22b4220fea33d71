/**
 * A cable with up to two drives: the command block (eight ports), the device control register, and the interrupt. Document:
 * ATA/ATAPI-7 volume 2.
 *
 * Where no drive answers: on an empty cable, and for an absent device 0, all registers read as 7Fh, as the pull-down on DD7 makes
 * it (volume 2, 7.3). For an absent device 1 device 0 answers, with a status of 0 (9.16.1).
 */
import type { AccessSize } from "../../bus/addressSpace.ts";
import { allOnes } from "../../bus/claimedRange.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { bool, type Checked, list, nullable, object, u8 } from "../../bus/savedState.ts";
import {
  AtaReg,
  CONTROL_HIGH_ORDER,
  CONTROL_NO_INTERRUPT,
  CONTROL_SOFT_RESET,
  Command,
  DEVICE_SELECT,
} from "./ataRegisters.ts";
import { BUS_MASTER_STATE, type BusMasterChannel } from "./busMaster.ts";
import { IDE_DRIVE_STATE, type IdeDrive } from "./ideDrive.ts";

const FLOATING = 0x7f;
const DRIVES = 2;

export const IDE_CHANNEL_STATE = object({
  selected: u8,
  control: u8,
  level: bool,
  busMaster: BUS_MASTER_STATE,
  drives: list(nullable(IDE_DRIVE_STATE), DRIVES),
});
export type IdeChannelState = Checked<typeof IDE_CHANNEL_STATE>;

export class IdeChannel {
  private readonly drives: (IdeDrive | undefined)[] = Array(DRIVES).fill(undefined);
  private selected = 0;
  private control = 0;

  constructor(
    private readonly irq: IrqLine,
    readonly busMaster: BusMasterChannel,
  ) {
    busMaster.onStart = () => this.drive?.dmaStarted();
  }

  /** Plugs a drive in; it calls {@link updateInterrupt}. */
  attach(index: number, drive: IdeDrive): void {
    this.drives[index] = drive;
  }

  /** The command block. */
  read(register: number, size: AccessSize): number {
    if (register === AtaReg.Data) return this.drive?.readData(size) ?? allOnes(size);
    return eachByte(register, size, (at) => this.readByte(at));
  }

  write(register: number, value: number, size: AccessSize): void {
    if (register === AtaReg.Data) this.drive?.writeData(value, size);
    else for (let byte = 0; byte < size; byte++) this.writeByte(register + byte, (value >>> (8 * byte)) & 0xff);
  }

  /** {@link IoHandler.readBlock} and `writeBlock` of the command block: the data register alone has them. */
  readBlock(register: number, size: AccessSize, target: Uint8Array): number {
    return register === AtaReg.Data ? (this.drive?.readDataBlock(size, target) ?? 0) : 0;
  }

  writeBlock(register: number, size: AccessSize, source: Uint8Array): number {
    return register === AtaReg.Data ? (this.drive?.writeDataBlock(size, source) ?? 0) : 0;
  }

  /** The alternate status: as the status, and the interrupt stays. */
  readAlternateStatus(): number {
    return this.readRegister(AtaReg.Command);
  }

  writeControl(value: number): void {
    const fell = this.control & ~value;
    const rose = value & ~this.control;
    this.control = value;
    if (rose & CONTROL_SOFT_RESET) for (const drive of this.present) drive.holdInReset();
    if (fell & CONTROL_SOFT_RESET) {
      this.selected = 0;
      for (const drive of this.present) drive.softReset();
    }
    this.updateInterrupt();
  }

  /** INTRQ is that of the selected drive; while nIEN is set nobody drives the wire. */
  readonly updateInterrupt = (): void => {
    const asserted = (this.control & CONTROL_NO_INTERRUPT) === 0 && (this.drive?.interrupt ?? false);
    if (asserted && !this.irq.level) this.busMaster.noteInterrupt();
    this.irq.set(asserted);
  };

  reset(): void {
    this.selected = 0;
    this.control = 0;
    this.busMaster.reset();
    for (const drive of this.present) drive.powerOn();
    this.updateInterrupt();
  }

  save(): IdeChannelState {
    const { selected, control, irq, busMaster } = this;
    const drives = this.drives.map((drive) => drive?.save() ?? null);
    return { selected, control, level: irq.level, busMaster: busMaster.save(), drives };
  }

  /** Throws where a state is malformed or of other drives; else returns what puts all in force, without an edge. */
  prepareRestore(state: IdeChannelState): () => void {
    const applied = this.drives.map((drive, index) => {
      const saved = state.drives[index];
      if ((drive === undefined) !== (saved === null))
        throw new Error("the saved state is of a channel with other drives");
      return drive && saved ? drive.prepareRestore(saved) : () => {};
    });
    return () => {
      this.selected = state.selected & 1;
      this.control = state.control;
      this.irq.restoreLevel(state.level);
      this.busMaster.restore(state.busMaster);
      for (const apply of applied) apply();
    };
  }

  private get drive(): IdeDrive | undefined {
    return this.drives[this.selected];
  }

  private get present(): IdeDrive[] {
    return this.drives.filter((drive) => drive !== undefined);
  }

  private readByte(register: number): number {
    const value = this.readRegister(register);
    if (register === AtaReg.Command) this.drive?.acknowledge();
    return value;
  }

  private readRegister(register: number): number {
    const highOrder = (this.control & CONTROL_HIGH_ORDER) !== 0;
    if (this.drive) return this.drive.readRegister(register, highOrder);
    const other = this.selected === 1 ? this.drives[0] : undefined;
    if (!other) return FLOATING;
    return register === AtaReg.Command ? 0 : other.readRegister(register, highOrder);
  }

  private writeByte(register: number, value: number): void {
    this.control &= ~CONTROL_HIGH_ORDER;
    if (register === AtaReg.Command) {
      this.command(value);
      return;
    }
    // Both drives take the registers, but not while a command is at work.
    if (this.drive?.isBusy) return;
    for (const drive of this.present) drive.task.write(register, value);
    if (register === AtaReg.Device) {
      this.selected = value & DEVICE_SELECT ? 1 : 0;
      this.updateInterrupt();
    }
  }

  private command(code: number): void {
    if (code !== Command.ExecuteDiagnostic) this.drive?.command(code);
    else if (!this.drive?.isBusy) this.diagnose();
  }

  /** All drives test themselves, whichever is selected, and device 0 ends the command. */
  private diagnose(): void {
    this.selected = 0;
    for (const drive of this.present) drive.diagnose();
    this.drive?.requestInterrupt();
    this.updateInterrupt();
  }
}

function eachByte(first: number, size: AccessSize, read: (register: number) => number): number {
  let value = 0;
  for (let byte = 0; byte < size; byte++) value |= read(first + byte) << (8 * byte);
  return value >>> 0;
}
