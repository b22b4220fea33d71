/**
 * A little emitter of machine code: bytes, 32-bit words, labels and the two kinds of reference to them. The programs
 * (programs.ts) write each instruction's encoding out (Intel SDM vol. 2), so no assembler is needed.
 */
export class Code {
  private readonly bytes: number[] = [];
  private readonly labels = new Map<string, number>();
  private readonly references: { at: number; label: string; relative: boolean }[] = [];

  /** `base`: the address that the first byte will have. */
  constructor(readonly base: number) {}

  /** Bytes in hexadecimal: "01 c8". */
  hex(text: string): this {
    for (const byte of text.split(" ")) this.bytes.push(Number.parseInt(byte, 16));
    return this;
  }

  u32(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.bytes.push((value >>> shift) & 0xff);
    return this;
  }

  u64(value: bigint): this {
    return this.u32(Number(value & 0xffff_ffffn)).u32(Number(value >> 32n));
  }

  label(name: string): this {
    this.labels.set(name, this.bytes.length);
    return this;
  }

  /** The 32-bit distance from the end of this field to `label`: near jumps and calls. */
  relative(label: string): this {
    return this.reference(label, true);
  }

  /** The 32-bit address of `label`. */
  address(label: string): this {
    return this.reference(label, false);
  }

  /** Zeros up to the next multiple of `alignment`. */
  align(alignment: number): this {
    while ((this.base + this.bytes.length) % alignment !== 0) this.bytes.push(0);
    return this;
  }

  finish(): Uint8Array {
    const image = Uint8Array.from(this.bytes);
    const view = new DataView(image.buffer);
    for (const { at, label, relative } of this.references) {
      const target = this.labels.get(label);
      if (target === undefined) throw new Error(`no label "${label}"`);
      view.setInt32(at, relative ? target - (at + 4) : this.base + target, true);
    }
    return image;
  }

  private reference(label: string, relative: boolean): this {
    this.references.push({ at: this.bytes.length, label, relative });
    return this.u32(0);
  }
}
