/**
 * The PC's 8254: ports 40h-43h, with channel 0 on IRQ0, channel 1 the refresh request, channel 2 behind the gate and speaker
 * bits of port 61h. Documents: Intel 8254 datasheet (231164); 82371SB (PIIX3), NMI Status and Control Register (61h).
 *
 * IRQ0 carries the rising edges of OUT 0, each computed from the load (no drift). An edge that comes more than a period late
 * because the host was away is given once, not once per lost period.
 */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { Clock, Timer } from "../../bus/clock.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { bool, list, nullable, object, parseState, u8, uint } from "../../bus/savedState.ts";
import { PIT_CHANNEL_STATE, PIT_HZ, PitChannel } from "./pitChannel.ts";
import { constantWave, type SpeakerWave } from "./speakerWave.ts";

const KIND = "pit8254";
const VERSION = 1;
const SHAPE = object({
  channels: list(PIT_CHANNEL_STATE, 3),
  port61: u8,
  irqSuppressed: bool,
  irqLevel: bool,
  edgeNs: nullable(uint),
});

/** Port 61h. */
const GATE2 = 0x01;
const SPEAKER_DATA = 0x02;
const PORT61_WRITABLE = 0x0f;
const REFRESH_TOGGLE = 0x10;
const OUT2 = 0x20;
/** Channel 1 asks for a refresh every 18 ticks; each one turns the toggle bit over. */
const REFRESH_NS = (18 * 1e9) / PIT_HZ;
/** IRQ0 is not driven faster than this: a count of 2 in mode 2 would be 600 kHz. */
const MIN_EDGE_NS = 20_000;

export interface PitOptions {
  /** Hears what the PC speaker's input does, whenever the guest changes that; a wave may begin later, if nothing comes in between. */
  onSpeaker?: (wave: SpeakerWave) => void;
}

export class Pit extends PassiveDevice {
  readonly name = "pit";
  private readonly channels = [new PitChannel(), new PitChannel(), new PitChannel()];
  private port61 = 0;
  private irqSuppressed = false;
  private speakerIsSilent = true;
  private readonly edgeTimer: Timer;

  constructor(
    ports: PortSpace,
    private readonly clock: Clock,
    private readonly irq0: IrqLine,
    private readonly options: PitOptions = {},
  ) {
    super();
    this.edgeTimer = clock.createTimer("pit irq0", () => this.edge());
    this.channels[2].reset(false);
    const counters: IoHandler = {
      read: (offset) => (offset === 3 ? 0xff : this.channels[offset].readCount(this.clock.nowNs())),
      write: (offset, value) => (offset === 3 ? this.writeControl(value) : this.writeCount(offset, value)),
    };
    const portB: IoHandler = { read: () => this.readPort61(), write: (_offset, value) => this.writePort61(value) };
    ports.claim(0x40, 4, counters, { name: "pit" });
    ports.claim(0x61, 1, portB, { name: "port 61h" });
  }

  /** The HPET's legacy replacement route takes IRQ0 away from the PIT, which counts on. */
  setIrqSuppressed(suppressed: boolean): void {
    this.irqSuppressed = suppressed;
    if (suppressed) {
      this.irq0.lower();
      this.edgeTimer.cancel();
    } else this.scheduleEdge();
  }

  reset(): void {
    this.channels.forEach((channel, index) => {
      channel.reset(index !== 2);
    });
    this.port61 = 0;
    this.irqSuppressed = false;
    this.irq0.lower();
    this.edgeTimer.cancel();
    this.updateSpeaker();
  }

  save(): DeviceState {
    const state = {
      channels: this.channels.map((channel) => channel.save()),
      port61: this.port61,
      irqSuppressed: this.irqSuppressed,
      irqLevel: this.irq0.level,
      edgeNs: this.edgeTimer.deadlineNs ?? null,
    };
    return { kind: KIND, version: VERSION, state };
  }

