/** The readable part of a virtio-blk request. Document: virtio 1.2, 5.2.6. */
import { getUint64 } from "../../bus/guestWords.ts";
import type { ScatterList } from "../../bus/scatterList.ts";

export const BlkType = { In: 0, Out: 1, Flush: 4, GetId: 8, Discard: 11, WriteZeroes: 13 } as const;
export const BlkStatus = { Ok: 0, IoError: 1, Unsupported: 2 } as const;

/** Type, reserved (once a priority), sector. */
export const HEADER_BYTES = 16;
const HEADER_SECTOR = 8;
/** Legacy drivers might ask for a barrier; requests are not reordered within one. */
const TYPE_MASK = 0x7fff_ffff;

/** Flag of a range of WRITE ZEROES: it may be unmapped. */
export const BLK_UNMAP = 1;

const RANGE_BYTES = 16;
const RANGE_SECTORS = 8;
const RANGE_FLAGS = 12;

export interface BlkHeader {
  type: number;
  sector: number;
}

/** A part of the disk that is to be discarded or cleared. */
export interface BlkRange {
  sector: number;
  sectors: number;
  flags: number;
}

/** Undefined for one that is too short. */
export function parseHeader(readable: ScatterList): BlkHeader | undefined {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  if (readable.read(0, new Uint8Array(view.buffer)) < HEADER_BYTES) return undefined;
  return { type: view.getUint32(0, true) & TYPE_MASK, sector: getUint64(view, HEADER_SECTOR) };
}

/** The ranges behind the header; undefined where there are none, more than `max`, or a part of one. */
export function parseRanges(readable: ScatterList, max: number): BlkRange[] | undefined {
  const length = readable.length - HEADER_BYTES;
  if (length <= 0 || length % RANGE_BYTES !== 0 || length > max * RANGE_BYTES) return undefined;
  const view = new DataView(new ArrayBuffer(length));
  readable.read(HEADER_BYTES, new Uint8Array(view.buffer));
  return Array.from({ length: length / RANGE_BYTES }, (_unused, index) => {
    const at = index * RANGE_BYTES;
    return {
      sector: getUint64(view, at),
      sectors: view.getUint32(at + RANGE_SECTORS, true),
      flags: view.getUint32(at + RANGE_FLAGS, true),
    };
  });
}
