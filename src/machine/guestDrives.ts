/** The drives of a guest of the catalogue, and those that a person wishes beside or instead of them. */
import type { Guest } from "../../images/guests.ts";
import { placeDrives } from "./drivePlacement.ts";
import type { DriveConfig, DriveSource } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

export interface GuestDriveOptions {
  /** Where an image of the catalogue is on this host. */
  sourceOf: (path: string) => DriveSource;
  /** Keeps under this name what the guest writes to the first of its own disks. */
  overlay?: string | undefined;
  /** These take the place of the guest's own where they are in the same. */
  wished?: readonly DriveConfig[] | undefined;
}

/** Throws a VmError if there is no disk whose writes `overlay` could keep. */
export function guestDrives(guest: Pick<Guest, "drives">, options: GuestDriveOptions): DriveConfig[] {
  const { sourceOf, overlay, wished = [] } = options;
  const configs = (guest.drives ?? []).map(({ file, ...place }) => ({ ...place, source: sourceOf(file) }));
  const placed = placeDrives(configs).map(({ config, index }): DriveConfig => ({ ...config, index }));
  const own = placed.filter((drive) => !wished.some((one) => isSamePlace(one, drive)));
  if (overlay === undefined) return [...own, ...wished];
  const disk = own.find(isDisk);
  if (disk) return [...own.map((drive) => (drive === disk ? { ...drive, overlay } : drive)), ...wished];
  throw new VmError(
    "bad-config",
    `overlay=${overlay}: it names where what is written to a disk is kept; there is none.`,
  );
}

/** Whether the guest has a disk of its own, so that there is something to keep. */
export function hasDisk(guest: Pick<Guest, "drives">): boolean {
  return guest.drives?.some(isDisk) ?? false;
}

function isDisk({ interface: on, media = "disk" }: Pick<DriveConfig, "interface" | "media">): boolean {
  return on !== "floppy" && media === "disk";
}

function isSamePlace(a: DriveConfig, b: DriveConfig): boolean {
  return a.interface === b.interface && a.index === b.index;
}
