/** The 256 configuration bytes of a PCI function: what they are after reset, which bits a guest may write or clear. */
export class ConfigSpace {
  readonly bytes = new Uint8Array(256);
  private readonly resetImage = new Uint8Array(256);
  private readonly writable = new Uint8Array(256);
  private readonly clearable = new Uint8Array(256);

  /** Defines a register of `size` bytes: its reset value, the bits the guest writes, the bits it clears with ones. */
  define(offset: number, size: number, value: number, writable = 0, clearable = 0): void {
    for (let index = 0; index < size; index++) {
      const shift = index * 8;
      this.resetImage[offset + index] = value >>> shift;
      this.writable[offset + index] = writable >>> shift;
      this.clearable[offset + index] = clearable >>> shift;
    }
    this.bytes.set(this.resetImage.subarray(offset, offset + size), offset);
  }

  reset(): void {
    this.bytes.set(this.resetImage);
  }

  read(offset: number, size: number): number {
    let value = 0;
    for (let index = size - 1; index >= 0; index--) value = value * 256 + this.bytes[(offset + index) & 0xff];
    return value;
  }

  /** A write by the guest. */
  write(offset: number, value: number, size: number): void {
    for (let index = 0; index < size; index++) {
      const at = (offset + index) & 0xff;
      const byte = (value >>> (index * 8)) & 0xff;
      const kept = this.bytes[at] & ~this.writable[at] & ~(this.clearable[at] & byte);
      this.bytes[at] = kept | (byte & this.writable[at]);
    }
  }

  /** A change by the device itself. */
  set(offset: number, value: number, size: number): void {
    for (let index = 0; index < size; index++) this.bytes[offset + index] = value >>> (index * 8);
  }
}
