/** What IDENTIFY DEVICE and IDENTIFY PACKET DEVICE answer. Document: ATA/ATAPI-7 volume 1, 6.17 and 6.18. */
import { MULTIWORD_DMA, ULTRA_DMA } from "./ideDrive.ts";
import type { Geometry } from "./taskFile.ts";

export interface IdentifyDisk {
  name: string;
  sectors: number;
  geometry: Geometry;
  /** As INITIALIZE DEVICE PARAMETERS set it. */
  currentGeometry: Geometry;
  /** Sectors of a block of READ MULTIPLE; 0 while it is off. */
  multiple: number;
  writeCache: boolean;
  smart: boolean;
  transferMode: number;
}

/** Sectors of a block that READ MULTIPLE can be set to, at most. */
export const MAX_MULTIPLE = 16;
/** 512-byte blocks of ranges that DATA SET MANAGEMENT takes. */
export const MAX_TRIM_BLOCKS = 8;
const MAX_LBA28 = 0x0fff_ffff;
/** Words with a note of validity: bit 14 set, bit 15 clear. */
const VALID = 0x4000;
/** Revisions 4 to 7. */
const MAJOR_VERSIONS = 0x00f0;
const LBA_AND_DMA = 0x0300;
const FLOW_CONTROL_PIO = 0x0c00;
/** Fastest cycle of PIO mode 4 and multiword DMA mode 2, in ns. */
const CYCLE_NS = 120;
/** Device 0 passed its diagnostics; an 80-conductor cable. */
const RESET_RESULT = 0x6001;

class Words {
  readonly bytes = new Uint8Array(512);
  private readonly view = new DataView(this.bytes.buffer);

  set(word: number, ...values: number[]): void {
    for (const [index, value] of values.entries()) this.view.setUint16((word + index) * 2, value & 0xffff, true);
  }

  set32(word: number, value: number): void {
    this.set(word, value, value >>> 16);
  }

  /** ASCII, padded with spaces; the first character of each pair is in the high half of its word. */
  text(word: number, words: number, text: string): void {
    const padded = text.padEnd(words * 2).slice(0, words * 2);
    for (let at = 0; at < words * 2; at++) this.bytes[word * 2 + (at ^ 1)] = padded.charCodeAt(at) & 0x7f;
  }
}

/** Words of DMA modes: those there are in the low byte, the one that is set in the high. */
function describeTransferModes(words: Words, transferMode: number): void {
  const selected = 1 << (8 + (transferMode & 7));
  words.set(53, 0x0007); // 54-58, 64-70 and 88 are valid
  words.set(63, 0x0007 | ((transferMode & ~7) === MULTIWORD_DMA ? selected : 0));
  words.set(64, 0x0003); // PIO modes 3 and 4
  words.set(65, CYCLE_NS, CYCLE_NS, CYCLE_NS, CYCLE_NS);
  words.set(88, 0x003f | ((transferMode & ~7) === ULTRA_DMA ? selected : 0));
}

function describeNames(words: Words, name: string, model: string): void {
  words.text(10, 10, `TV-${name}`);
  words.text(23, 4, "1.0");
  words.text(27, 20, model);
}

export function identifyDisk(disk: IdentifyDisk): Uint8Array {
  const words = new Words();
  const { geometry, currentGeometry: current, sectors } = disk;
  words.set(0, 0x0040); // not removable
  words.set(1, geometry.cylinders);
  words.set(3, geometry.heads);
  words.set(6, geometry.sectors);
  describeNames(words, disk.name, "Tabvisor disk");
  words.set(47, 0x8000 | MAX_MULTIPLE);
  words.set(48, 0x0001); // 32-bit access to the data register
  words.set(49, LBA_AND_DMA | FLOW_CONTROL_PIO);
  words.set(50, VALID);
  words.set(51, 0x0200, 0x0200);
  describeTransferModes(words, disk.transferMode);
  words.set(54, current.cylinders, current.heads, current.sectors);
  words.set32(57, current.cylinders * current.heads * current.sectors);
  words.set(59, disk.multiple === 0 ? 0 : 0x0100 | disk.multiple);
  words.set32(60, Math.min(sectors, MAX_LBA28));
  words.set(80, MAJOR_VERSIONS);
  describeFeatures(words, disk);
  words.set32(100, sectors);
  words.set32(102, Math.floor(sectors / 0x1_0000_0000));
  words.set(105, MAX_TRIM_BLOCKS);
  words.set(169, 0x0001); // DATA SET MANAGEMENT trims
  return words.bytes;
}

/** Words 82-87: command sets there are, and which of them are on. */
function describeFeatures(words: Words, { writeCache, smart }: IdentifyDisk): void {
  const fixed = 0x7048; // NOP, READ and WRITE BUFFER, look-ahead, power management
  const [cacheSet, smartSet] = [0x0020, 0x0001];
  const sets48 = VALID | 0x3400; // FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses
  const fua = VALID | 0x0040; // the FUA writes
  words.set(82, fixed | cacheSet | smartSet, sets48, fua);
  words.set(85, fixed | (writeCache ? cacheSet : 0) | (smart ? smartSet : 0), sets48 & ~VALID, fua);
  words.set(93, RESET_RESULT);
}

export function identifyPacketDevice(name: string, transferMode: number): Uint8Array {
  const words = new Words();
  words.set(0, 0x85c0); // a removable CD-ROM; DRQ within 50 us of PACKET; 12-byte packets
  describeNames(words, name, "Tabvisor CD-ROM");
  words.set(48, 0x0001);
  words.set(49, LBA_AND_DMA | FLOW_CONTROL_PIO);
  words.set(50, VALID);
  describeTransferModes(words, transferMode);
  words.set(71, 30, 30); // ns from PACKET and SERVICE to bus release: neither happens
  words.set(80, MAJOR_VERSIONS);
  words.set(82, 0x4218, VALID, VALID); // NOP, DEVICE RESET, PACKET, power management
  words.set(85, 0x4218, 0, VALID);
  words.set(93, RESET_RESULT);
  return words.bytes;
}
