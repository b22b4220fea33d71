/** What IDENTIFY and GET LOG PAGE return. Document: NVM Express 1.4, 5.15 and 5.14. */
import { setUint64 } from "../../bus/guestWords.ts";
import { LBA_SHIFT, MAX_EVENT_REQUESTS, MDTS, NAMESPACE, VERSION_1_4 } from "./nvmeRegisters.ts";

export const IDENTIFY_BYTES = 4096;

/** Ids of QEMU's controller, which guests know. */
export const PCI_VENDOR_ID = 0x1b36;
export const PCI_DEVICE_ID = 0x0010;
const SUBSYSTEM_VENDOR_ID = 0x1af4;

const MODEL = "Tabvisor NVMe Controller";
const FIRMWARE_REVISION = "1.4";
const SUBSYSTEM_NQN = "nqn.2014-08.org.nvmexpress:tabvisor:";

/** Optional NVM commands: dataset management, write zeroes. */
const ONCS_DSM_WRITE_ZEROES = 0x0c;
const VOLATILE_WRITE_CACHE = 1;
/** Firmware: one slot, read-only. */
const FRMW_ONE_SLOT = 0x03;
const IO_CONTROLLER = 1;
/** Required and largest entry sizes, as powers of two. */
const SQ_ENTRY_SIZES = 0x66;
const CQ_ENTRY_SIZES = 0x44;
const ABORT_LIMIT = 3;
const RECOMMENDED_BURST = 6;
const KELVIN = 273;
const WARNING_CELSIUS = 70;
const CRITICAL_CELSIUS = 80;
/** Of power state 0, in hundredths of a watt. */
const MAX_POWER = 2500;

export interface ControllerIdentity {
  /** At most 20 characters of ASCII. */
  serial: string;
}

export function identifyController({ serial }: ControllerIdentity): Uint8Array {
  const bytes = new Uint8Array(IDENTIFY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, PCI_VENDOR_ID, true);
  view.setUint16(2, SUBSYSTEM_VENDOR_ID, true);
  putText(bytes, 4, 20, serial);
  putText(bytes, 24, 40, MODEL);
  putText(bytes, 64, 8, FIRMWARE_REVISION);
  view.setUint8(72, RECOMMENDED_BURST);
  view.setUint8(77, MDTS);
  view.setUint32(80, VERSION_1_4, true);
  view.setUint8(111, IO_CONTROLLER);
  view.setUint8(258, ABORT_LIMIT);
  view.setUint8(259, MAX_EVENT_REQUESTS - 1);
  view.setUint8(260, FRMW_ONE_SLOT);
  view.setUint16(266, KELVIN + WARNING_CELSIUS, true);
  view.setUint16(268, KELVIN + CRITICAL_CELSIUS, true);
  view.setUint8(512, SQ_ENTRY_SIZES);
  view.setUint8(513, CQ_ENTRY_SIZES);
  view.setUint32(516, NAMESPACE, true);
  view.setUint16(520, ONCS_DSM_WRITE_ZEROES, true);
  view.setUint8(525, VOLATILE_WRITE_CACHE);
  bytes.set(new TextEncoder().encode(SUBSYSTEM_NQN + serial), 768);
  view.setUint16(2048, MAX_POWER, true);
  return bytes;
}

export interface NamespaceShape {
  blocks: number;
  readOnly: boolean;
}

const NAMESPACE_FEATURES = 24;
const OPTIMAL_FIELDS_VALID = 0x10;
const PREFERRED_WRITE_GRANULARITY = 64;
const PREFERRED_DEALLOCATE_GRANULARITY = 68;
const OPTIMAL_WRITE_SIZE = 72;
const BLOCKS_PER_PAGE = 8;
/** Linux reads ahead twice as much, in fewer and larger commands than without it. */
const OPTIMAL_BLOCKS = 1024;
const NAMESPACE_ATTRIBUTES = 99;
const WRITE_PROTECTED = 1;
const LBA_FORMAT_0 = 128;

