/**
 * One 8237A DMA controller with the PC's page registers for its four channels. Document: Intel 8237A datasheet (231466).
 * Transfers are asked for by devices and happen at once. Not modelled: memory-to-memory, software requests' transfers,
 * timing and priority bits (all can be written and read back where the chip lets them).
 */
import { bool, type Checked, list, object, u8, u16 } from "../../bus/savedState.ts";

const CHANNEL_STATE = object({
  baseAddress: u16,
  baseCount: u16,
  address: u16,
  count: u16,
  mode: u8,
  page: u8,
});
export const DMA8237_STATE = object({
  channels: list(CHANNEL_STATE, 4),
  command: u8,
  mask: u8,
  status: u8,
  requests: u8,
  highByte: bool,
});
export type Dma8237State = Checked<typeof DMA8237_STATE>;
type ChannelState = Checked<typeof CHANNEL_STATE>;

const COMMAND_DISABLE = 0x04;
const MODE_AUTO_INIT = 0x10;
const MODE_DECREMENT = 0x20;

/** Transfer types: bits 3-2 of the mode. */
export const Transfer = { Verify: 0, WriteMemory: 1, ReadMemory: 2 } as const;

function powerOn(): Dma8237State {
  const channels = Array.from({ length: 4 }, () => ({
    baseAddress: 0,
    baseCount: 0,
    address: 0,
    count: 0,
    mode: 0,
    page: 0,
  }));
  return { channels, command: 0, mask: 0xf, status: 0, requests: 0, highByte: false };
}

export class Dma8237 {
  private state = powerOn();

  reset(): void {
    this.state = powerOn();
  }

  save(): Dma8237State {
    return structuredClone(this.state);
  }

  restore(state: Dma8237State): void {
    this.state = structuredClone(state);
  }

  channel(index: number): Readonly<ChannelState> {
    return this.state.channels[index];
  }

  /** True when the channel may transfer now. */
  isOpen(index: number): boolean {
    return (this.state.command & COMMAND_DISABLE) === 0 && (this.state.mask & (1 << index)) === 0;
  }

  transferType(index: number): number {
    return (this.state.channels[index].mode >>> 2) & 3;
  }

  decrements(index: number): boolean {
    return (this.state.channels[index].mode & MODE_DECREMENT) !== 0;
  }

  reachedTerminalCount(index: number): boolean {
    return (this.state.status & (1 << index)) !== 0;
  }

  /** The device's DREQ, as the status register shows it. */
  setRequest(index: number, asserted: boolean): void {
    if (asserted) this.state.status |= 0x10 << index;
    else this.state.status &= ~(0x10 << index);
  }

  /** Counts `units` (at most the rest of the count) transferred; at the terminal count autoinitialises or masks. */
  advance(index: number, units: number): void {
    const channel = this.state.channels[index];
    const step = (channel.mode & MODE_DECREMENT) !== 0 ? -units : units;
    channel.address = (channel.address + step) & 0xffff;
    const atTerminalCount = units > channel.count;
    channel.count = (channel.count - units) & 0xffff;
    if (!atTerminalCount) return;
    this.state.status |= 1 << index;
    if ((channel.mode & MODE_AUTO_INIT) !== 0) {
      channel.address = channel.baseAddress;
      channel.count = channel.baseCount;
    } else this.state.mask |= 1 << index;
  }

  readPage(index: number): number {
    return this.state.channels[index].page;
  }

  writePage(index: number, value: number): void {
    this.state.channels[index].page = value;
  }

  /** Registers 0-15 of the chip. */
  read(register: number): number {
    const s = this.state;
    if (register < 8) {
      const channel = s.channels[register >>> 1];
      return this.takeByte((register & 1) === 0 ? channel.address : channel.count);
    }
    if (register === 8) {
      const status = s.status;
      // Reading clears the terminal count bits.
      s.status &= 0xf0;
      return status;
    }
    if (register === 0xf) return s.mask | 0xf0;
    return 0;
  }

  write(register: number, value: number): void {
    if (register < 8) this.writeChannel(register, value);
    else this.writeControl(register, value);
  }

  private writeChannel(register: number, value: number): void {
    const channel = this.state.channels[register >>> 1];
    const merge = (old: number): number => (this.state.highByte ? (old & 0xff) | (value << 8) : (old & 0xff00) | value);
    if ((register & 1) === 0) {
      channel.baseAddress = merge(channel.baseAddress);
      channel.address = channel.baseAddress;
    } else {
      channel.baseCount = merge(channel.baseCount);
      channel.count = channel.baseCount;
    }
    this.state.highByte = !this.state.highByte;
  }

  private writeControl(register: number, value: number): void {
    const s = this.state;
    const bit = 1 << (value & 3);
    switch (register) {
      case 0x8:
        s.command = value;
        break;
      case 0x9:
        s.requests = (value & 4) !== 0 ? s.requests | bit : s.requests & ~bit;
        break;
      case 0xa:
        s.mask = (value & 4) !== 0 ? s.mask | bit : s.mask & ~bit;
        break;
      case 0xb:
        s.channels[value & 3].mode = value;
        break;
      case 0xc:
        s.highByte = false;
        break;
      case 0xd:
        this.masterClear();
        break;
      case 0xe:
        s.mask = 0;
        break;
      default:
        s.mask = value & 0xf;
    }
  }

  private masterClear(): void {
    Object.assign(this.state, { command: 0, status: 0, requests: 0, mask: 0xf, highByte: false });
  }

  /** The first/last flip-flop chooses the byte of a 16-bit register. */
  private takeByte(value: number): number {
    const byte = this.state.highByte ? value >>> 8 : value & 0xff;
    this.state.highByte = !this.state.highByte;
    return byte;
  }
}
