/**
 * One 8259A programmable interrupt controller, as a register model that knows neither ports nor CPU.
 * Documents: Intel 8259A datasheet (231468); Intel 82371SB (PIIX3) datasheet for ELCR.
 *
 * Departures: an edge stays latched in IRR when its line falls before the acknowledge (as in QEMU; the datasheet would
 * answer with a spurious IR7, and devices here may drive edges as zero-width pulses). Not modelled: MCS-80/85 mode and
 * buffered mode (the bits are accepted).
 */
import { bool, type Checked, object, u8 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";

export const PIC_STATE = object({
  irr: u8,
  imr: u8,
  isr: u8,
  lines: u8,
  elcr: u8,
  vectorBase: u8,
  /** The IR level that has the highest priority now. */
  highestLevel: u8,
  initStep: u8,
  needsIcw4: bool,
  single: bool,
  levelTriggered: bool,
  autoEoi: bool,
  rotateOnAutoEoi: bool,
  specialMask: bool,
  specialFullyNested: bool,
  readIsr: bool,
  poll: bool,
  intOutput: bool,
});
export type PicState = Checked<typeof PIC_STATE>;

const ICW1 = 0x10;
const ICW1_LTIM = 0x08;
const ICW1_SNGL = 0x02;
const ICW1_IC4 = 0x01;
const ICW4_SFNM = 0x10;
const ICW4_AEOI = 0x02;
const OCW3 = 0x08;
const OCW3_ESMM = 0x40;
const OCW3_SMM = 0x20;
const OCW3_POLL = 0x04;
const OCW3_RR = 0x02;
const OCW3_RIS = 0x01;
const CASCADE_LEVEL = 2;

function powerOn(): PicState {
  return {
    irr: 0,
    imr: 0,
    isr: 0,
    lines: 0,
    elcr: 0,
    vectorBase: 0,
    highestLevel: 0,
    initStep: 0,
    needsIcw4: false,
    single: false,
    levelTriggered: false,
    autoEoi: false,
    rotateOnAutoEoi: false,
    specialMask: false,
    specialFullyNested: false,
    readIsr: false,
    poll: false,
    intOutput: false,
  };
}

export class Pic8259 {
  private state = powerOn();

  /** `elcrMask`: the levels whose trigger mode ELCR may set. `setInt` drives the INT pin. */
  constructor(
    private readonly chipName: string,
    private readonly isMaster: boolean,
    private readonly elcrMask: number,
    private readonly setInt: (asserted: boolean) => void,
  ) {}

  reset(): void {
    const { intOutput } = this.state;
    this.state = powerOn();
    if (intOutput) this.setInt(false);
  }

  save(): PicState {
    return { ...this.state };
  }

  restore(state: PicState): void {
    this.state = { ...state };
  }

  get intOutput(): boolean {
    return this.state.intOutput;
  }

  lineLevel(level: number): boolean {
    return (this.state.lines & (1 << level)) !== 0;
  }

  /** Drives the IR input `level`. */
  setLine(level: number, asserted: boolean): void {
    const s = this.state;
    const bit = 1 << level;
    if (asserted) {
      const rose = (s.lines & bit) === 0;
      s.lines |= bit;
      if (rose || this.isLevel(level)) s.irr |= bit;
    } else {
      s.lines &= ~bit;
      if (this.isLevel(level)) s.irr &= ~bit;
    }
    this.update();
  }

  /** The level the chip asks service for now, or -1. */
  pendingLevel(): number {
    const s = this.state;
    const requested = this.highest(s.irr & ~s.imr);
    if (requested === 8) return -1;
    let inService = s.isr;
    if (s.specialMask) inService &= ~s.imr;
    if (s.specialFullyNested && this.isMaster) inService &= ~(1 << CASCADE_LEVEL);
    return requested < this.highest(inService) ? this.levelOf(requested) : -1;
  }

  /**
   * The INTA sequence: takes the pending level into service and returns it, or -1 where nothing is pending any more (the
   * chip then gives the vector of level 7 without setting ISR). INT falls in between, so that a cascaded master sees a new
   * edge for what is still pending.
   */
  acknowledge(): number {
    const level = this.pendingLevel();
    if (level >= 0) this.enterService(level);
    this.driveInt(false);
    this.update();
    return level;
  }

  vectorOf(level: number): number {
    return this.state.vectorBase | level;
  }

  /** A0 = 0: IRR or ISR as OCW3 chose, or the poll word. */
  readCommand(): number {
    const s = this.state;
    if (s.poll) return this.readPoll();
    return s.readIsr ? s.isr : s.irr;
  }

  /** A0 = 1: the mask. */
  readData(): number {
    return this.state.poll ? this.readPoll() : this.state.imr;
  }

  writeCommand(value: number): void {
    if (value & ICW1) this.writeIcw1(value);
    else if (value & OCW3) this.writeOcw3(value);
    else this.writeOcw2(value);
  }

  writeData(value: number): void {
    const s = this.state;
    switch (s.initStep) {
      case 2:
        s.vectorBase = value & 0xf8;
        s.initStep = s.single ? (s.needsIcw4 ? 4 : 0) : 3;
        break;
      case 3:
        // ICW3 names the cascade levels; the board wires them to IR2.
        s.initStep = s.needsIcw4 ? 4 : 0;
        break;
      case 4:
        s.specialFullyNested = (value & ICW4_SFNM) !== 0;
        s.autoEoi = (value & ICW4_AEOI) !== 0;
        s.initStep = 0;
        break;
      default:
        s.imr = value;
        this.update();
    }
  }

  get elcr(): number {
    return this.state.elcr;
  }

  writeElcr(value: number): void {
    this.state.elcr = value & this.elcrMask;
  }

  private isLevel(level: number): boolean {
    return this.state.levelTriggered || (this.state.elcr & (1 << level)) !== 0;
  }

  private writeIcw1(value: number): void {
    const s = this.state;
    // "The edge sense circuit is reset": a line that is high needs a new edge, unless it is level triggered.
    Object.assign(s, { ...powerOn(), lines: s.lines, elcr: s.elcr, intOutput: s.intOutput, vectorBase: s.vectorBase });
    s.needsIcw4 = (value & ICW1_IC4) !== 0;
    s.single = (value & ICW1_SNGL) !== 0;
    s.levelTriggered = (value & ICW1_LTIM) !== 0;
    s.irr = s.levelTriggered ? s.lines : s.lines & s.elcr;
    s.initStep = 2;
    if (s.single) trace(this.chipName, "single mode on a cascaded board");
    this.update();
  }

  private writeOcw3(value: number): void {
    const s = this.state;
    if (value & OCW3_POLL) s.poll = true;
    if (value & OCW3_RR) s.readIsr = (value & OCW3_RIS) !== 0;
    if (value & OCW3_ESMM) s.specialMask = (value & OCW3_SMM) !== 0;
    this.update();
  }

  /** OCW2, bits 7-5: R, SL, EOI. */
  private writeOcw2(value: number): void {
    const s = this.state;
    const command = value >>> 5;
    const level = value & 7;
    switch (command) {
      case 0:
        s.rotateOnAutoEoi = false;
        break;
      case 4:
        s.rotateOnAutoEoi = true;
        break;
      case 1:
      case 5:
        this.nonSpecificEoi(command === 5);
        break;
      case 3:
        s.isr &= ~(1 << level);
        break;
      case 6:
        s.highestLevel = (level + 1) & 7;
        break;
      case 7:
        s.isr &= ~(1 << level);
        s.highestLevel = (level + 1) & 7;
        break;
      default:
        return;
    }
    this.update();
  }

  private nonSpecificEoi(rotate: boolean): void {
    const s = this.state;
    const rank = this.highest(s.specialMask ? s.isr & ~s.imr : s.isr);
    if (rank === 8) return;
    const level = this.levelOf(rank);
    s.isr &= ~(1 << level);
    if (rotate) s.highestLevel = (level + 1) & 7;
  }

  /** The poll word: bit 7 with the level when something is pending, which counts as its acknowledge. */
  private readPoll(): number {
    this.state.poll = false;
    const level = this.acknowledge();
    return level < 0 ? 0 : 0x80 | level;
  }

  private enterService(level: number): void {
    const s = this.state;
    if (!this.isLevel(level)) s.irr &= ~(1 << level);
    if (!s.autoEoi) s.isr |= 1 << level;
    else if (s.rotateOnAutoEoi) s.highestLevel = (level + 1) & 7;
  }

  /** Rank (0 highest) of the most urgent of a set of levels, 8 for none. */
  private highest(levels: number): number {
    if (levels === 0) return 8;
    let rank = 0;
    while ((levels & (1 << ((rank + this.state.highestLevel) & 7))) === 0) rank++;
    return rank;
  }

  private levelOf(rank: number): number {
    return (rank + this.state.highestLevel) & 7;
  }

  private update(): void {
    this.driveInt(this.pendingLevel() >= 0);
  }

  private driveInt(asserted: boolean): void {
    if (asserted === this.state.intOutput) return;
    this.state.intOutput = asserted;
    this.setInt(asserted);
  }
}
