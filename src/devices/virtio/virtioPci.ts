/**
 * A virtio device as a PCI function. Document: virtio 1.2, 4.1. Modern drivers find their structures in BAR 4 by capabilities;
 * drivers from before version 1.0 use BAR 0 (4.1.4.10), if the function is a transitional one. MSI-X is in BAR 1.
 * Layout and ids are those of QEMU's functions, which firmware and boot loaders know.
 *
 *   BAR 4:  0000h common | 1000h ISR | 2000h device configuration | 3000h notifications, 4 bytes a queue
 */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import { anything, object, u8, u16, u32 } from "../../bus/savedState.ts";
import { PciDevice, type PciHost } from "../pci/pciDevice.ts";
import { CommonConfig } from "./commonConfig.ts";
import { LegacyConfig } from "./legacyConfig.ts";
import { PciConfigWindow } from "./pciConfigWindow.ts";
import { VirtioCore } from "./virtioCore.ts";
import type { VirtioDevice } from "./virtioDevice.ts";
import { CfgType, COMMON_BYTES, ISR_CONFIG, ISR_QUEUE, LEGACY_CONFIG_MSIX, NO_VECTOR } from "./virtioRegisters.ts";

export interface VirtioPciOptions {
  name: string;
  /** Serves drivers of before virtio 1.0 too (default true). */
  transitional?: boolean;
  /** Offers packed rings (default false, as QEMU). */
  packed?: boolean;
}

const VENDOR_ID = 0x1af4;
/** Modern ids follow from the type (4.1.2.1); transitional ones are listed (4.1.2.3). */
const MODERN_DEVICE_ID = 0x1040;
const TRANSITIONAL_DEVICE_IDS: Readonly<Record<number, number>> = {
  1: 0x1000,
  2: 0x1001,
  3: 0x1003,
  4: 0x1005,
  5: 0x1002,
  9: 0x1009,
};
const MODERN_REVISION = 1;
const MODERN_SUBSYSTEM_ID = 0x1100;

const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const MODERN_BAR = 4;
const REGION_BYTES = 0x1000;
const COMMON_REGION = 0;
const ISR_REGION = 1;
const DEVICE_REGION = 2;
const NOTIFY_REGION = 3;
const REGIONS = 4;
const NOTIFY_MULTIPLIER = 4;
const ISR_BYTES = 1;

const VENDOR_CAPABILITY = 0x09;
/** struct virtio_pci_cap (4.1.4), the notification's multiplier behind it. */
const CAP_BYTES = 16;
const CAP_LENGTH = 2;
const CAP_TYPE = 3;
const CAP_BAR = 4;
const CAP_OFFSET = 8;
const CAP_STRUCTURE_LENGTH = 12;
const CAP_NOTIFY_MULTIPLIER = 16;

const MIN_LEGACY_BAR_BYTES = 32;
const SHAPE = object({
  isr: u8,
  configVector: u16,
  queueSelect: u16,
  deviceFeatureSelect: u32,
  driverFeatureSelect: u32,
  core: anything,
});

export class VirtioPci extends PciDevice {
  readonly core: VirtioCore;
  private readonly registers: CommonConfig;
  private readonly window: PciConfigWindow;
  private isr = 0;

  constructor(device: VirtioDevice, host: PciHost, options: VirtioPciOptions) {
    const { name, transitional = true, packed = false } = options;
    const transitionalId = transitional ? TRANSITIONAL_DEVICE_IDS[device.type] : undefined;
    const isTransitional = transitionalId !== undefined;
    super(name, `virtio-${device.type}`, 1, identityOf(device, transitionalId), host);
    this.core = new VirtioCore({
      ...{ name, memory: host.memory, device, legacy: isTransitional, packed },
      onQueueInterrupt: (queue) => this.interrupt(ISR_QUEUE, queue.vector),
      onConfigInterrupt: () => this.interrupt(ISR_CONFIG, this.registers.configVector),
    });
    const vectors = device.queueSizes.length + 1;
    this.registers = new CommonConfig(this.core, vectors);
    const notifyBytes = device.queueSizes.length * NOTIFY_MULTIPLIER;
    if (isTransitional) this.addLegacyBar(device);
    this.addMsixBar(MSIX_BAR, vectors, host.sendMsi);
    this.addBar(MODERN_BAR, {
      ...{ kind: "memory64", prefetchable: true, sizeBytes: REGIONS * REGION_BYTES },
      handler: this.modernHandler(),
    });
    this.addStructure(CfgType.Common, COMMON_REGION, COMMON_BYTES);
    this.addStructure(CfgType.Isr, ISR_REGION, ISR_BYTES);
    if (device.config.length > 0) this.addStructure(CfgType.Device, DEVICE_REGION, device.config.length);
    const notify = this.addStructure(CfgType.Notify, NOTIFY_REGION, notifyBytes, CAP_BYTES + 4);
    this.config.define(notify + CAP_NOTIFY_MULTIPLIER, 4, NOTIFY_MULTIPLIER);
    const windowAt = this.addStructure(CfgType.Pci, 0, 0, CAP_BYTES + 4);
    this.window = new PciConfigWindow(this.config, windowAt, MODERN_BAR, this.modernHandler(), REGIONS * REGION_BYTES);
  }

