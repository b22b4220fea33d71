/** The drives of a machine: which controller each is on. */
import type { BlockBackend } from "../bus/blockBackend.ts";
import { Disk } from "../bus/disk.ts";
import type { IoScheduler } from "../bus/ioScheduler.ts";

export type DriveInterface = "ide" | "floppy" | "virtio" | "nvme";

/** A drive with its medium open; `backend` is left out for a drive without a medium. */
export interface AttachedDrive {
  interface: DriveInterface;
  /** IDE: 0-3 are primary master, primary slave, secondary master, secondary slave. Floppy: 0-1. Others: order of the functions. */
  index: number;
  media: "disk" | "cdrom";
  backend?: BlockBackend;
}

/** The disks of one controller by index, and all of them by name ("ide0", "floppy1"). */
export class DriveBay {
  readonly disks = new Map<string, Disk>();

  constructor(
    private readonly drives: readonly AttachedDrive[],
    private readonly scheduler: IoScheduler,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** The drives on `interface`, lowest index first, each with its disk. */
  on(name: DriveInterface): { index: number; media: "disk" | "cdrom"; disk: Disk }[] {
    return this.drives
      .filter((drive) => drive.interface === name)
      .sort((a, b) => a.index - b.index)
      .map(({ index, media, backend }) => ({ index, media, disk: this.disk(`${name}${index}`, backend) }));
  }

  private disk(name: string, backend: BlockBackend | undefined): Disk {
    const disk = new Disk(name, this.scheduler, backend);
    disk.onFailure = this.onFailure;
    this.disks.set(name, disk);
    return disk;
  }
}
