/** A floppy drive: where its head is, whether its disk was changed, and what is on the disk where. */
import type { Disk } from "../../bus/disk.ts";
import { bool, type Checked, object, u8 } from "../../bus/savedState.ts";
import { DriveType, FLOPPY_SECTOR_BYTES, type FloppyFormat, formatOfSize } from "./floppyFormats.ts";

export const FLOPPY_DRIVE_STATE = object({ cylinder: u8, changed: bool });
export type FloppyDriveState = Checked<typeof FLOPPY_DRIVE_STATE>;

export class FloppyDrive {
  /** Where the head is. */
  cylinder = 0;
  /** The change line: someone opened the door, and the head has not been moved since with a disk in. */
  private doorOpened = true;
  /** For CMOS. */
  readonly type: number;

  constructor(readonly disk: Disk) {
    this.type = disk.present ? formatOfSize(disk.sizeBytes).driveType : DriveType.Inch3High;
    disk.onMediumChange = () => {
      this.doorOpened = true;
    };
  }

  get format(): FloppyFormat | undefined {
    return this.disk.present ? formatOfSize(this.disk.sizeBytes) : undefined;
  }

  /** DSKCHG; it stays while there is no disk. */
  get changed(): boolean {
    return this.doorOpened || !this.disk.present;
  }

  moveTo(cylinder: number): void {
    this.cylinder = cylinder;
    if (this.disk.present) this.doorOpened = false;
  }

  /** Byte offset of a sector (from 1) of the cylinder under the head; undefined where the disk has none such. */
  offsetOf(head: number, sector: number): number | undefined {
    const { format, cylinder } = this;
    if (!format || cylinder >= format.cylinders || head >= format.heads) return undefined;
    if (sector < 1 || sector > format.sectors) return undefined;
    return ((cylinder * format.heads + head) * format.sectors + sector - 1) * FLOPPY_SECTOR_BYTES;
  }

  reset(): void {
    this.cylinder = 0;
    this.doorOpened = true;
  }

  save(): FloppyDriveState {
    return { cylinder: this.cylinder, changed: this.doorOpened };
  }

  restore(state: FloppyDriveState): void {
    this.cylinder = state.cylinder;
    this.doorOpened = state.changed;
  }
}
