/**
 * What a CD-ROM drive tells of itself and of its disc, as bytes. The disc is one session with one data track, mode 1.
 * Documents: MMC-3 (T10/1363D), INF-8020i revision 2.6, SPC-2.
 */
import { CD_SECTOR_BYTES, type Sense } from "./packetCommands.ts";

/** Frames a second, and those before the first block: two seconds. */
const FRAMES = 75;
const LEAD_IN_FRAMES = 150;
/** Discs with more blocks than a compact disc of 80 minutes can have are DVDs. */
const LARGEST_CD_SECTORS = 80 * 60 * FRAMES;
/** A data track, positions in Q. */
const ADR_CONTROL = 0x14;
const LEAD_OUT = 0xaa;
const PROFILE_CD = 0x0008;
const PROFILE_DVD = 0x0010;

export const be16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const be32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, ...be16(value)];

function ascii(text: string, length: number): number[] {
  return [...text.padEnd(length).slice(0, length)].map((character) => character.charCodeAt(0));
}

/** Minute, second and frame of a block. */
function toMsf(sector: number): [number, number, number] {
  const frame = sector + LEAD_IN_FRAMES;
  return [Math.floor(frame / FRAMES / 60) & 0xff, Math.floor(frame / FRAMES) % 60, frame % FRAMES];
}

export function fromMsf(minute: number, second: number, frame: number): number {
  return (minute * 60 + second) * FRAMES + frame - LEAD_IN_FRAMES;
}

function address(sector: number, msf: boolean): number[] {
  return msf ? [0, ...toMsf(sector)] : be32(sector);
}

export function inquiry(): number[] {
  const identity = [...ascii("TABVISOR", 8), ...ascii("CD-ROM", 16), ...ascii("1.0", 4)];
  // A removable CD-ROM; ATAPI version 2, response format 1.
  return [0x05, 0x80, 0x00, 0x21, identity.length + 3, 0, 0, 0, ...identity];
}

export function senseData({ key, code, qualifier }: Sense): number[] {
  return [0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0];
}

export function capacity(sectors: number): number[] {
  return [...be32(sectors - 1), ...be32(CD_SECTOR_BYTES)];
}

/** READ TOC/PMA/ATIP; undefined for what there is none of. */
export function tableOfContents(format: number, msf: boolean, startTrack: number, sectors: number) {
  if (format === 0) return trackList(msf, startTrack, sectors);
  if (format === 1) return [...be16(10), 1, 1, 0, ADR_CONTROL, 1, 0, ...address(0, msf)];
  return format === 2 ? rawTable(sectors) : undefined;
}

function trackList(msf: boolean, startTrack: number, sectors: number): number[] | undefined {
  if (startTrack > 1 && startTrack !== LEAD_OUT) return undefined;
  const first = startTrack <= 1 ? [0, ADR_CONTROL, 1, 0, ...address(0, msf)] : [];
  const tracks = [...first, 0, ADR_CONTROL, LEAD_OUT, 0, ...address(sectors, msf)];
  return [...be16(tracks.length + 2), 1, 1, ...tracks];
}

/** Points A0h and A1h name the first and last track, A2h the lead-out. */
function rawTable(sectors: number): number[] {
  const entry = (point: number, msf: readonly number[]) => [1, ADR_CONTROL, 0, point, 0, 0, 0, 0, ...msf];
  const points = [entry(0xa0, [1, 0, 0]), entry(0xa1, [1, 0, 0]), entry(0xa2, toMsf(sectors)), entry(1, toMsf(0))];
  return [...be16(points.flat().length + 2), 1, 1, ...points.flat()];
}

/** The position of the head, which is always at the beginning; formats 2 and 3 are numbers that the disc does not have. */
export function subChannel(format: number, wantsQ: boolean, msf: boolean): number[] | undefined {
  const noAudio = 0x15;
  if (!wantsQ) return [0, noAudio, ...be16(0)];
  const position = [1, ADR_CONTROL, 1, 1, ...address(0, msf), ...address(0, msf)];
  if (format === 1) return [0, noAudio, ...be16(position.length), ...position];
  if (format !== 2 && format !== 3) return undefined;
  return [0, noAudio, ...be16(20), format, ...Array<number>(19).fill(0)];
}

export function discInformation(): number[] {
  const noTime = [0xff, 0xff, 0xff, 0xff];
  // A complete disc, its last session complete; unrestricted use.
  const fields = [0x0e, 1, 1, 1, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, ...noTime, ...noTime];
  return [...be16(32), ...fields, ...Array<number>(10).fill(0)];
}

export function trackInformation(sectors: number): number[] {
  const dataMode = 1;
  const fields = [1, 1, 0, ADR_CONTROL & 0xf, dataMode, 0, ...be32(0), ...be32(0), ...be32(0), ...be32(0)];
  return [...be16(34), ...fields, ...be32(sectors), ...be32(0), 0, 0, 0, 0];
}

