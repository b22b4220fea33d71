/**
 * The 82077AA floppy disk controller as a PC/AT has it: registers, and the phases of a command. Document: Intel 82077AA datasheet
 * (290166). Departures: data moves as fast as the host takes it; a seek takes a fixed time; sectors have 512 bytes, and their
 * marks and gaps are not kept; a command to a drive without a disk ends with an error, where the chip would wait for an index
 * hole; SCAN is invalid. Up to two drives, as the PC has them.
 */
import type { Clock, Timer } from "../../bus/clock.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { bool, type Checked, finite, list, nullable, object, u8 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import {
  Configure,
  DIR_CHANGED,
  Dor,
  DRIVE_SELECT,
  Dsr,
  decodeCommand,
  ENHANCED_CONTROLLER,
  FdcReg,
  HEAD_SELECT,
  Msr,
  NON_DMA,
  St0,
  St1,
  St3,
} from "./fdcCommands.ts";
import { FLOPPY_DRIVE_STATE, type FloppyDrive } from "./floppyDrive.ts";
import {
  type FloppyDma,
  SECTOR_TRANSFER_STATE,
  SectorTransfer,
  SIZE_CODE,
  type TransferHost,
  type TransferRequest,
  type TransferResult,
} from "./sectorTransfer.ts";

export const MAX_DRIVES = 2;
/** Drives that the chip could select; reset interrupts are told of each. */
const DRIVES_OF_CHIP = 4;
const SEEK_NS = 1_000_000;
const RESET_NS = 20_000;
const POWER_ON_RATE = 2;
const DEFAULT_CONFIGURE = Configure.FifoOff;
const LOCKED = 0x10;
/** In VERIFY's second byte (EC): its last byte says how many sectors. */
const VERIFY_COUNT = 0x80;
const ALL_SECTORS = 0xff;
/** Registers of the PS/2 mode that never change here: no second connector, the index hole elsewhere. */
const STATUS_A_FIXED = 0x44;
const STATUS_B_FIXED = 0xc0;

export const FDC_STATE = object({
  dor: u8,
  tape: u8,
  rate: u8,
  specify: list(u8, 2),
  configure: u8,
  precompensation: u8,
  perpendicular: u8,
  lock: bool,
  /** Bytes of the command so far, of the one at work, or of its result. */
  phase: u8,
  command: list(u8),
  result: list(u8),
  /** ST0 of ends of seeks and of a reset that SENSE INTERRUPT STATUS has not told yet, by drive. */
  ended: list(nullable(u8), DRIVES_OF_CHIP),
  /** Drives whose seek is under way, and when it ends. */
  seeking: u8,
  resetting: bool,
  deadlineNs: nullable(finite),
  irq: bool,
  drives: list(nullable(FLOPPY_DRIVE_STATE), MAX_DRIVES),
  transfer: SECTOR_TRANSFER_STATE,
});
export type FdcState = Checked<typeof FDC_STATE>;

const Phase = { Command: 0, Execution: 1, Result: 2 } as const;

export interface Fdc82077Options {
  clock: Clock;
  irq: IrqLine;
  dma: FloppyDma;
  drives: readonly (FloppyDrive | undefined)[];
}

export class Fdc82077 implements TransferHost {
  readonly dma: FloppyDma;
  private readonly drives: readonly (FloppyDrive | undefined)[];
  private readonly clock: Clock;
  private readonly irq: IrqLine;
  private readonly timer: Timer;
  private readonly transfer = new SectorTransfer(this);
  private state = powerOn();

  constructor(options: Fdc82077Options) {
    this.dma = options.dma;
    this.drives = options.drives;
    this.clock = options.clock;
    this.irq = options.irq;
    this.timer = options.clock.createTimer("fdc", () => this.timeIsUp());
  }

  read(register: number): number {
    const { state } = this;
    switch (register) {
      case FdcReg.StatusA:
        return this.statusA;
      case FdcReg.StatusB:
        return STATUS_B_FIXED | ((state.dor & 1) << 5) | ((state.dor >> Dor.MotorShift) & 3);
      case FdcReg.DigitalOutput:
        return state.dor;
      case FdcReg.TapeDrive:
        return state.tape;
      case FdcReg.MainStatus:
        return this.mainStatus;
      case FdcReg.Fifo:
        return this.readFifo();
      case FdcReg.DigitalInput:
        return this.selected?.changed && this.motorIsOn ? DIR_CHANGED : 0;
      default:
        return 0xff;
    }
  }

