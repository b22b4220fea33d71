/** SMART without attributes: a disk that is always well. Document: ATA/ATAPI-7 volume 1, 6.54. */

export const Smart = {
  ReadData: 0xd0,
  ReadThresholds: 0xd1,
  Autosave: 0xd2,
  SaveAttributes: 0xd3,
  Offline: 0xd4,
  Enable: 0xd8,
  Disable: 0xd9,
  ReturnStatus: 0xda,
} as const;

/** What the LBA mid and high registers must hold for any SMART command, and hold when the disk is well. */
export const SMART_KEY = 0xc24f;

const REVISION = 0x0010;

/** The data and the threshold structure: a revision, no attributes, and a byte that makes the sum zero. */
export function smartData(): Uint8Array {
  const data = new Uint8Array(512);
  data[0] = REVISION;
  data[511] = -REVISION;
  return data;
}
