/**
 * The command block registers of one device. The five parameter registers are two deep: a write pushes what was there down,
 * where the 48-bit commands and, with HOB set, the host find it (ATA/ATAPI-7 volume 1, 6.20).
 */
import { type Checked, list, object, u8 } from "../../bus/savedState.ts";
import { AtaReg, DEVICE_HEAD, DEVICE_LBA, DEVICE_OBSOLETE, DEVICE_SELECT } from "./ataRegisters.ts";

const PARAMETERS = 5;
export const TASK_FILE_STATE = object({ current: list(u8, PARAMETERS), previous: list(u8, PARAMETERS), device: u8 });
export type TaskFileState = Checked<typeof TASK_FILE_STATE>;

/** What a device tells it is by, in the LBA registers, after a reset (ATA/ATAPI-7 volume 1, 9.12). */
export const Signature = { Disk: [0x00, 0x00], Packet: [0x14, 0xeb] } as const;

export interface Geometry {
  cylinders: number;
  heads: number;
  sectors: number;
}

export class TaskFile {
  private readonly current = new Uint8Array(PARAMETERS);
  private readonly previous = new Uint8Array(PARAMETERS);
  device = 0;

  get features(): number {
    return this.current[0];
  }

  get sectorCount(): number {
    return this.current[AtaReg.SectorCount - 1];
  }

  set sectorCount(value: number) {
    this.current[AtaReg.SectorCount - 1] = value;
  }

  get lbaLow(): number {
    return this.current[AtaReg.LbaLow - 1];
  }

  get lbaMid(): number {
    return this.current[AtaReg.LbaMid - 1];
  }

  get lbaHigh(): number {
    return this.current[AtaReg.LbaHigh - 1];
  }

  /** The LBA mid and high registers as one number: ATAPI's byte count. */
  get byteCount(): number {
    return this.lbaMid | (this.lbaHigh << 8);
  }

  set byteCount(value: number) {
    this.current[AtaReg.LbaMid - 1] = value;
    this.current[AtaReg.LbaHigh - 1] = value >>> 8;
  }

  get usesLba(): boolean {
    return (this.device & DEVICE_LBA) !== 0;
  }

  /** Sectors of a 28-bit command: 0 stands for 256. */
  get count28(): number {
    return this.sectorCount || 256;
  }

  /** Sectors of a 48-bit command: 0 stands for 65,536. */
  get count48(): number {
    return (this.previous[AtaReg.SectorCount - 1] << 8) | this.sectorCount || 0x10000;
  }

  get lba28(): number {
    return ((this.device & DEVICE_HEAD) << 24) | (this.lbaHigh << 16) | (this.lbaMid << 8) | this.lbaLow;
  }

  get lba48(): number {
    const [, , low, mid, high] = this.previous;
    const upper = (high << 16) | (mid << 8) | low;
    return upper * 0x100_0000 + ((this.lbaHigh << 16) | (this.lbaMid << 8) | this.lbaLow);
  }

  set lba28(lba: number) {
    this.device = (this.device & ~DEVICE_HEAD) | ((lba >>> 24) & DEVICE_HEAD);
    this.setLow24(lba);
  }

  set lba48(lba: number) {
    this.setLow24(lba % 0x100_0000);
    const upper = Math.floor(lba / 0x100_0000);
    for (let byte = 0; byte < 3; byte++) this.previous[AtaReg.LbaLow - 1 + byte] = upper >>> (8 * byte);
  }

  /** The sector that cylinder, head and sector registers name; -1 where `geometry` has none there. */
  chsToLba({ heads, sectors }: Geometry): number {
    const head = this.device & DEVICE_HEAD;
    if (this.lbaLow === 0 || this.lbaLow > sectors || head >= heads) return -1;
    return (this.byteCount * heads + head) * sectors + this.lbaLow - 1;
  }

  lbaToChs(lba: number, { heads, sectors }: Geometry): void {
    const track = Math.floor(lba / sectors);
    this.current[AtaReg.LbaLow - 1] = (lba % sectors) + 1;
    this.byteCount = Math.floor(track / heads);
    this.device = (this.device & ~DEVICE_HEAD) | (track % heads);
  }

  /** Registers 2 to 6 as the host reads them. */
  read(register: number, highOrder: boolean): number {
    if (register === AtaReg.Device) return this.device | DEVICE_OBSOLETE;
    return (highOrder ? this.previous : this.current)[register - 1];
  }

  /** Registers 1 to 6 as the host writes them. */
  write(register: number, value: number): void {
    if (register === AtaReg.Device) {
      this.device = value;
      return;
    }
    this.previous[register - 1] = this.current[register - 1];
    this.current[register - 1] = value;
  }

  /** After a reset or diagnostic; the selection bit stays with the channel. */
  setSignature([mid, high]: readonly [number, number]): void {
    this.sectorCount = 1;
    this.setLow24((high << 16) | (mid << 8) | 1);
    this.device &= DEVICE_SELECT;
  }

  reset(): void {
    this.current.fill(0);
    this.previous.fill(0);
    this.device = 0;
  }

  save(): TaskFileState {
    return { current: [...this.current], previous: [...this.previous], device: this.device };
  }

  restore(state: TaskFileState): void {
    this.current.set(state.current);
    this.previous.set(state.previous);
    this.device = state.device;
  }

  private setLow24(lba: number): void {
    for (let byte = 0; byte < 3; byte++) this.current[AtaReg.LbaLow - 1 + byte] = lba >>> (8 * byte);
  }
}