export function identifyNamespace({ blocks, readOnly }: NamespaceShape): Uint8Array {
  const bytes = new Uint8Array(IDENTIFY_BYTES);
  const view = new DataView(bytes.buffer);
  // Size, capacity, use.
  for (const offset of [0, 8, 16]) setUint64(view, offset, blocks);
  view.setUint8(NAMESPACE_FEATURES, OPTIMAL_FIELDS_VALID);
  for (const offset of [PREFERRED_WRITE_GRANULARITY, PREFERRED_DEALLOCATE_GRANULARITY])
    view.setUint16(offset, BLOCKS_PER_PAGE - 1, true);
  view.setUint16(OPTIMAL_WRITE_SIZE, OPTIMAL_BLOCKS - 1, true);
  view.setUint8(NAMESPACE_ATTRIBUTES, readOnly ? WRITE_PROTECTED : 0);
  view.setUint8(LBA_FORMAT_0 + 2, LBA_SHIFT);
  return bytes;
}

/** Active namespaces with ids above `after`. */
export function activeNamespaces(after: number): Uint8Array {
  const bytes = new Uint8Array(IDENTIFY_BYTES);
  if (after < NAMESPACE) bytes[0] = NAMESPACE;
  return bytes;
}

const DESCRIPTOR_UUID = 3;
const UUID_BYTES = 16;

/** Namespace Identification Descriptors: a UUID that follows from the serial number. */
export function namespaceDescriptors({ serial }: ControllerIdentity): Uint8Array {
  const bytes = new Uint8Array(IDENTIFY_BYTES);
  bytes.set([DESCRIPTOR_UUID, UUID_BYTES]);
  let hash = 0x811c9dc5;
  for (let index = 0; index < UUID_BYTES; index++) {
    for (const character of new TextEncoder().encode(serial)) hash = Math.imul(hash ^ character, 0x01000193);
    bytes[4 + index] = hash >>> 24;
    hash = Math.imul(hash ^ index, 0x01000193);
  }
  // Version 8 ("custom") and variant of RFC 9562.
  bytes[4 + 6] = (bytes[4 + 6] & 0x0f) | 0x80;
  bytes[4 + 8] = (bytes[4 + 8] & 0x3f) | 0x80;
  return bytes;
}

/** What the health log counts. */
export interface NvmeCounters {
  reads: number;
  writes: number;
  /** In logical blocks. */
  blocksRead: number;
  blocksWritten: number;
}

export const LOG_ERRORS = 1;
export const LOG_HEALTH = 2;
export const LOG_FIRMWARE = 3;
const LOG_BYTES = 512;
const ERROR_ENTRY_BYTES = 64;
const COMPOSITE_CELSIUS = 38;
const SPARE_PERCENT = 100;
const SPARE_THRESHOLD_PERCENT = 10;
/** Data units are thousands of 512 bytes. */
const BLOCKS_PER_DATA_UNIT = 1000;

/** The log page of that number; undefined for one that there is not. */
export function logPage(id: number, counters: NvmeCounters): Uint8Array | undefined {
  if (id === LOG_ERRORS) return new Uint8Array(ERROR_ENTRY_BYTES);
  const bytes = new Uint8Array(LOG_BYTES);
  if (id === LOG_FIRMWARE) {
    bytes[0] = 1;
    putText(bytes, 8, 8, FIRMWARE_REVISION);
    return bytes;
  }
  if (id !== LOG_HEALTH) return undefined;
  const view = new DataView(bytes.buffer);
  view.setUint16(1, KELVIN + COMPOSITE_CELSIUS, true);
  view.setUint8(3, SPARE_PERCENT);
  view.setUint8(4, SPARE_THRESHOLD_PERCENT);
  setUint64(view, 32, Math.ceil(counters.blocksRead / BLOCKS_PER_DATA_UNIT));
  setUint64(view, 48, Math.ceil(counters.blocksWritten / BLOCKS_PER_DATA_UNIT));
  setUint64(view, 64, counters.reads);
  setUint64(view, 80, counters.writes);
  return bytes;
}

/** ASCII, padded with spaces (1.5). */
function putText(bytes: Uint8Array, offset: number, length: number, text: string): void {
  bytes.fill(0x20, offset, offset + length);
  bytes.set(new TextEncoder().encode(text).subarray(0, length), offset);
}