  restore(saved: DeviceState): void {
    const state = parseState(saved, KIND, VERSION, SHAPE);
    this.channels.forEach((channel, index) => {
      channel.restore(state.channels[index]);
    });
    this.port61 = state.port61;
    this.irqSuppressed = state.irqSuppressed;
    this.irq0.restoreLevel(state.irqLevel);
    if (state.edgeNs === null) this.edgeTimer.cancel();
    else this.edgeTimer.arm(state.edgeNs);
    this.updateSpeaker();
  }

  private writeControl(value: number): void {
    const select = value >>> 6;
    if (select === 3) this.readBack(value);
    else if ((value & 0x30) === 0) this.channels[select].latchCount(this.clock.nowNs());
    else {
      this.channels[select].writeControl(value);
      this.programmed(select);
    }
  }

  private writeCount(index: number, value: number): void {
    this.channels[index].writeCount(value, this.clock.nowNs());
    this.programmed(index);
  }

  /** Read-Back Command: bit 5 low latches counts, bit 4 low status, bits 3-1 choose counters. */
  private readBack(value: number): void {
    const now = this.clock.nowNs();
    this.channels.forEach((channel, index) => {
      if ((value & (2 << index)) === 0) return;
      if ((value & 0x20) === 0) channel.latchCount(now);
      if ((value & 0x10) === 0) channel.latchStatus(now);
    });
  }

  private programmed(index: number): void {
    if (index === 2) this.updateSpeaker();
    if (index !== 0) return;
    this.driveIrq(this.channels[0].output(this.clock.nowNs()));
    this.scheduleEdge();
  }

  private edge(): void {
    // OUT was low before its edge; modes 2 to 5 keep it high until then, and only the edge matters.
    this.driveIrq(false);
    this.driveIrq(true);
    this.scheduleEdge();
  }

  private driveIrq(level: boolean): void {
    if (!this.irqSuppressed) this.irq0.set(level);
  }

  private scheduleEdge(): void {
    if (this.irqSuppressed) return;
    const now = this.clock.nowNs();
    let next = this.channels[0].nextEdgeNs(now);
    if (next === undefined) {
      this.edgeTimer.cancel();
      return;
    }
    if (next - now < MIN_EDGE_NS && this.isPeriodicTooFast()) {
      next = this.channels[0].nextEdgeNs(now + MIN_EDGE_NS) ?? next;
    }
    this.edgeTimer.arm(next);
  }

  private isPeriodicTooFast(): boolean {
    const { mode, period } = this.channels[0];
    return (mode === 2 || mode === 3) && (period * 1e9) / PIT_HZ < MIN_EDGE_NS;
  }

  private readPort61(): number {
    const now = this.clock.nowNs();
    const refresh = Math.floor(now / REFRESH_NS) % 2 === 0 ? 0 : REFRESH_TOGGLE;
    return this.port61 | refresh | (this.channels[2].output(now) ? OUT2 : 0);
  }

  private writePort61(value: number): void {
    const changed = this.port61 ^ value;
    this.port61 = value & PORT61_WRITABLE;
    this.channels[2].setGate((value & GATE2) !== 0, this.clock.nowNs());
    if ((changed & (GATE2 | SPEAKER_DATA)) !== 0) this.updateSpeaker();
  }

  /** The speaker hears OUT 2 while the data bit lets it. */
  private updateSpeaker(): void {
    const { onSpeaker } = this.options;
    if (onSpeaker === undefined) return;
    const now = this.clock.nowNs();
    const waves = (this.port61 & SPEAKER_DATA) === 0 ? [constantWave(now, false)] : this.channels[2].waves(now);
    const isSilent = waves.every(({ highNs }) => highNs === 0);
    if (isSilent && this.speakerIsSilent) return;
    this.speakerIsSilent = isSilent;
    for (const wave of waves) onSpeaker(wave);
  }
}