  override readConfig(offset: number, size: AccessSize): number {
    this.window?.beforeRead(offset, size);
    return super.readConfig(offset, size);
  }

  protected override configWritten(offset: number, size: number): void {
    this.window?.afterWrite(offset, size);
  }

  protected resetDevice(): void {
    this.isr = 0;
    this.registers.reset();
    this.core.powerOn();
  }

  protected saveDevice(): unknown {
    return { isr: this.isr, ...this.registers.save(), core: this.core.save() };
  }

  protected parseDevice(saved: unknown): () => void {
    const { isr, core, ...registers } = SHAPE(saved, this.name);
    const applyCore = this.core.parse(core);
    return () => {
      this.isr = isr;
      this.registers.restore(registers);
      applyCore();
    };
  }

  /** With MSI-X on, by message; else by ISR and INTx, until the driver has read the ISR. */
  private interrupt(cause: number, vector: number): void {
    if (this.messagesEnabled) {
      if (vector !== NO_VECTOR) this.notifyVector(vector);
      return;
    }
    this.isr |= cause;
    this.setIntx(true);
  }

  private readIsr(): number {
    const value = this.isr;
    this.isr = 0;
    this.setIntx(false);
    return value;
  }

  /** A write of 0 to the status resets all that the driver has set up, the vectors too. */
  private setStatus(value: number): void {
    this.core.setStatus(value);
    if (value !== 0) return;
    this.registers.reset();
    this.readIsr();
  }

  private modernHandler(): IoHandler {
    return {
      read: (offset, size) => this.readModern(Math.floor(offset / REGION_BYTES), offset % REGION_BYTES, size),
      write: (offset, value, size) =>
        this.writeModern(Math.floor(offset / REGION_BYTES), offset % REGION_BYTES, value, size),
    };
  }

  private readModern(region: number, offset: number, size: AccessSize): number {
    if (region === COMMON_REGION) return this.registers.read(offset, size);
    if (region === ISR_REGION) return offset === 0 ? this.readIsr() : 0;
    return region === DEVICE_REGION ? this.core.readConfig(offset, size) : 0;
  }

  private writeModern(region: number, offset: number, value: number, size: AccessSize): void {
    if (region === COMMON_REGION) this.registers.write(offset, value, size, (status) => this.setStatus(status));
    else if (region === DEVICE_REGION) this.core.writeConfig(offset, value, size);
    else if (region === NOTIFY_REGION && offset % NOTIFY_MULTIPLIER === 0) this.notify(offset / NOTIFY_MULTIPLIER);
  }

  /** A device that may not master the bus cannot look at its queues. */
  private notify(queue: number): void {
    if (this.busMaster) this.core.notify(queue);
  }

  private addLegacyBar(device: VirtioDevice): void {
    const legacy = new LegacyConfig(this.core, this.registers, {
      messagesEnabled: () => this.messagesEnabled,
      readIsr: () => this.readIsr(),
      setStatus: (status) => this.setStatus(status),
    });
    const used = LEGACY_CONFIG_MSIX + device.config.length;
    const sizeBytes = Math.max(MIN_LEGACY_BAR_BYTES, 2 ** Math.ceil(Math.log2(used)));
    this.addBar(LEGACY_BAR, { kind: "io", sizeBytes, handler: legacy });
  }

  /** Adds a capability that says where a structure lies; returns its offset. */
  private addStructure(type: number, region: number, length: number, capBytes = CAP_BYTES): number {
    const offset = this.addCapability(VENDOR_CAPABILITY, capBytes);
    this.config.define(offset + CAP_LENGTH, 1, capBytes);
    this.config.define(offset + CAP_TYPE, 1, type);
    this.config.define(offset + CAP_BAR, 1, length > 0 ? MODERN_BAR : 0);
    this.config.define(offset + CAP_OFFSET, 4, region * REGION_BYTES);
    this.config.define(offset + CAP_STRUCTURE_LENGTH, 4, length);
    return offset;
  }
}

function identityOf({ type, classCode }: VirtioDevice, transitionalId: number | undefined) {
  const common = { vendorId: VENDOR_ID, classCode, interruptPin: 1, subsystemVendorId: VENDOR_ID };
  return transitionalId === undefined
    ? { ...common, deviceId: MODERN_DEVICE_ID + type, revision: MODERN_REVISION, subsystemId: MODERN_SUBSYSTEM_ID }
    : { ...common, deviceId: transitionalId, revision: 0, subsystemId: type };
}
