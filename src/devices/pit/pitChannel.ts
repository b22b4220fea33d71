/**
 * One counter of an 8254 as a register model: its count is computed from the time of the load, never ticked.
 * Document: Intel 8254 datasheet (231164).
 *
 * Departures: the tick phase starts at the load, and the one-clock delay between the write of a count and its load is not
 * modelled (as QEMU).
 */
import { nsForTicks, ticksInNs } from "../../bus/frequency.ts";
import { bool, type Checked, finite, nullable, object, u8, u16, u32 } from "../../bus/savedState.ts";
import { constantWave, type SpeakerWave } from "./speakerWave.ts";

/** 14.31818 MHz / 12. */
export const PIT_HZ = 1193182;

export const PIT_CHANNEL_STATE = object({
  mode: u8,
  bcd: bool,
  access: u8,
  gate: bool,
  /** Ticks of a full count, 0 where none was written since the control word. */
  reload: u32,
  /** A count written while modes 2 and 3 run, for the next cycle. */
  nextReload: nullable(u32),
  startNs: finite,
  /** Ticks counted before the gate went low, while it is low. */
  stoppedTicks: nullable(finite),
  /** Modes 1 and 5: the gate has risen since the count was written. */
  triggered: bool,
  writeLow: nullable(u8),
  readHigh: bool,
  latchedCount: nullable(u16),
  latchedStatus: nullable(u8),
});
export type PitChannelState = Checked<typeof PIT_CHANNEL_STATE>;

/** Access field of the control word. */
const ACCESS_LOW = 1;
const ACCESS_HIGH = 2;
const ACCESS_BOTH = 3;

function powerOn(): PitChannelState {
  return {
    mode: 0,
    bcd: false,
    access: ACCESS_BOTH,
    gate: true,
    reload: 0,
    nextReload: null,
    startNs: 0,
    stoppedTicks: null,
    triggered: false,
    writeLow: null,
    readHigh: false,
    latchedCount: null,
    latchedStatus: null,
  };
}

export class PitChannel {
  private state = powerOn();

  reset(gate: boolean): void {
    this.state = { ...powerOn(), gate };
  }

  save(): PitChannelState {
    return { ...this.state };
  }

  restore(state: PitChannelState): void {
    this.state = { ...state };
  }

  get mode(): number {
    return this.state.mode;
  }

  get gate(): boolean {
    return this.state.gate;
  }

  /** Ticks of a full count, 0 where the counter is not programmed. */
  get period(): number {
    return this.state.reload;
  }

  /** A control word for this counter (not a latch command). */
  writeControl(value: number): void {
    const gate = this.state.gate;
    const mode = (value >>> 1) & 7;
    this.state = { ...powerOn(), gate, mode: mode > 5 ? mode - 4 : mode, bcd: (value & 1) !== 0 };
    this.state.access = (value >>> 4) & 3;
  }

  writeCount(value: number, nowNs: number): void {
    const s = this.state;
    if (s.access === ACCESS_LOW) this.load(value, nowNs);
    else if (s.access === ACCESS_HIGH) this.load(value << 8, nowNs);
    else if (s.writeLow === null) {
      s.writeLow = value;
      // Mode 0: "writing the first byte disables counting", out goes low.
      if (s.mode === 0) s.reload = 0;
    } else {
      const count = s.writeLow | (value << 8);
      s.writeLow = null;
      this.load(count, nowNs);
    }
  }

  readCount(nowNs: number): number {
    const s = this.state;
    if (s.latchedStatus !== null) {
      const status = s.latchedStatus;
      s.latchedStatus = null;
      return status;
    }
    const count = s.latchedCount ?? this.count(nowNs);
    if (s.access === ACCESS_LOW) {
      s.latchedCount = null;
      return count & 0xff;
    }
    if (s.access === ACCESS_HIGH || s.readHigh) {
      s.readHigh = false;
      s.latchedCount = null;
      return count >>> 8;
    }
    s.readHigh = true;
    return count & 0xff;
  }

  /** Counter Latch Command: a second one before the read is ignored. */
  latchCount(nowNs: number): void {
    this.state.latchedCount ??= this.count(nowNs);
  }

  /** Read-Back Command, status: OUT, null count, access, mode, BCD. */
  latchStatus(nowNs: number): void {
    const s = this.state;
    if (s.latchedStatus !== null) return;
    const nullCount = s.reload === 0 || s.nextReload !== null ? 0x40 : 0;
    s.latchedStatus = (this.output(nowNs) ? 0x80 : 0) | nullCount | (s.access << 4) | (s.mode << 1) | (s.bcd ? 1 : 0);
  }

  setGate(gate: boolean, nowNs: number): void {
    const s = this.state;
    if (gate === s.gate) return;
    this.settle(nowNs);
    const ticks = this.ticks(nowNs);
    s.gate = gate;
    if (!gate) {
      // Modes 1 and 5 count on whatever the gate does after its edge.
      if (s.mode !== 1 && s.mode !== 5) s.stoppedTicks = ticks;
      return;
    }
    if (s.mode === 0 || s.mode === 4) s.startNs = nowNs - nsForTicks(s.stoppedTicks ?? ticks, PIT_HZ);
    else {
      s.startNs = nowNs;
      s.triggered = true;
    }
    s.stoppedTicks = null;
  }

