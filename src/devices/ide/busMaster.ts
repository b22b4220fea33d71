/**
 * One channel of a bus master IDE controller: eight registers, and the table of physical regions that it walks.
 * Document: Programming Interface for Bus Master IDE Controller, revision 1.0 (Intel, 1994); 82371SB (PIIX3), 2.4.
 *
 *   descriptor:  31            1 0   31 30      16 15      1 0
 *                |  base address |0| |E| reserved | count   |0|    E: last of the table; count 0 stands for 64 KiB
 *
 * The table is guest data: each descriptor moves at least two bytes, so a walk ends with the data of the command whatever the
 * table says; a table outside RAM is a bus error.
 */
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { type Checked, object, u8, u32 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import type { DmaPort } from "./dataTransfer.ts";

const START = 0x01;
/** The transfer writes memory. */
const TO_MEMORY = 0x08;
const ACTIVE = 0x01;
const ERROR = 0x02;
const INTERRUPT = 0x04;
/** Software's note of which drives do DMA. */
const DRIVES_CAPABLE = 0x60;

const REG_COMMAND = 0;
const REG_STATUS = 2;
const REG_TABLE = 4;

const DESCRIPTOR_BYTES = 8;
const LAST_DESCRIPTOR = 0x8000_0000;
const FULL_COUNT = 0x1_0000;

export const BUS_MASTER_STATE = object({
  command: u8,
  status: u8,
  table: u32,
  next: u32,
  base: u32,
  left: u32,
  last: u8,
});
export type BusMasterState = Checked<typeof BUS_MASTER_STATE>;

function powerOn(): BusMasterState {
  return { command: 0, status: 0, table: 0, next: 0, base: 0, left: 0, last: 0 };
}

export class BusMasterChannel implements DmaPort {
  private state = powerOn();
  private readonly descriptorBytes = new Uint8Array(DESCRIPTOR_BYTES);
  private readonly descriptor = new DataView(this.descriptorBytes.buffer);
  /** The channel hears that transfers may go on. */
  onStart: (() => void) | undefined;

  constructor(
    private readonly name: string,
    private readonly memory: GuestMemory,
    /** The command register lets the function master the bus. */
    private readonly mayMaster: () => boolean,
  ) {}

  isReady(toHost: boolean): boolean {
    const { status, command } = this.state;
    return (status & ACTIVE) !== 0 && ((command & TO_MEMORY) !== 0) === toHost && this.mayMaster();
  }

  toMemory(source: Uint8Array): number {
    return this.walk(source.length, (address, from, to) => this.memory.write(address, source.subarray(from, to)));
  }

  fromMemory(target: Uint8Array): number {
    return this.walk(target.length, (address, from, to) => this.memory.read(address, target.subarray(from, to)));
  }

  /** The drive's INTRQ rose. */
  noteInterrupt(): void {
    this.state.status |= INTERRUPT;
  }

  read(register: number): number {
    const { command, status, table } = this.state;
    if (register === REG_COMMAND) return command;
    if (register === REG_STATUS) return status;
    return register >= REG_TABLE ? (table >>> (8 * (register - REG_TABLE))) & 0xff : 0;
  }

  write(register: number, value: number): void {
    const { state } = this;
    if (register === REG_COMMAND) this.writeCommand(value);
    else if (register === REG_STATUS) {
      const kept = state.status & (ACTIVE | ((ERROR | INTERRUPT) & ~value));
      state.status = kept | (value & DRIVES_CAPABLE);
    } else if (register >= REG_TABLE) {
      const shift = 8 * (register - REG_TABLE);
      state.table = ((state.table & ~(0xff << shift)) | (((value & 0xff) << shift) & ~3)) >>> 0;
    }
  }

  reset(): void {
    this.state = powerOn();
  }

  save(): BusMasterState {
    return { ...this.state };
  }

  restore(state: BusMasterState): void {
    this.state = { ...state };
  }

  /** The start bit's rise begins the table; its fall ends the transfer, which cannot be taken up again. */
  private writeCommand(value: number): void {
    const { state } = this;
    const started = (value & ~state.command & START) !== 0;
    state.command = value & (START | TO_MEMORY);
    if ((value & START) === 0) state.status &= ~ACTIVE;
    if (!started) return;
    state.status |= ACTIVE;
    Object.assign(state, { next: state.table, base: 0, left: 0, last: 0 });
    this.onStart?.();
  }

  /** Calls `move` for pieces of `length` bytes, each with its address; says how many bytes the table had room for. */
  private walk(length: number, move: (address: number, from: number, to: number) => void): number {
    const { state } = this;
    let done = 0;
    while (done < length && (state.status & ACTIVE) !== 0) {
      if (state.left === 0 && !this.fetchDescriptor()) break;
      const piece = Math.min(state.left, length - done);
      move(state.base, done, done + piece);
      done += piece;
      state.base = (state.base + piece) >>> 0;
      state.left -= piece;
      if (state.left === 0 && state.last !== 0) state.status &= ~ACTIVE;
    }
    return done;
  }

  private fetchDescriptor(): boolean {
    const { state, descriptor, memory } = this;
    if (state.next + DESCRIPTOR_BYTES > memory.sizeBytes) {
      trace(this.name, `no descriptor at ${state.next.toString(16)}`);
      state.status = (state.status & ~ACTIVE) | ERROR;
      return false;
    }
    memory.read(state.next, this.descriptorBytes);
    const flags = descriptor.getUint32(4, true);
    state.next += DESCRIPTOR_BYTES;
    state.base = (descriptor.getUint32(0, true) & ~1) >>> 0;
    state.left = flags & 0xfffe || FULL_COUNT;
    state.last = (flags & LAST_DESCRIPTOR) !== 0 ? 1 : 0;
    return true;
  }
}
