/** Numbers of the NVM Express Base Specification, revision 1.4. */

/** Controller registers (3.1). */
export const Reg = {
  Cap: 0x00,
  Vs: 0x08,
  Intms: 0x0c,
  Intmc: 0x10,
  Cc: 0x14,
  Csts: 0x1c,
  Aqa: 0x24,
  Asq: 0x28,
  Acq: 0x30,
} as const;
/** Doorbells: submission tail and completion head of each queue in turn, four bytes apart (3.1.24). */
export const DOORBELLS = 0x1000;
export const DOORBELL_BYTES = 4;

/** CAP: largest queue less one, contiguous queues required, time-out in 500 ms; NVM command set; pages of 4 to 64 KiB. */
export const MAX_QUEUE_ENTRIES = 2048;
const CAP_CQR = 1 << 16;
const CAP_TIMEOUT = 15 << 24;
export const CAP_LOW = ((MAX_QUEUE_ENTRIES - 1) | CAP_CQR | CAP_TIMEOUT) >>> 0;
const MAX_PAGE_SHIFT = 4;
const CAP_NVM_COMMAND_SET = 1 << (37 - 32);
export const CAP_HIGH = CAP_NVM_COMMAND_SET | (MAX_PAGE_SHIFT << (52 - 32));
export const VERSION_1_4 = 0x00010400;

/** CC. */
export const CC_ENABLE = 1;
export const CC_WRITABLE = 0x00fffff1;
const CC_COMMAND_SET_SHIFT = 4;
const CC_PAGE_SHIFT = 7;
const CC_SHUTDOWN_SHIFT = 14;
const MIN_PAGE_BITS = 12;

/** CSTS. */
export const CSTS_READY = 1;
export const CSTS_FATAL = 2;
export const CSTS_SHUTDOWN_MASK = 0x0c;
export const CSTS_SHUTDOWN_BUSY = 0x04;
export const CSTS_SHUTDOWN_DONE = 0x08;

/** The page size that CC asks for, in bytes; undefined for one that there is not, or another command set. */
export function pageBytesOf(cc: number): number | undefined {
  const shift = (cc >>> CC_PAGE_SHIFT) & 0xf;
  const commandSet = (cc >>> CC_COMMAND_SET_SHIFT) & 7;
  return shift <= MAX_PAGE_SHIFT && commandSet === 0 ? 1 << (MIN_PAGE_BITS + shift) : undefined;
}

export function shutdownWanted(cc: number): boolean {
  return ((cc >>> CC_SHUTDOWN_SHIFT) & 3) !== 0;
}

export const SQ_ENTRY_BYTES = 64;
export const CQ_ENTRY_BYTES = 16;
/** Data of one command: 2^MDTS pages of the smallest size. */
export const MDTS = 7;
export const MAX_TRANSFER_BYTES = 4096 << MDTS;
export const LBA_SHIFT = 9;
export const LBA_BYTES = 1 << LBA_SHIFT;
/** There is one namespace. */
export const NAMESPACE = 1;
export const ALL_NAMESPACES = 0xffff_ffff;
/** I/O queues of each kind: one CPU uses one. */
export const MAX_IO_QUEUES = 8;
/** Asynchronous Event Requests that may wait. */
export const MAX_EVENT_REQUESTS = 4;

export const Admin = {
  DeleteSq: 0x00,
  CreateSq: 0x01,
  GetLogPage: 0x02,
  DeleteCq: 0x04,
  CreateCq: 0x05,
  Identify: 0x06,
  Abort: 0x08,
  SetFeatures: 0x09,
  GetFeatures: 0x0a,
  AsyncEventRequest: 0x0c,
} as const;

export const Io = { Flush: 0x00, Write: 0x01, Read: 0x02, WriteZeroes: 0x08, DatasetManagement: 0x09 } as const;

/** Status Code Type and Status Code (4.6.1), as they lie in the completion's status field. */
export const NvmeStatus = {
  Success: 0x000,
  InvalidOpcode: 0x001,
  InvalidField: 0x002,
  AbortedSqDeletion: 0x008,
  InvalidNamespace: 0x00b,
  PrpOffsetInvalid: 0x013,
  WriteProtected: 0x020,
  LbaOutOfRange: 0x080,
  CompletionQueueInvalid: 0x100,
  InvalidQueueId: 0x101,
  InvalidQueueSize: 0x102,
  EventRequestLimit: 0x105,
  InvalidInterruptVector: 0x108,
  InvalidLogPage: 0x109,
  InvalidQueueDeletion: 0x10c,
  FeatureNotSaveable: 0x10d,
  WriteFault: 0x280,
  ReadError: 0x281,
} as const;
/** Do Not Retry: the same command would fail again. */
export const STATUS_DNR = 0x4000;

/** Events that are told by an Asynchronous Event Request: type, information (5.2). */
export const EVENT_INVALID_DOORBELL = 0x0000;
export const EVENT_INVALID_DOORBELL_VALUE = 0x0100;
