/**
 * The PC/AT's two cascaded 8237As: channels 0-3 move bytes, 5-7 words, 4 is the cascade. Ports 00h-0Fh, C0h-DFh, page
 * registers 81h-8Fh (80h is the POST code port, a device of its own). Document: 82371SB (PIIX3), DMA registers.
 */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { list, object, parseState, u8 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import { DMA8237_STATE, Dma8237, Transfer } from "./dma8237.ts";

const KIND = "isa-dma";
const VERSION = 1;
const PAGE_PORTS = 15;
const SHAPE = object({ low: DMA8237_STATE, high: DMA8237_STATE, spare: list(u8, PAGE_PORTS) });
/** The channel of each page port from 81h; undefined ones are plain latches. */
const PAGE_CHANNELS: readonly (number | undefined)[] = [
  2,
  3,
  1,
  undefined,
  undefined,
  undefined,
  0,
  undefined,
  6,
  7,
  5,
  undefined,
  undefined,
  undefined,
  4,
];

export class IsaDma extends PassiveDevice {
  readonly name = "dma";
  private readonly low = new Dma8237();
  private readonly high = new Dma8237();
  /** Page ports without a channel. */
  private readonly spare = new Uint8Array(PAGE_PORTS);

  constructor(
    ports: PortSpace,
    private readonly memory: GuestMemory,
  ) {
    super();
    const { low, high } = this;
    const lowHandler: IoHandler = {
      read: (offset) => low.read(offset),
      write: (offset, value) => low.write(offset, value),
    };
    // The second chip's A0 is the bus's A1.
    const highHandler: IoHandler = {
      read: (offset) => high.read(offset >>> 1),
      write: (offset, value) => high.write(offset >>> 1, value),
    };
    const pages: IoHandler = {
      read: (offset) => this.readPage(offset),
      write: (offset, value) => this.writePage(offset, value),
    };
    ports.claim(0x00, 16, lowHandler, { name: "dma 0-3" });
    ports.claim(0xc0, 32, highHandler, { name: "dma 4-7" });
    ports.claim(0x81, PAGE_PORTS, pages, { name: "dma pages" });
  }

  /** A device's DREQ line for `channel` (0-7). */
  setRequest(channel: number, asserted: boolean): void {
    this.chip(channel).setRequest(channel & 3, asserted);
  }

  /** The channel's last transfer ran to its end (until the guest reads the status or loads a new count). */
  isTerminalCount(channel: number): boolean {
    return this.chip(channel).reachedTerminalCount(channel & 3);
  }

  /** True when the guest has unmasked the channel. */
  isOpen(channel: number): boolean {
    return this.chip(channel).isOpen(channel & 3);
  }

  /** Memory to device: fills `target` and returns the bytes taken, fewer at the terminal count, 0 on a masked channel. */
  readMemory(channel: number, target: Uint8Array): number {
    return this.transfer(channel, target, Transfer.ReadMemory);
  }

  /** Device to memory: returns the bytes stored, fewer at the terminal count. A verify transfer counts and stores nothing. */
  writeMemory(channel: number, source: Uint8Array): number {
    return this.transfer(channel, source, Transfer.WriteMemory);
  }

  reset(): void {
    this.low.reset();
    this.high.reset();
    this.spare.fill(0);
  }

  save(): DeviceState {
    const state = { low: this.low.save(), high: this.high.save(), spare: [...this.spare] };
    return { kind: KIND, version: VERSION, state };
  }

  restore(saved: DeviceState): void {
    const state = parseState(saved, KIND, VERSION, SHAPE);
    this.low.restore(state.low);
    this.high.restore(state.high);
    this.spare.set(state.spare);
  }

  private chip(channel: number): Dma8237 {
    return channel < 4 ? this.low : this.high;
  }

  /** Moves as much of `data` as the channel's count allows, in pieces that end where the 64 K (128 K) page wraps. */
  private transfer(channel: number, data: Uint8Array, wanted: number): number {
    const chip = this.chip(channel);
    const index = channel & 3;
    const type = chip.transferType(index);
    if (!chip.isOpen(index) || channel === 4 || (type !== wanted && type !== Transfer.Verify)) {
      trace(this.name, `channel ${channel} is not set up for this transfer`);
      return 0;
    }
    const unit = channel < 4 ? 1 : 2;
    const decrements = chip.decrements(index);
    let done = 0;
    while (done + unit <= data.length) {
      const { address, count } = chip.channel(index);
      const toPageEnd = decrements ? 1 : 0x10000 - address;
      const units = Math.min(Math.floor((data.length - done) / unit), count + 1, toPageEnd);
      this.move(this.physicalAddress(channel), data.subarray(done, done + units * unit), type);
      done += units * unit;
      const last = units === count + 1;
      chip.advance(index, units);
      if (last) break;
    }
    return done;
  }

  private move(physicalAddress: number, piece: Uint8Array, type: number): void {
    if (type === Transfer.ReadMemory) this.memory.read(physicalAddress, piece);
    else if (type === Transfer.WriteMemory) this.memory.write(physicalAddress, piece);
  }

  /** Word channels shift the address left by one and drop the page's lowest bit. */
  private physicalAddress(channel: number): number {
    const { address, page } = this.chip(channel).channel(channel & 3);
    return channel < 4 ? (page << 16) | address : ((page & 0xfe) << 16) | (address << 1);
  }

  private readPage(offset: number): number {
    const channel = PAGE_CHANNELS[offset];
    return channel === undefined ? this.spare[offset] : this.chip(channel).readPage(channel & 3);
  }

  private writePage(offset: number, value: number): void {
    const channel = PAGE_CHANNELS[offset];
    if (channel === undefined) this.spare[offset] = value;
    else this.chip(channel).writePage(channel & 3, value);
  }
}
