import type { GuestMemory } from "./guestMemory.ts";

const U32 = 2 ** 32;

/** Little-endian words in guest memory, for devices that keep rings and tables there. Outside RAM they read as all ones. */
export class GuestWords {
  private readonly bytes = new Uint8Array(8);
  private readonly view = new DataView(this.bytes.buffer);
  private readonly one = this.bytes.subarray(0, 1);
  private readonly two = this.bytes.subarray(0, 2);
  private readonly four = this.bytes.subarray(0, 4);

  constructor(readonly memory: GuestMemory) {}

  u16(physicalAddress: number): number {
    this.memory.read(physicalAddress, this.two);
    return this.view.getUint16(0, true);
  }

  u32(physicalAddress: number): number {
    this.memory.read(physicalAddress, this.four);
    return this.view.getUint32(0, true);
  }

  setU8(physicalAddress: number, value: number): void {
    this.view.setUint8(0, value);
    this.memory.write(physicalAddress, this.one);
  }

  setU16(physicalAddress: number, value: number): void {
    this.view.setUint16(0, value, true);
    this.memory.write(physicalAddress, this.two);
  }

  setU32(physicalAddress: number, value: number): void {
    this.view.setUint32(0, value, true);
    this.memory.write(physicalAddress, this.four);
  }

  /** Two words that other CPUs must see together. */
  setU32Pair(physicalAddress: number, first: number, second: number): void {
    this.view.setUint32(0, first, true);
    this.view.setUint32(4, second, true);
    this.memory.write(physicalAddress, this.bytes);
  }
}

/** A 64-bit word as a number: exact to 2^53, beyond that an address that no memory has. */
export function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * U32 + view.getUint32(offset, true);
}

/** Writes a whole number up to 2^53 as a 64-bit word. */
export function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % U32, true);
  view.setUint32(offset + 4, Math.floor(value / U32), true);
}
