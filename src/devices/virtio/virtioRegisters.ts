/** Numbers of the virtio specification, version 1.2 (OASIS): chapters 2 and 6, and the PCI transport, 4.1. */

/** Device types (chapter 5). */
export const VirtioType = {
  Network: 1,
  Block: 2,
  Console: 3,
  Entropy: 4,
  Balloon: 5,
  NineP: 9,
  Gpu: 16,
  Input: 18,
  Vsock: 19,
} as const;

/** Device status field (2.1). */
export const Status = { Acknowledge: 1, Driver: 2, DriverOk: 4, FeaturesOk: 8, NeedsReset: 64, Failed: 128 } as const;

/** Feature bits that belong to no device type (6, and 6.3 for the legacy interface). */
export const Feature = {
  NotifyOnEmpty: 24,
  AnyLayout: 27,
  IndirectDesc: 28,
  EventIdx: 29,
  Version1: 32,
  RingPacked: 34,
} as const;

/** The set of these feature bits. */
export function featureSet(...bits: readonly number[]): bigint {
  return bits.reduce((set, bit) => set | (1n << BigInt(bit)), 0n);
}

/** Descriptor flags (2.7.5, 2.8.1). */
export const DESC_NEXT = 1;
export const DESC_WRITE = 2;
export const DESC_INDIRECT = 4;
export const DESC_AVAIL = 0x80;
export const DESC_USED = 0x8000;
export const DESC_BYTES = 16;

/** ISR status (4.1.4.5). */
export const ISR_QUEUE = 1;
export const ISR_CONFIG = 2;

/** "No vector" of the MSI-X vector registers (4.1.4.3). */
export const NO_VECTOR = 0xffff;

/** Types of the vendor-specific PCI capabilities (4.1.4). */
export const CfgType = { Common: 1, Notify: 2, Isr: 3, Device: 4, Pci: 5 } as const;

/** Common configuration structure (4.1.4.3). */
export const Common = {
  DeviceFeatureSelect: 0x00,
  DeviceFeature: 0x04,
  DriverFeatureSelect: 0x08,
  DriverFeature: 0x0c,
  ConfigMsixVector: 0x10,
  NumQueues: 0x12,
  DeviceStatus: 0x14,
  ConfigGeneration: 0x15,
  QueueSelect: 0x16,
  QueueSize: 0x18,
  QueueMsixVector: 0x1a,
  QueueEnable: 0x1c,
  QueueNotifyOff: 0x1e,
  QueueDesc: 0x20,
  QueueDriver: 0x28,
  QueueDevice: 0x30,
} as const;
export const COMMON_BYTES = 0x38;

/** Legacy interface (4.1.4.10); the vectors are there while MSI-X is on, the device's configuration follows. */
export const Legacy = {
  DeviceFeatures: 0x00,
  DriverFeatures: 0x04,
  QueueAddress: 0x08,
  QueueSize: 0x0c,
  QueueSelect: 0x0e,
  QueueNotify: 0x10,
  DeviceStatus: 0x12,
  IsrStatus: 0x13,
  ConfigMsixVector: 0x14,
  QueueMsixVector: 0x16,
} as const;
export const LEGACY_CONFIG = 0x14;
export const LEGACY_CONFIG_MSIX = 0x18;
/** Unit of the legacy queue address, and alignment of its used ring. */
export const LEGACY_PAGE_BYTES = 4096;
