/** Access to BAR contents through configuration space, for firmware that maps no BARs. Document: virtio 1.2, 4.1.4.9. */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import type { ConfigSpace } from "../pci/configSpace.ts";

/** Offsets within the capability. */
const CAP_BAR = 4;
const CAP_OFFSET = 8;
const CAP_LENGTH = 12;
const CAP_DATA = 16;
const DATA_BYTES = 4;

export class PciConfigWindow {
  constructor(
    private readonly config: ConfigSpace,
    /** Offset of the capability. */
    private readonly at: number,
    private readonly bar: number,
    private readonly handler: IoHandler,
    private readonly barBytes: number,
  ) {
    config.define(at + CAP_BAR, 1, 0, 0xff);
    config.define(at + CAP_OFFSET, 4, 0, 0xffffffff);
    config.define(at + CAP_LENGTH, 4, 0, 0xffffffff);
    config.define(at + CAP_DATA, DATA_BYTES, 0, 0xffffffff);
  }

  /** The guest is about to read these configuration bytes: fetches what the window shows. */
  beforeRead(offset: number, size: number): void {
    const access = this.accessFor(offset, size);
    if (access) this.config.set(this.at + CAP_DATA, this.handler.read(access.offset, access.size), access.size);
  }

  /** The guest has written these configuration bytes: passes on what it wrote to the window. */
  afterWrite(offset: number, size: number): void {
    const access = this.accessFor(offset, size);
    if (access) this.handler.write(access.offset, this.config.read(this.at + CAP_DATA, access.size), access.size);
  }

  /** What the capability's registers ask for, where the data register is touched and they make sense. */
  private accessFor(offset: number, size: number): { offset: number; size: AccessSize } | undefined {
    const data = this.at + CAP_DATA;
    if (offset >= data + DATA_BYTES || offset + size <= data) return undefined;
    const wanted = this.config.read(this.at + CAP_OFFSET, 4);
    const length = this.config.read(this.at + CAP_LENGTH, 4);
    const isSize = length === 1 || length === 2 || length === 4;
    if (!isSize || this.config.bytes[this.at + CAP_BAR] !== this.bar) return undefined;
    return wanted % length === 0 && wanted + length <= this.barBytes ? { offset: wanted, size: length } : undefined;
  }
}
