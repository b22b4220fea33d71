import type { AcpiChecksum, AcpiPointer } from "./acpiFixup.ts";

const HEADER_LENGTH = 36;
const CHECKSUM_OFFSET = 9;

/** Writes ACPI tables one after the other into a block, noting where pointers and checksums are. */
export class TableWriter {
  readonly pointers: AcpiPointer[] = [];
  readonly checksums: AcpiChecksum[] = [];
  private readonly content: number[] = [];

  get offset(): number {
    return this.content.length;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.content);
  }

  /** Writes a table with its 36-byte header (5.2.6) around `body`, 16-byte aligned, and returns its offset. */
  table(signature: string, revision: number, body: () => void): number {
    this.align(16);
    const start = this.offset;
    this.text(signature, 4).u32(0).u8(revision).u8(0).text("TABVSR", 6).text("TABVISOR", 8);
    this.u32(1).text("TBVS", 4).u32(1);
    body();
    const length = this.offset - start;
    for (let index = 0; index < 4; index++) this.content[start + 4 + index] = (length >>> (8 * index)) & 0xff;
    this.checksums.push({ at: start + CHECKSUM_OFFSET, start, length });
    if (length < HEADER_LENGTH) throw new RangeError(`ACPI table ${signature} is too short`);
    return start;
  }

  /** A 32-bit pointer to an offset of the block. */
  pointer(target: number): this {
    this.pointers.push({ at: this.offset, target });
    return this.u32(target);
  }

  u8(value: number): this {
    this.content.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.u8(value).u8(value >>> 8);
  }

  u32(value: number): this {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }

  /** ASCII padded with spaces. */
  text(value: string, length: number): this {
    for (const character of value.padEnd(length)) this.u8(character.charCodeAt(0));
    return this;
  }

  bytes(values: Iterable<number>): this {
    for (const value of values) this.content.push(value);
    return this;
  }

  zeros(count: number): this {
    for (let index = 0; index < count; index++) this.content.push(0);
    return this;
  }

  align(alignment: number): this {
    return this.zeros((alignment - (this.offset % alignment)) % alignment);
  }
}
