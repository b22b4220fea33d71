/** The drives of a machine: which controller each is on. */
import type { BlockBackend } from "../bus/blockBackend.ts";
import { Disk } from "../bus/disk.ts";
import type { IoScheduler } from "../bus/ioScheduler.ts";
import type { DriveInterface, DriveMedia } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

export type { DriveInterface } from "./vmConfig.ts";

/** A drive with its medium open; `backend` is left out for a drive without a medium. */
export interface AttachedDrive {
  interface: DriveInterface;
  /** IDE: 0-3 are primary master, primary slave, secondary master, secondary slave. Floppy: 0-1. Others: order of the functions. */
  index: number;
  media: DriveMedia;
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
  on(name: DriveInterface): { index: number; media: DriveMedia; disk: Disk }[] {
    return this.drives
      .filter((drive) => drive.interface === name)
      .sort((a, b) => a.index - b.index)
      .map(({ index, media, backend }) => ({
        index,
        media,
        disk: this.disk(nameOf({ interface: name, index }), backend),
      }));
  }

  /** What kind of media the drive called `name` takes. Throws a VmError if it takes no other than it has. */
  mediaOf(name: string): DriveMedia {
    const drive = this.drives.find((one) => nameOf(one) === name && this.disks.has(name));
    if (!drive) throw new VmError("bad-config", `there is no drive ${name}; there are: ${this.names()}`);
    if (drive.media === "disk" && drive.interface !== "floppy")
      throw new VmError("bad-config", `the medium of ${name} is fixed; a CD-ROM or floppy drive's can be changed`);
    return drive.media;
  }

  /** Puts another medium, or none, into the drive called `name`, and closes the one that was in it. */
  async change(name: string, backend: BlockBackend | undefined): Promise<void> {
    await this.disks.get(name)?.change(backend)?.close();
  }

  /** Everything that was written is on its medium when this resolves; failures are told. */
  async flush(): Promise<void> {
    await this.forEachMedium((medium) => medium.flush());
  }

  /** Flushes and closes all media. */
  async close(): Promise<void> {
    await this.forEachMedium((medium) => medium.close());
  }

  private async forEachMedium(act: (medium: BlockBackend) => Promise<void> | undefined): Promise<void> {
    await Promise.all(
      this.drives.map(async (drive) => {
        const disk = this.disks.get(nameOf(drive));
        const medium = disk ? disk.medium : drive.backend;
        try {
          if (medium) await act(medium);
        } catch (error) {
          this.onFailure(error as Error);
        }
      }),
    );
  }

  private names(): string {
    return [...this.disks.keys()].join(", ") || "none";
  }

  private disk(name: string, backend: BlockBackend | undefined): Disk {
    const disk = new Disk(name, this.scheduler, backend);
    disk.onFailure = this.onFailure;
    this.disks.set(name, disk);
    return disk;
  }
}

function nameOf({ interface: name, index }: Pick<AttachedDrive, "interface" | "index">): string {
  return `${name}${index}`;
}
