/** The command set and register bits of the 82077AA. Document: Intel 82077AA datasheet (290166), sections 2 and 5. */

/** Offsets from 3F0h. */
export const FdcReg = {
  StatusA: 0,
  StatusB: 1,
  DigitalOutput: 2,
  TapeDrive: 3,
  /** Reads the main status, writes the data rate select register. */
  MainStatus: 4,
  Fifo: 5,
  /** Reads the digital input, writes the configuration control register. */
  DigitalInput: 7,
} as const;

export const Dor = { DriveMask: 0x03, NotReset: 0x04, DmaGate: 0x08, MotorShift: 4 } as const;
export const Msr = { Request: 0x80, ToHost: 0x40, NonDma: 0x20, Busy: 0x10 } as const;
export const Dsr = { SoftReset: 0x80, Rate: 0x03 } as const;
export const DIR_CHANGED = 0x80;
export const St0 = { Abnormal: 0x40, Invalid: 0x80, ReadyChanged: 0xc0, SeekEnd: 0x20, EquipmentCheck: 0x10 } as const;
export const St1 = {
  EndOfCylinder: 0x80,
  DataError: 0x20,
  Overrun: 0x10,
  NoData: 0x04,
  NotWritable: 0x02,
  MissingAddressMark: 0x01,
} as const;
export const St2 = { ControlMark: 0x40, DataError: 0x20, WrongCylinder: 0x10 } as const;
export const St3 = { WriteProtected: 0x40, Ready: 0x20, TrackZero: 0x10, TwoSided: 0x08 } as const;
/** Modifiers in the first byte of a command. */
export const MULTI_TRACK = 0x80;
export const SKIP = 0x20;
/** In the second byte: which head, which drive. */
export const HEAD_SELECT = 0x04;
export const DRIVE_SELECT = 0x03;
/** CONFIGURE's second byte. */
export const Configure = { ImpliedSeek: 0x40, FifoOff: 0x20, Threshold: 0x0f } as const;
/** SPECIFY's second byte. */
export const NON_DMA = 0x01;
/** An enhanced controller (VERSION). */
export const ENHANCED_CONTROLLER = 0x90;

export type FdcCommand =
  | "read"
  | "readDeleted"
  | "write"
  | "readTrack"
  | "verify"
  | "format"
  | "readId"
  | "recalibrate"
  | "senseInterrupt"
  | "specify"
  | "senseDrive"
  | "configure"
  | "seek"
  | "relativeSeek"
  | "dumpRegisters"
  | "version"
  | "perpendicular"
  | "lock"
  | "invalid";

interface Row {
  /** Bits of the first byte that must be as in `code`; the others are modifiers. */
  mask: number;
  code: number;
  command: FdcCommand;
  /** With the first. */
  bytes: number;
}

/** SCAN is not on the enhanced controllers that followed, and is taken as invalid. */
const ROWS: readonly Row[] = [
  { mask: 0x1f, code: 0x06, command: "read", bytes: 9 },
  { mask: 0x1f, code: 0x0c, command: "readDeleted", bytes: 9 },
  { mask: 0x3f, code: 0x05, command: "write", bytes: 9 },
  { mask: 0x3f, code: 0x09, command: "write", bytes: 9 }, // deleted data: images have no marks for it
  { mask: 0x9f, code: 0x02, command: "readTrack", bytes: 9 },
  { mask: 0x1f, code: 0x16, command: "verify", bytes: 9 },
  { mask: 0xbf, code: 0x0d, command: "format", bytes: 6 },
  { mask: 0xbf, code: 0x0a, command: "readId", bytes: 2 },
  { mask: 0xff, code: 0x07, command: "recalibrate", bytes: 2 },
  { mask: 0xff, code: 0x08, command: "senseInterrupt", bytes: 1 },
  { mask: 0xff, code: 0x03, command: "specify", bytes: 3 },
  { mask: 0xff, code: 0x04, command: "senseDrive", bytes: 2 },
  { mask: 0xff, code: 0x13, command: "configure", bytes: 4 },
  { mask: 0xff, code: 0x0f, command: "seek", bytes: 3 },
  { mask: 0xbf, code: 0x8f, command: "relativeSeek", bytes: 3 },
  { mask: 0xff, code: 0x0e, command: "dumpRegisters", bytes: 1 },
  { mask: 0xff, code: 0x10, command: "version", bytes: 1 },
  { mask: 0xff, code: 0x12, command: "perpendicular", bytes: 2 },
  { mask: 0x7f, code: 0x14, command: "lock", bytes: 1 },
];

const INVALID: Row = { mask: 0, code: 0, command: "invalid", bytes: 1 };

export function decodeCommand(first: number): { command: FdcCommand; bytes: number } {
  return ROWS.find(({ mask, code }) => (first & mask) === code) ?? INVALID;
}
