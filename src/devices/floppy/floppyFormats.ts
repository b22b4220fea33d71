/**
 * How floppies are laid out, by the size of their image. All have sectors of 512 bytes, in the order of cylinder, head, sector.
 * Document: the PC's common formats, as ECMA-66 to ECMA-147 and IBM's technical references have them.
 */

/** Data rates by their code in CCR and DSR (82077AA datasheet, table 2-6), of MFM. */
export const Rate = { Kbps500: 0, Kbps300: 1, Kbps250: 2, Mbps1: 3 } as const;

export interface FloppyFormat {
  cylinders: number;
  heads: number;
  sectors: number;
  /** The data rate at which it can be read. */
  rate: number;
  /** CMOS type of the drive that such a disk is at home in. */
  driveType: number;
}

/** CMOS byte 10h. */
export const DriveType = {
  None: 0,
  Inch5Double: 1,
  Inch5High: 2,
  Inch3Double: 3,
  Inch3High: 4,
  Inch3Extra: 5,
} as const;
export const FLOPPY_SECTOR_BYTES = 512;

const { Kbps500, Kbps250, Mbps1 } = Rate;
const { Inch5Double, Inch5High, Inch3High, Inch3Extra } = DriveType;

type Row = readonly [cylinders: number, heads: number, sectors: number, rate: number, driveType: number];

/** Smallest first. 3.5 inch double density disks are read by high density drives. */
const FORMATS: readonly FloppyFormat[] = (
  [
    [40, 1, 8, Kbps250, Inch5Double], // 160 KB
    [40, 1, 9, Kbps250, Inch5Double], // 180 KB
    [40, 2, 8, Kbps250, Inch5Double], // 320 KB
    [40, 2, 9, Kbps250, Inch5Double], // 360 KB
    [80, 2, 9, Kbps250, Inch3High], // 720 KB
    [80, 2, 10, Kbps250, Inch3High], // 800 KB
    [80, 2, 15, Kbps500, Inch5High], // 1.2 MB
    [80, 2, 18, Kbps500, Inch3High], // 1.44 MB
    [80, 2, 20, Kbps500, Inch3High], // 1.6 MB
    [80, 2, 21, Kbps500, Inch3High], // 1.68 MB
    [82, 2, 21, Kbps500, Inch3High], // 1.72 MB
    [80, 2, 36, Mbps1, Inch3Extra], // 2.88 MB
  ] satisfies Row[]
).map(([cylinders, heads, sectors, rate, driveType]) => ({ cylinders, heads, sectors, rate, driveType }));

const INCH3_HIGH = FORMATS.find(({ sectors }) => sectors === 18) as FloppyFormat;
const LARGEST = FORMATS.at(-1) as FloppyFormat;

export function formatBytes({ cylinders, heads, sectors }: FloppyFormat): number {
  return cylinders * heads * sectors * FLOPPY_SECTOR_BYTES;
}

/** The format of an image; one of an odd size is taken for the beginning of a 1.44 MB disk, or of a 2.88 MB one. */
export function formatOfSize(sizeBytes: number): FloppyFormat {
  const exact = FORMATS.find((format) => formatBytes(format) === sizeBytes);
  return exact ?? (sizeBytes <= formatBytes(INCH3_HIGH) ? INCH3_HIGH : LARGEST);
}
