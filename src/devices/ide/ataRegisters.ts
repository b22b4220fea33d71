/**
 * Registers, bits and commands of the AT attachment. Documents: ATA/ATAPI-7 (T13/1532D) volumes 1 and 2, ATA8-ACS (T13/1699D) for
 * DATA SET MANAGEMENT, and for what those have made obsolete ATA-3 (X3T10/2008D).
 */

/** Offsets in the command block. Reads of 1 give the error register and of 7 the status. */
export const AtaReg = {
  Data: 0,
  Features: 1,
  SectorCount: 2,
  LbaLow: 3,
  LbaMid: 4,
  LbaHigh: 5,
  Device: 6,
  Command: 7,
} as const;

/** Status register. */
export const Status = {
  Busy: 0x80,
  Ready: 0x40,
  DeviceFault: 0x20,
  SeekComplete: 0x10,
  DataRequest: 0x08,
  Error: 0x01,
} as const;

/** Error register of a disk. */
export const AtaError = {
  Uncorrectable: 0x40,
  IdNotFound: 0x10,
  Abort: 0x04,
} as const;

/** What the error register says after a reset or diagnostic: passed (device 1 too, or absent). */
export const DIAGNOSTIC_PASSED = 0x01;

/** Device register. */
export const DEVICE_LBA = 0x40;
export const DEVICE_SELECT = 0x10;
export const DEVICE_HEAD = 0x0f;
/** Bits 7 and 5, which were always set before ATA-6, and read so still. */
export const DEVICE_OBSOLETE = 0xa0;

/** Device control register. */
export const CONTROL_HIGH_ORDER = 0x80;
export const CONTROL_SOFT_RESET = 0x04;
export const CONTROL_NO_INTERRUPT = 0x02;

export const Command = {
  Nop: 0x00,
  DataSetManagement: 0x06,
  DeviceReset: 0x08,
  /** 10h-1Fh. */
  Recalibrate: 0x10,
  ReadSectors: 0x20,
  ReadSectorsNoRetry: 0x21,
  ReadSectorsExt: 0x24,
  ReadDmaExt: 0x25,
  ReadNativeMaxExt: 0x27,
  ReadMultipleExt: 0x29,
  WriteSectors: 0x30,
  WriteSectorsNoRetry: 0x31,
  WriteSectorsExt: 0x34,
  WriteDmaExt: 0x35,
  WriteMultipleExt: 0x39,
  WriteVerify: 0x3c,
  WriteDmaFuaExt: 0x3d,
  ReadVerify: 0x40,
  ReadVerifyNoRetry: 0x41,
  ReadVerifyExt: 0x42,
  /** 70h-7Fh. */
  Seek: 0x70,
  ExecuteDiagnostic: 0x90,
  InitializeParameters: 0x91,
  Packet: 0xa0,
  IdentifyPacket: 0xa1,
  Smart: 0xb0,
  ReadMultiple: 0xc4,
  WriteMultiple: 0xc5,
  SetMultiple: 0xc6,
  ReadDma: 0xc8,
  ReadDmaNoRetry: 0xc9,
  WriteDma: 0xca,
  WriteDmaNoRetry: 0xcb,
  WriteMultipleFuaExt: 0xce,
  StandbyImmediate: 0xe0,
  IdleImmediate: 0xe1,
  Standby: 0xe2,
  Idle: 0xe3,
  ReadBuffer: 0xe4,
  CheckPowerMode: 0xe5,
  Sleep: 0xe6,
  FlushCache: 0xe7,
  WriteBuffer: 0xe8,
  FlushCacheExt: 0xea,
  Identify: 0xec,
  SetFeatures: 0xef,
  ReadNativeMax: 0xf8,
} as const;

/** Subcommands of SET FEATURES, in the features register. */
export const Feature = {
  EnableWriteCache: 0x02,
  SetTransferMode: 0x03,
  EnableAdvancedPower: 0x05,
  DisableLookAhead: 0x55,
  DisableRevert: 0x66,
  DisableWriteCache: 0x82,
  DisableAdvancedPower: 0x85,
  EnableLookAhead: 0xaa,
  EnableRevert: 0xcc,
} as const;

export const SECTOR_BYTES = 512;
