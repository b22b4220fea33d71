import { getUint64 } from "../../bus/guestWords.ts";

const PRP1 = 24;
const PRP2 = 32;
const CDW10 = 40;

/** A submission queue entry (4.2). */
export class NvmeCommand {
  private readonly view: DataView;

  constructor(
    /** Of the queue that it came by. */
    readonly sqId: number,
    readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get opcode(): number {
    return this.bytes[0];
  }

  /** Command identifier. */
  get cid(): number {
    return this.view.getUint16(2, true);
  }

  /** Fused commands and scatter gather lists are not supported: bits that ask for them. */
  get isExotic(): boolean {
    return (this.bytes[1] & 0xc3) !== 0;
  }

  get nsid(): number {
    return this.view.getUint32(4, true);
  }

  get prp1(): number {
    return getUint64(this.view, PRP1);
  }

  get prp2(): number {
    return getUint64(this.view, PRP2);
  }

  /** Command dword `number`, 10 to 15. */
  cdw(number: number): number {
    return this.view.getUint32(CDW10 + (number - 10) * 4, true);
  }

  /** Dwords 10 and 11 as one: the starting LBA. */
  get slba(): number {
    return getUint64(this.view, CDW10);
  }
}
