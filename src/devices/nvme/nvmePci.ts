/** An NVMe controller on the PCI bus: registers and doorbells at BAR 0, with MSI-X behind them; ids as QEMU's. */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { Disk } from "../../bus/disk.ts";
import { PciDevice, type PciHost } from "../pci/pciDevice.ts";
import { PCI_DEVICE_ID, PCI_VENDOR_ID } from "./identify.ts";
import { NvmeController } from "./nvmeController.ts";
import { MAX_IO_QUEUES } from "./nvmeRegisters.ts";

export interface NvmePciOptions {
  name: string;
  disk: Disk;
  /** At most 20 characters of ASCII (default: the disk's name). */
  serial?: string;
}

/** Mass storage, non-volatile memory, NVM Express. */
const NVME_CLASS = 0x010802;
const REVISION = 2;
/** BAR 0: registers, doorbells, MSI-X table, pending bits. */
const BAR_BYTES = 0x4000;
const MSIX_TABLE = 0x2000;
const MSIX_PENDING = 0x3000;
/** One for each queue, admin included. */
const VECTORS = MAX_IO_QUEUES + 1;

export class NvmePci extends PciDevice {
  readonly controller: NvmeController;

  constructor(host: PciHost, { name, disk, serial }: NvmePciOptions) {
    const identity = { vendorId: PCI_VENDOR_ID, deviceId: PCI_DEVICE_ID, classCode: NVME_CLASS, revision: REVISION };
    super(name, "nvme", 1, { ...identity, interruptPin: 1 }, host);
    this.controller = new NvmeController({
      ...{ name, memory: host.memory, disk, serial: serial ?? disk.name, vectors: VECTORS },
      isBusMaster: () => this.busMaster,
      onVector: (vector) => this.notifyVector(vector),
      onPin: (asserted) => this.setIntx(asserted),
    });
    const msix = this.addMsix(VECTORS, { bar: 0, tableOffset: MSIX_TABLE, pendingOffset: MSIX_PENDING }, host.sendMsi);
    const part = (offset: number): { handler: IoHandler; start: number } => {
      if (offset >= MSIX_PENDING) return { handler: msix.pendingBits, start: MSIX_PENDING };
      return offset >= MSIX_TABLE ? { handler: msix.table, start: MSIX_TABLE } : { handler: this.controller, start: 0 };
    };
    const handler: IoHandler = {
      read: (offset, size) => part(offset).handler.read(offset - part(offset).start, size),
      write: (offset, value, size) => part(offset).handler.write(offset - part(offset).start, value, size),
    };
    this.addBar(0, { kind: "memory64", sizeBytes: BAR_BYTES, handler });
  }

  protected resetDevice(): void {
    this.controller.reset();
  }

  protected saveDevice(): unknown {
    return this.controller.save();
  }

  protected parseDevice(state: unknown): () => void {
    return this.controller.parse(state);
  }
}