  write(register: number, value: number): void {
    const { state } = this;
    switch (register) {
      case FdcReg.DigitalOutput:
        this.writeDor(value);
        break;
      case FdcReg.TapeDrive:
        state.tape = value & 0x03;
        break;
      case FdcReg.MainStatus:
        state.rate = value & Dsr.Rate;
        if (value & Dsr.SoftReset) {
          this.softReset();
          this.endReset();
        }
        break;
      case FdcReg.Fifo:
        this.writeFifo(value);
        break;
      case FdcReg.DigitalInput:
        state.rate = value & Dsr.Rate;
    }
  }

  fifoReady(): void {
    this.setIrq(true);
  }

  finished({ st0, st1, st2, address }: TransferResult): void {
    const { cylinder, head, sector } = address;
    const where = this.state.command[1] & (HEAD_SELECT | DRIVE_SELECT);
    this.giveResult([st0 | where, st1, st2, cylinder, head, sector, SIZE_CODE], true);
  }

  /** The hardware's reset. */
  reset(): void {
    this.timer.cancel();
    this.transfer.cancel();
    this.state = powerOn();
    for (const drive of this.drives) drive?.reset();
    this.irq.lower();
  }

  save(): FdcState {
    const { timer, irq, transfer } = this;
    const drives = Array.from({ length: MAX_DRIVES }, (_, index) => this.drives[index]?.save() ?? null);
    const live = { deadlineNs: timer.deadlineNs ?? null, irq: irq.level, drives, transfer: transfer.save() };
    return structuredClone({ ...this.state, ...live });
  }

  restore(saved: FdcState): void {
    this.state = structuredClone(saved);
    for (const [index, drive] of saved.drives.entries()) if (drive) this.drives[index]?.restore(drive);
    this.irq.restoreLevel(saved.irq);
    if (saved.deadlineNs === null) this.timer.cancel();
    else this.timer.arm(saved.deadlineNs);
    this.transfer.restore(saved.transfer, this.drives[saved.command[1] & DRIVE_SELECT]);
  }

  private get selected(): FloppyDrive | undefined {
    return this.drives[this.state.dor & Dor.DriveMask];
  }

  private get motorIsOn(): boolean {
    const { dor } = this.state;
    return (dor & (1 << (Dor.MotorShift + (dor & Dor.DriveMask)))) !== 0;
  }

  private get isNonDma(): boolean {
    return (this.state.specify[1] & NON_DMA) !== 0;
  }

  /** Interrupt pending, no track 0, head 0, write protected: the last ones active low. */
  private get statusA(): number {
    const drive = this.selected;
    const trackZero = drive?.cylinder === 0 ? 0 : 0x10;
    const writeProtect = drive?.disk.readOnly ? 0 : 0x02;
    return STATUS_A_FIXED | (this.irq.level ? 0x80 : 0) | trackZero | writeProtect;
  }

  private get mainStatus(): number {
    const { state, transfer } = this;
    if ((state.dor & Dor.NotReset) === 0) return 0;
    let status = state.seeking;
    for (const [drive, ended] of state.ended.entries()) if (ended !== null && !isReset(ended)) status |= 1 << drive;
    if (state.phase === Phase.Result) return status | Msr.Request | Msr.ToHost | Msr.Busy;
    if (state.phase === Phase.Command) return status | Msr.Request | (state.command.length > 0 ? Msr.Busy : 0);
    status |= Msr.Busy | (this.isNonDma ? Msr.NonDma : 0);
    return transfer.wantsFifo ? status | Msr.Request | (transfer.isToHost ? Msr.ToHost : 0) : status;
  }

  private writeDor(value: number): void {
    const { state } = this;
    const changed = state.dor ^ value;
    state.dor = value;
    if ((changed & Dor.NotReset) === 0) return;
    if ((value & Dor.NotReset) === 0) this.softReset();
    else this.endReset();
  }

