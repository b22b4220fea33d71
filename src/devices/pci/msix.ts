/**
 * MSI-X of a PCI function: vector table, pending bits, masks. Document: PCI Local Bus Specification 3.0, 6.8.2 and 6.8.3.
 * The function shows `table` and `pendingBits` in one of its BARs, at the offsets that the capability names.
 */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import { list, object, u8 } from "../../bus/savedState.ts";

/** Sends a message-signalled interrupt: a dword `data` written to the physical address. */
export type SendMsi = (address: number, data: number) => void;

export const MSIX_CAPABILITY = 0x11;
export const MSIX_CAPABILITY_BYTES = 12;
/** Message Control, within the capability. */
export const MSIX_CONTROL = 2;
export const MSIX_TABLE = 4;
export const MSIX_PENDING = 8;
/** Message Control: MSI-X Enable and Function Mask. */
export const MSIX_ENABLE = 0x8000;
export const MSIX_FUNCTION_MASK = 0x4000;

/** Message Address, Upper Address, Data, Vector Control. */
const ENTRY_BYTES = 16;
const ENTRY_UPPER = 4;
const ENTRY_DATA = 8;
const ENTRY_CONTROL = 12;
const ENTRY_MASKED = 1;
/** Message Address bits 1-0 are reserved. */
const ADDRESS_LOW_WRITABLE = 0xfc;
/** Pending bits come in quadwords. */
const PENDING_UNIT_BYTES = 8;

export const MSIX_SHAPE = object({ table: list(u8), pending: list(u8) });
export type MsixState = ReturnType<Msix["save"]>;

export class Msix {
  /** The vector table, `tableBytes` long. */
  readonly table: IoHandler = {
    read: (offset, size) => readBytes(this.entries, offset, size),
    write: (offset, value, size) => this.writeTable(offset, value, size),
  };
  /** The pending bit array, read-only. */
  readonly pendingBits: IoHandler = {
    read: (offset, size) => readBytes(this.pending, offset, size),
    write: () => {},
  };
  private readonly entries: Uint8Array;
  private readonly view: DataView;
  private readonly pending: Uint8Array;
  private control = 0;

  constructor(
    /** 1 to 2048. */
    readonly vectors: number,
    private readonly send: SendMsi,
  ) {
    this.entries = new Uint8Array(vectors * ENTRY_BYTES);
    this.view = new DataView(this.entries.buffer);
    this.pending = new Uint8Array(Math.ceil(vectors / 64) * PENDING_UNIT_BYTES);
    this.reset();
  }

  get enabled(): boolean {
    return (this.control & MSIX_ENABLE) !== 0;
  }

  get tableBytes(): number {
    return this.entries.length;
  }

  get pendingBytes(): number {
    return this.pending.length;
  }

  /** The guest wrote Message Control. */
  setControl(control: number): void {
    this.control = control;
    for (let vector = 0; vector < this.vectors; vector++) this.sendIfPending(vector);
  }

  /** The function signals `vector`: sent at once, or pending while it is masked. Vectors beyond the table go nowhere. */
  notify(vector: number): void {
    if (!this.enabled || vector >= this.vectors) return;
    if (this.isMasked(vector)) this.pending[vector >>> 3] |= 1 << (vector & 7);
    else this.sendVector(vector);
  }

  /** All vectors are masked after reset. */
  reset(): void {
    this.control = 0;
    this.entries.fill(0);
    this.pending.fill(0);
    for (let vector = 0; vector < this.vectors; vector++)
      this.entries[vector * ENTRY_BYTES + ENTRY_CONTROL] = ENTRY_MASKED;
  }

  save() {
    return { table: [...this.entries], pending: [...this.pending] };
  }

  /** `control` is the restored Message Control; nothing is sent. The lists have the table's lengths (see `fits`). */
  restore(state: MsixState, control: number): void {
    this.control = control;
    this.entries.set(state.table);
    this.pending.set(state.pending);
  }

  /** The state is that of a table of this size. */
  fits(state: MsixState): boolean {
    return state.table.length === this.entries.length && state.pending.length === this.pending.length;
  }

  private writeTable(offset: number, value: number, size: AccessSize): void {
    if (offset + size > this.entries.length) return;
    for (let index = 0; index < size; index++)
      this.entries[offset + index] = (value >>> (index * 8)) & writableBits((offset + index) % ENTRY_BYTES);
    this.sendIfPending(Math.floor(offset / ENTRY_BYTES));
  }

  private isMasked(vector: number): boolean {
    if ((this.control & MSIX_FUNCTION_MASK) !== 0) return true;
    return (this.entries[vector * ENTRY_BYTES + ENTRY_CONTROL] & ENTRY_MASKED) !== 0;
  }

  private sendIfPending(vector: number): void {
    const bit = 1 << (vector & 7);
    if ((this.pending[vector >>> 3] & bit) === 0 || !this.enabled || this.isMasked(vector)) return;
    this.pending[vector >>> 3] &= ~bit;
    this.sendVector(vector);
  }

  private sendVector(vector: number): void {
    const at = vector * ENTRY_BYTES;
    const address = this.view.getUint32(at + ENTRY_UPPER, true) * 2 ** 32 + this.view.getUint32(at, true);
    this.send(address, this.view.getUint32(at + ENTRY_DATA, true));
  }
}

/** Of a byte of a table entry, the bits that are not reserved. */
function writableBits(offset: number): number {
  if (offset === 0) return ADDRESS_LOW_WRITABLE;
  if (offset === ENTRY_CONTROL) return ENTRY_MASKED;
  return offset > ENTRY_CONTROL ? 0 : 0xff;
}

/** Little-endian; bytes beyond the end read as zero. */
function readBytes(bytes: Uint8Array, offset: number, size: AccessSize): number {
  let value = 0;
  for (let index = size - 1; index >= 0; index--) value = value * 256 + (bytes[offset + index] ?? 0);
  return value;
}
