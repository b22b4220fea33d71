/** Offsets and bits of the PCI configuration header, type 0. Document: PCI Local Bus Specification 3.0, chapter 6. */
export const PciReg = {
  VendorId: 0x00,
  DeviceId: 0x02,
  Command: 0x04,
  Status: 0x06,
  Revision: 0x08,
  ClassCode: 0x09,
  CacheLineSize: 0x0c,
  LatencyTimer: 0x0d,
  HeaderType: 0x0e,
  Bar0: 0x10,
  SubsystemVendorId: 0x2c,
  SubsystemId: 0x2e,
  RomBar: 0x30,
  CapabilityPointer: 0x34,
  InterruptLine: 0x3c,
  InterruptPin: 0x3d,
} as const;

export const COMMAND_IO = 0x0001;
export const COMMAND_MEMORY = 0x0002;
export const COMMAND_MASTER = 0x0004;
export const COMMAND_INTX_DISABLE = 0x0400;
/** I/O, memory, master, parity, SERR#, INTx disable. */
export const COMMAND_WRITABLE = 0x0547;
export const STATUS_INTX = 0x0008;
export const STATUS_CAPABILITIES = 0x0010;
/** Error bits, cleared by writing ones. */
export const STATUS_CLEARABLE = 0xf900;
export const MULTIFUNCTION = 0x80;
