/**
 * Command packets of a CD-ROM drive and their sense codes. Documents: INF-8020i (SFF-8020i) revision 2.6, MMC-3 (T10/1363D),
 * SPC-2 (T10/1236D).
 */

export const PACKET_BYTES = 12;
export const CD_SECTOR_BYTES = 2048;

export const Packet = {
  TestUnitReady: 0x00,
  RequestSense: 0x03,
  Inquiry: 0x12,
  ModeSelect6: 0x15,
  ModeSense6: 0x1a,
  StartStopUnit: 0x1b,
  PreventAllowRemoval: 0x1e,
  ReadCapacity: 0x25,
  Read10: 0x28,
  Seek10: 0x2b,
  ReadSubChannel: 0x42,
  ReadToc: 0x43,
  GetConfiguration: 0x46,
  GetEventStatus: 0x4a,
  ReadDiscInformation: 0x51,
  ReadTrackInformation: 0x52,
  ModeSelect10: 0x55,
  ModeSense10: 0x5a,
  Read12: 0xa8,
  ReadCdMsf: 0xb9,
  SetCdSpeed: 0xbb,
  MechanismStatus: 0xbd,
  ReadCd: 0xbe,
} as const;

/** Sense key, additional sense code and its qualifier. */
export interface Sense {
  key: number;
  code: number;
  qualifier: number;
}

const sense = (key: number, code: number, qualifier = 0): Sense => ({ key, code, qualifier });
export const NO_SENSE = sense(0, 0);
export const NO_MEDIUM_TRAY_CLOSED = sense(2, 0x3a, 1);
export const NO_MEDIUM_TRAY_OPEN = sense(2, 0x3a, 2);
export const UNRECOVERED_READ_ERROR = sense(3, 0x11);
export const INVALID_COMMAND = sense(5, 0x20);
export const BLOCK_OUT_OF_RANGE = sense(5, 0x21);
export const INVALID_FIELD = sense(5, 0x24);
export const SAVING_NOT_SUPPORTED = sense(5, 0x39);
export const REMOVAL_PREVENTED = sense(5, 0x53, 2);
export const MEDIUM_CHANGED = sense(6, 0x28);