  /** The level of OUT. */
  output(nowNs: number): boolean {
    this.settle(nowNs);
    const s = this.state;
    if (s.reload === 0) return s.mode !== 0;
    const ticks = this.ticks(nowNs);
    switch (s.mode) {
      case 0:
        return ticks >= s.reload;
      case 1:
        return !s.triggered || ticks >= s.reload;
      case 2:
        return !s.gate || ticks % s.reload !== s.reload - 1;
      case 3:
        return !s.gate || ticks % s.reload < (s.reload + 1) >>> 1;
      case 4:
        return ticks !== s.reload;
      default:
        return !s.triggered || ticks !== s.reload;
    }
  }

  /** The next instant after `nowNs` at which OUT has a rising edge, or undefined. */
  nextEdgeNs(nowNs: number): number | undefined {
    this.settle(nowNs);
    const s = this.state;
    if (s.reload === 0 || s.stoppedTicks !== null) return undefined;
    const ticks = this.ticks(nowNs);
    if (s.mode === 2 || s.mode === 3) {
      return s.startNs + nsForTicks((Math.floor(ticks / s.reload) + 1) * s.reload, PIT_HZ);
    }
    if ((s.mode === 1 || s.mode === 5) && !s.triggered) return undefined;
    // The strobe of modes 4 and 5 ends one tick after the terminal count.
    const edge = s.mode >= 4 ? s.reload + 1 : s.reload;
    return ticks >= edge ? undefined : s.startNs + nsForTicks(edge, PIT_HZ);
  }

  /** What OUT does from now on, if nothing comes in between: as it is, and what it changes to later. */
  waves(nowNs: number): SpeakerWave[] {
    const s = this.state;
    const edge = this.nextEdgeNs(nowNs);
    const steady = constantWave(nowNs, this.output(nowNs));
    if (edge === undefined) return [steady];
    if (s.mode !== 2 && s.mode !== 3) return [steady, constantWave(edge, true)];
    const present = this.periodicWave(nowNs, edge - nsForTicks(s.reload, PIT_HZ), s.reload);
    return s.nextReload === null ? [present] : [present, this.periodicWave(edge, edge, s.nextReload)];
  }

  /** Mode 3 is high for the first half, mode 2 for all but the last tick. */
  private periodicWave(atNs: number, originNs: number, ticks: number): SpeakerWave {
    const high = this.state.mode === 3 ? (ticks + 1) >>> 1 : ticks - 1;
    const toNs = (count: number) => (count * 1e9) / PIT_HZ;
    return { atNs, originNs, highNs: toNs(high), periodNs: toNs(ticks) };
  }

  /** The 16-bit counting element as the guest reads it. */
  private count(nowNs: number): number {
    this.settle(nowNs);
    const s = this.state;
    if (s.reload === 0) return 0;
    const ticks = (s.mode === 1 || s.mode === 5) && !s.triggered ? 0 : this.ticks(nowNs);
    const wrap = s.bcd ? 10_000 : 0x10000;
    let value: number;
    if (s.mode === 2) value = s.reload - (ticks % s.reload);
    else if (s.mode === 3) value = this.squareWaveCount(ticks);
    else value = (s.reload - (ticks % wrap) + wrap) % wrap;
    value %= wrap;
    return s.bcd ? toBcd(value) : value;
  }

  /** Mode 3 counts by two, twice per period; odd counts begin one lower. */
  private squareWaveCount(ticks: number): number {
    const { reload } = this.state;
    const inPeriod = ticks % reload;
    const firstHalf = (reload + 1) >>> 1;
    const inHalf = inPeriod < firstHalf ? inPeriod : inPeriod - firstHalf;
    return Math.max(0, (reload & ~1) - 2 * inHalf);
  }

  private load(value: number, nowNs: number): void {
    const s = this.state;
    this.settle(nowNs);
    const count = s.bcd ? fromBcd(value) || 10_000 : value || 0x10000;
    const running = s.reload !== 0 && s.stoppedTicks === null;
    if ((s.mode === 2 || s.mode === 3) && running) {
      if (s.nextReload === null) this.rebase(nowNs);
      s.nextReload = count;
      return;
    }
    s.reload = count;
    if (s.mode === 1 || s.mode === 5) {
      // A running one-shot is not disturbed by the datasheet; here it waits for its next trigger.
      s.triggered = false;
      s.startNs = nowNs;
      return;
    }
    s.startNs = nowNs;
    s.stoppedTicks = s.gate ? null : 0;
  }

  /** Applies a pending count of modes 2 and 3 whose cycle has begun. */
  private settle(nowNs: number): void {
    const s = this.state;
    if (s.nextReload === null) return;
    if (s.stoppedTicks === null) {
      if (this.ticks(nowNs) < s.reload) return;
      s.startNs += nsForTicks(s.reload, PIT_HZ);
    }
    s.reload = s.nextReload;
    s.nextReload = null;
  }

  /** Modes 2 and 3: moves the start to the present cycle, so that a pending count waits for this cycle's end only. */
  private rebase(nowNs: number): void {
    const s = this.state;
    const cycles = Math.floor(this.ticks(nowNs) / s.reload);
    if (cycles > 0) s.startNs += nsForTicks(cycles * s.reload, PIT_HZ);
  }

  private ticks(nowNs: number): number {
    return this.state.stoppedTicks ?? ticksInNs(Math.max(0, nowNs - this.state.startNs), PIT_HZ);
  }
}

function toBcd(value: number): number {
  return (
    (value % 10) |
    ((Math.floor(value / 10) % 10) << 4) |
    ((Math.floor(value / 100) % 10) << 8) |
    ((Math.floor(value / 1000) % 10) << 12)
  );
}

function fromBcd(value: number): number {
  return (value & 0xf) + ((value >>> 4) & 0xf) * 10 + ((value >>> 8) & 0xf) * 100 + ((value >>> 12) & 0xf) * 1000;
}
