/** The register block of a transitional virtio PCI function, for drivers of before version 1.0. Document: virtio 1.2, 4.1.4.10. */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import type { CommonConfig } from "./commonConfig.ts";
import type { VirtioCore } from "./virtioCore.ts";
import {
  DESC_BYTES,
  LEGACY_CONFIG,
  LEGACY_CONFIG_MSIX,
  LEGACY_PAGE_BYTES,
  Legacy,
  NO_VECTOR,
} from "./virtioRegisters.ts";
import type { VirtQueue } from "./virtQueue.ts";

export interface LegacyConfigOptions {
  /** The vector registers are there while MSI-X is on. */
  messagesEnabled: () => boolean;
  readIsr: () => number;
  setStatus: (status: number) => void;
}

/** Flags and index before the entries of the available ring, the event index behind them; two bytes each. */
const AVAILABLE_FIXED_BYTES = 6;

export class LegacyConfig implements IoHandler {
  constructor(
    private readonly core: VirtioCore,
    private readonly registers: CommonConfig,
    private readonly options: LegacyConfigOptions,
  ) {}

  read(offset: number, size: AccessSize): number {
    const config = this.configStart;
    if (offset >= config) return this.core.readConfig(offset - config, size);
    const { registers, core } = this;
    switch (offset) {
      case Legacy.DeviceFeatures:
        return core.deviceFeatureWord(0, true);
      case Legacy.DriverFeatures:
        return core.driverFeatureWord(0);
      case Legacy.QueueAddress:
        return (registers.selected?.desc ?? 0) / LEGACY_PAGE_BYTES;
      case Legacy.QueueSize:
        return registers.selected?.maxSize ?? 0;
      case Legacy.QueueSelect:
        return registers.queueSelect;
      case Legacy.DeviceStatus:
        return core.status;
      case Legacy.IsrStatus:
        return this.options.readIsr();
      case Legacy.ConfigMsixVector:
        return registers.configVector;
      case Legacy.QueueMsixVector:
        return registers.selected?.vector ?? NO_VECTOR;
      default:
        return 0;
    }
  }

  write(offset: number, value: number, size: AccessSize): void {
    const config = this.configStart;
    if (offset >= config) {
      this.core.writeConfig(offset - config, value, size);
      return;
    }
    const { registers, core } = this;
    if (offset === Legacy.DriverFeatures) core.setDriverFeatureWord(0, value, true);
    else if (offset === Legacy.QueueAddress) this.setQueueAddress(value);
    else if (offset === Legacy.QueueSelect) registers.queueSelect = value;
    else if (offset === Legacy.QueueNotify) core.notify(value);
    else if (offset === Legacy.DeviceStatus) this.options.setStatus(value & 0xff);
    else if (offset === Legacy.ConfigMsixVector) registers.configVector = registers.vectorOf(value);
    else if (offset === Legacy.QueueMsixVector && registers.selected)
      registers.selected.vector = registers.vectorOf(value);
  }

  private get configStart(): number {
    return this.options.messagesEnabled() ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
  }

  /** A page number: the three areas of the ring lie one behind the other (2.7.2). Zero lets go of the queue. */
  private setQueueAddress(page: number): void {
    const queue = this.registers.selected;
    if (queue === undefined) return;
    this.core.useLegacy();
    if (page !== 0) place(queue, page * LEGACY_PAGE_BYTES);
    else {
      const { vector } = queue;
      queue.reset();
      queue.vector = vector;
    }
  }
}

function place(queue: VirtQueue, address: number): void {
  if (queue.enabled) return;
  queue.desc = address;
  queue.driver = address + queue.size * DESC_BYTES;
  const end = queue.driver + AVAILABLE_FIXED_BYTES + queue.size * 2;
  queue.device = Math.ceil(end / LEGACY_PAGE_BYTES) * LEGACY_PAGE_BYTES;
  queue.enabled = true;
}