  /** By DOR or DSR: commands are forgotten, CONFIGURE's settings too. LOCK keeps those of the FIFO, and never that of polling. */
  private softReset(): void {
    const { state } = this;
    this.timer.cancel();
    this.transfer.cancel();
    this.setIrq(false);
    if (state.lock) state.configure &= Configure.FifoOff | Configure.Threshold;
    else [state.configure, state.precompensation] = [DEFAULT_CONFIGURE, 0];
    Object.assign(state, {
      phase: Phase.Command,
      command: [],
      result: [],
      seeking: 0,
      resetting: false,
      perpendicular: 0,
    });
    state.ended.fill(null);
  }

  /** After a reset the chip polls its drives, and finds that all have changed. */
  private endReset(): void {
    this.state.resetting = true;
    this.timer.arm(this.clock.nowNs() + RESET_NS);
  }

  private timeIsUp(): void {
    const { state } = this;
    if (state.resetting) {
      state.resetting = false;
      for (let drive = 0; drive < DRIVES_OF_CHIP; drive++) state.ended[drive] = St0.ReadyChanged | drive;
    } else {
      for (let drive = 0; drive < DRIVES_OF_CHIP; drive++) {
        if ((state.seeking & (1 << drive)) === 0) continue;
        // A drive that is not there never shows track 0.
        const missing = this.drives[drive] ? 0 : St0.Abnormal | St0.EquipmentCheck;
        state.ended[drive] = St0.SeekEnd | missing | drive;
      }
      state.seeking = 0;
    }
    this.setIrq(true);
  }

  private readFifo(): number {
    const { state, transfer } = this;
    if (state.phase === Phase.Execution && transfer.wantsFifo && transfer.isToHost) {
      this.setIrq(false);
      return transfer.readFifo();
    }
    if (state.phase !== Phase.Result) return 0;
    this.setIrq(false);
    const value = state.result.shift() ?? 0;
    if (state.result.length === 0) this.expectCommand();
    return value;
  }

  private writeFifo(value: number): void {
    const { state, transfer } = this;
    if ((state.dor & Dor.NotReset) === 0) return;
    if (state.phase === Phase.Execution && transfer.wantsFifo && !transfer.isToHost) {
      this.setIrq(false);
      transfer.writeFifo(value);
      return;
    }
    if (state.phase !== Phase.Command) {
      trace("fdc", `${value.toString(16)} written while it has a command`);
      return;
    }
    state.command.push(value);
    const { bytes } = decodeCommand(state.command[0]);
    if (state.command.length === bytes) this.execute();
  }

  private execute(): void {
    const { state } = this;
    const { command } = state;
    const kind = decodeCommand(command[0]).command;
    switch (kind) {
      case "read":
      case "readDeleted":
      case "readTrack":
      case "write":
      case "format":
      case "verify":
        this.moveData(kind);
        break;
      case "readId":
        this.readId();
        break;
      case "recalibrate":
        this.seek(command[1] & DRIVE_SELECT, 0);
        break;
      case "seek":
        this.seek(command[1] & DRIVE_SELECT, command[2]);
        break;
      case "relativeSeek":
        this.seekBy(command[1] & DRIVE_SELECT, (command[0] & 0x40) !== 0 ? command[2] : -command[2]);
        break;
      case "senseInterrupt":
        this.senseInterrupt();
        break;
      case "specify":
        state.specify = command.slice(1, 3);
        this.expectCommand();
        break;
      case "configure":
        [state.configure, state.precompensation] = command.slice(2, 4);
        this.expectCommand();
        break;
      case "perpendicular":
        // Without OW only the gap and write gate bits change.
        state.perpendicular = command[1] & 0x80 ? command[1] & 0x3f : (state.perpendicular & 0x3c) | (command[1] & 3);
        this.expectCommand();
        break;
      case "senseDrive":
        this.giveResult([this.statusThree(command[1])]);
        break;
      case "dumpRegisters":
        this.giveResult(this.registers());
        break;
      case "version":
        this.giveResult([ENHANCED_CONTROLLER]);
        break;
      case "lock":
        state.lock = (command[0] & 0x80) !== 0;
        this.giveResult([state.lock ? LOCKED : 0]);
        break;
      default:
        trace("fdc", `invalid command ${command[0].toString(16)}`);
        this.giveResult([St0.Invalid]);
    }
  }