interface ConfigurationQuery {
  /** 0 all features from `first` on, 1 the current ones of them, 2 only `first`. */
  kind: number;
  first: number;
  sectors: number;
}

export function configuration({ kind, first, sectors }: ConfigurationQuery): number[] {
  const isDvd = sectors > LARGEST_CD_SECTORS;
  const isCd = sectors > 0 && !isDvd;
  const profile = isDvd ? PROFILE_DVD : isCd ? PROFILE_CD : 0;
  const feature = (code: number, version: number, persistent: boolean, current: boolean, data: number[]) => ({
    code,
    current,
    bytes: [...be16(code), (version << 2) | (persistent ? 2 : 0) | (current ? 1 : 0), data.length, ...data],
  });
  const profiles = [...be16(PROFILE_DVD), isDvd ? 1 : 0, 0, ...be16(PROFILE_CD), isCd ? 1 : 0, 0];
  const features = [
    feature(0x0000, 0, true, true, profiles),
    feature(0x0001, 0, true, true, be32(2)), // ATAPI
    feature(0x0003, 0, true, true, [0x29, 0, 0, 0]), // a tray that ejects and can be locked
    feature(0x0010, 0, false, sectors > 0, [...be32(CD_SECTOR_BYTES), ...be16(1), 0, 0]),
    feature(0x001e, 0, false, isCd, []),
    feature(0x001f, 0, false, isDvd, []),
    feature(0x0100, 0, true, true, []),
  ];
  const wanted = features.filter(
    ({ code, current }) => (kind === 2 ? code === first : code >= first) && (kind !== 1 || current),
  );
  const data = wanted.flatMap(({ bytes }) => bytes);
  return [...be32(data.length + 4), 0, 0, ...be16(profile), ...data];
}

/** Page code to contents. CD audio is not offered; speeds are in KB/s. */
const MODE_PAGES: ReadonlyMap<number, readonly number[]> = new Map([
  [0x01, [0, 3, 0, 0, 0, 0]], // error recovery: retries
  [0x0d, [0, 0, ...be16(60), ...be16(FRAMES)]],
  [0x1a, [0, 0, ...be32(0), ...be32(0)]],
  [0x2a, [0x08, 0, 0x00, 0x00, 0x29, 0, ...be16(5645), ...be16(0), ...be16(512), ...be16(5645), 0, 0, 0, 0, 0, 0]],
]);
const ALL_PAGES = 0x3f;
const CAPABILITIES_PAGE = 0x2a;
/** In byte 4 of that page's contents. */
const LOCKED = 0x02;

/** Mode pages without their header; undefined if there is no such page. */
export function modePages(page: number, changeable: boolean, locked: boolean): number[] | undefined {
  const codes = page === ALL_PAGES ? [...MODE_PAGES.keys()] : [page];
  const found = codes.map((code) => {
    const contents = MODE_PAGES.get(code)?.map((byte) => (changeable ? 0 : byte));
    if (contents && code === CAPABILITIES_PAGE && locked && !changeable) contents[4] |= LOCKED;
    return contents && [code, contents.length, ...contents];
  });
  return found.includes(undefined) ? undefined : found.flatMap((bytes) => bytes ?? []);
}

/** Parts of a raw sector that READ CD's flags ask for. */
export const RawPart = { Sync: 0x80, SubHeader: 0x40, Header: 0x20, UserData: 0x10, Correction: 0x08 } as const;
const SYNC_MARK = [0, ...Array<number>(10).fill(0xff), 0];
const CORRECTION_BYTES = 288;

/** Bytes of a sector with `parts`. A mode 1 sector has no sub-header. */
export function rawSectorBytes(parts: number): number {
  const header = (parts & RawPart.Sync ? SYNC_MARK.length : 0) + (parts & RawPart.Header ? 4 : 0);
  const user = parts & RawPart.UserData ? CD_SECTOR_BYTES : 0;
  return header + user + (parts & RawPart.Correction ? CORRECTION_BYTES : 0);
}

/** Sectors of mode 1 with the parts asked for; error detection and correction codes are left zero. */
export function rawSectors(parts: number, firstSector: number, data: Uint8Array): Uint8Array {
  const count = data.length / CD_SECTOR_BYTES;
  const result = new Uint8Array(count * rawSectorBytes(parts));
  let at = 0;
  const append = (part: ArrayLike<number>) => {
    result.set(part, at);
    at += part.length;
  };
  for (let index = 0; index < count; index++) {
    if (parts & RawPart.Sync) append(SYNC_MARK);
    if (parts & RawPart.Header) append([...toMsf(firstSector + index).map(toBcd), 1]);
    if (parts & RawPart.UserData) append(data.subarray(index * CD_SECTOR_BYTES, (index + 1) * CD_SECTOR_BYTES));
    if (parts & RawPart.Correction) at += CORRECTION_BYTES;
  }
  return result;
}

function toBcd(value: number): number {
  return (Math.floor(value / 10) << 4) | (value % 10);
}
