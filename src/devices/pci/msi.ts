/**
 * MSI of a PCI function: 64-bit address, per-vector masking. All of its state is in configuration space.
 * Document: PCI Local Bus Specification 3.0, 6.8.1.
 */
import type { ConfigSpace } from "./configSpace.ts";
import type { SendMsi } from "./msix.ts";

export const MSI_CAPABILITY = 0x05;
export const MSI_CAPABILITY_BYTES = 24;

/** Offsets within the capability. */
const CONTROL = 2;
const ADDRESS = 4;
const UPPER_ADDRESS = 8;
const DATA = 12;
const MASK = 16;
const PENDING = 20;

const ENABLE = 0x0001;
const MULTIPLE_CAPABLE_SHIFT = 1;
const MULTIPLE_ENABLE = 0x0070;
const MULTIPLE_ENABLE_SHIFT = 4;
const ADDRESS_64 = 0x0080;
const PER_VECTOR_MASKING = 0x0100;

export class Msi {
  /** `vectors` is a power of two up to 32; `offset` that of the capability in `config`. */
  constructor(
    private readonly config: ConfigSpace,
    private readonly offset: number,
    private readonly vectors: number,
    private readonly send: SendMsi,
  ) {
    const capable = Math.log2(vectors) << MULTIPLE_CAPABLE_SHIFT;
    const vectorBits = 2 ** vectors - 1;
    config.define(offset + CONTROL, 2, capable | ADDRESS_64 | PER_VECTOR_MASKING, ENABLE | MULTIPLE_ENABLE);
    config.define(offset + ADDRESS, 4, 0, 0xfffffffc);
    config.define(offset + UPPER_ADDRESS, 4, 0, 0xffffffff);
    config.define(offset + DATA, 4, 0, 0xffff);
    config.define(offset + MASK, 4, 0, vectorBits);
    config.define(offset + PENDING, 4, 0);
  }

  get enabled(): boolean {
    return (this.control & ENABLE) !== 0;
  }

  /** The function signals `vector`; where the guest enabled fewer vectors they share the low ones. */
  notify(vector: number): void {
    if (!this.enabled) return;
    const given = vector % this.enabledVectors;
    const bit = 2 ** given;
    if (hasBit(this.register(MASK), given)) this.setPending((this.register(PENDING) | bit) >>> 0);
    else this.sendVector(given);
  }

  /** The guest wrote configuration bytes: what was pending and is masked no more is sent. */
  configWritten(): void {
    const pending = this.register(PENDING);
    if (pending === 0 || !this.enabled) return;
    const due = (pending & ~this.register(MASK)) >>> 0;
    this.setPending((pending & ~due) >>> 0);
    for (let vector = 0; vector < this.vectors; vector++) if (hasBit(due, vector)) this.sendVector(vector);
  }

  private get control(): number {
    return this.config.read(this.offset + CONTROL, 2);
  }

  /** Guests may ask for no more than there are; reserved encodings count as all. */
  private get enabledVectors(): number {
    return Math.min(this.vectors, 1 << ((this.control & MULTIPLE_ENABLE) >>> MULTIPLE_ENABLE_SHIFT));
  }

  private register(offset: number): number {
    return this.config.read(this.offset + offset, 4);
  }

  private setPending(bits: number): void {
    this.config.set(this.offset + PENDING, bits, 4);
  }

  /** The function changes the low bits of the data to say which vector it is. */
  private sendVector(vector: number): void {
    const address = this.register(UPPER_ADDRESS) * 2 ** 32 + this.register(ADDRESS);
    this.send(address, ((this.register(DATA) & ~(this.enabledVectors - 1)) | vector) >>> 0);
  }
}

function hasBit(bits: number, index: number): boolean {
  return ((bits >>> index) & 1) !== 0;
}