  private moveData(kind: "read" | "readDeleted" | "readTrack" | "write" | "format" | "verify"): void {
    const { state } = this;
    const { command, configure, rate } = state;
    const drive = this.drives[command[1] & DRIVE_SELECT];
    state.phase = Phase.Execution;
    if (!drive) {
      const address = { cylinder: command[2], head: 0, sector: 1 };
      this.finished({ st0: St0.Abnormal, st1: St1.MissingAddressMark, st2: 0, address });
      return;
    }
    const direction = kind === "write" || kind === "format" ? kind : "read";
    const request: TransferRequest = { kind: direction, command, drive, nonDma: this.isNonDma, configure, rate };
    if (kind === "verify") this.transfer.verify(request, command[1] & VERIFY_COUNT ? command[8] : ALL_SECTORS);
    else this.transfer.begin(request);
  }

  private readId(): void {
    const { command, rate } = this.state;
    const drive = this.drives[command[1] & DRIVE_SELECT];
    const head = command[1] & HEAD_SELECT ? 1 : 0;
    const address = { cylinder: drive?.cylinder ?? 0, head, sector: 1 };
    const found = drive?.format?.rate === rate && drive.offsetOf(head, 1) !== undefined;
    const st1 = found ? 0 : St1.MissingAddressMark;
    this.finished({ st0: found ? 0 : St0.Abnormal, st1, st2: 0, address });
  }

  private seekBy(drive: number, steps: number): void {
    const cylinder = (this.drives[drive]?.cylinder ?? 0) + steps;
    this.seek(drive, Math.max(0, Math.min(0xff, cylinder)));
  }

  private seek(drive: number, cylinder: number): void {
    const { state } = this;
    this.drives[drive]?.moveTo(cylinder);
    state.seeking |= 1 << drive;
    state.ended[drive] = null;
    this.timer.arm(this.clock.nowNs() + SEEK_NS);
    this.expectCommand();
  }

  private senseInterrupt(): void {
    const { state } = this;
    const drive = state.ended.findIndex((ended) => ended !== null);
    const ended = state.ended[drive];
    if (ended === undefined || ended === null) {
      this.giveResult([St0.Invalid]);
      return;
    }
    state.ended[drive] = null;
    this.setIrq(false);
    this.giveResult([ended, this.drives[drive]?.cylinder ?? 0]);
  }

  private statusThree(select: number): number {
    const drive = this.drives[select & DRIVE_SELECT];
    const writeProtected = drive?.disk.present && drive.disk.readOnly ? St3.WriteProtected : 0;
    const trackZero = drive?.cylinder === 0 ? St3.TrackZero : 0;
    return (select & (HEAD_SELECT | DRIVE_SELECT)) | St3.Ready | St3.TwoSided | writeProtected | trackZero;
  }

  /** DUMPREG. */
  private registers(): number[] {
    const { specify, configure, precompensation, perpendicular, lock, command } = this.state;
    const cylinders = Array.from({ length: DRIVES_OF_CHIP }, (_, drive) => this.drives[drive]?.cylinder ?? 0);
    const lastSector = command.length > 6 ? command[6] : 0;
    return [...cylinders, ...specify, lastSector, (lock ? 0x80 : 0) | perpendicular, configure, precompensation];
  }

  private giveResult(result: number[], interrupt = false): void {
    this.state.phase = Phase.Result;
    this.state.result = result;
    if (interrupt) this.setIrq(true);
  }

  private expectCommand(): void {
    Object.assign(this.state, { phase: Phase.Command, command: [], result: [] });
  }

  /** DOR's DMAGATE# lets the interrupt out. */
  private setIrq(asserted: boolean): void {
    this.irq.set(asserted && (this.state.dor & Dor.DmaGate) !== 0);
  }
}

function isReset(st0: number): boolean {
  return (st0 & St0.ReadyChanged) === St0.ReadyChanged;
}

function powerOn(): FdcState {
  return {
    dor: 0,
    tape: 0,
    rate: POWER_ON_RATE,
    specify: [0, 0],
    configure: DEFAULT_CONFIGURE,
    precompensation: 0,
    perpendicular: 0,
    lock: false,
    phase: Phase.Command,
    command: [],
    result: [],
    ended: Array(DRIVES_OF_CHIP).fill(null),
    seeking: 0,
    resetting: false,
    deadlineNs: null,
    irq: false,
    drives: [],
    transfer: null,
  };
}
