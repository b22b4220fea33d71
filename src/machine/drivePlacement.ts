/** Which place on its controller each drive has: the one that was asked for, or the first that is free. */
import type { DriveConfig, DriveInterface, DriveMedia } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

export interface PlacedDrive {
  config: DriveConfig;
  index: number;
  media: DriveMedia;
}

/** Places of each interface. Those of virtio and NVMe are as many functions of their own. */
const PLACES: Readonly<Record<DriveInterface, number>> = { ide: 4, floppy: 2, virtio: 16, nvme: 16 };
/** A CD-ROM drive is the master of the second IDE channel unless told otherwise, as in QEMU and most PCs. */
const CDROM_INDEX = 2;
const IDE_NAMES = ["hda", "hdb", "hdc", "hdd"];
const FLOPPY_NAMES = ["fda", "fdb"];

/** In the order of `configs`. Throws a VmError for a drive that has no place. */
export function placeDrives(configs: readonly DriveConfig[]): PlacedDrive[] {
  for (const config of configs) checkKind(config);
  const taken = new Set<string>();
  const indexes: (number | undefined)[] = [];
  // Fixed places first, then CD-ROMs, whose usual place a disk would take otherwise.
  const ranks = [
    (config: DriveConfig) => config.index !== undefined,
    (config: DriveConfig) => config.media === "cdrom",
    () => true,
  ];
  for (const isNext of ranks) {
    for (const [at, config] of configs.entries()) {
      if (indexes[at] !== undefined || !isNext(config)) continue;
      const index = config.index ?? firstFree(config, taken);
      take(config.interface, index, taken);
      indexes[at] = index;
    }
  }
  return configs.map((config, at) => ({ config, index: indexes[at] as number, media: config.media ?? "disk" }));
}

function checkKind(config: DriveConfig): void {
  const { media = "disk", source, index } = config;
  if (!Object.hasOwn(PLACES, config.interface))
    throw new VmError("bad-config", `there is no drive interface called ${config.interface}`);
  const places = PLACES[config.interface];
  if (index !== undefined && !(Number.isInteger(index) && index >= 0 && index < places))
    throw new VmError("bad-config", `${config.interface} has places 0 to ${places - 1}, not ${index}`);
  if (media === "cdrom" && config.interface !== "ide")
    throw new VmError("bad-config", `a CD-ROM drive is on ide, not on ${config.interface}`);
  if (source === undefined && media === "disk" && config.interface !== "floppy")
    throw new VmError("bad-config", `a disk on ${config.interface} needs an image`);
}

function firstFree(config: DriveConfig, taken: ReadonlySet<string>): number {
  const places = PLACES[config.interface];
  const first = config.media === "cdrom" ? CDROM_INDEX : 0;
  for (let step = 0; step < places; step++) {
    const index = (first + step) % places;
    if (!taken.has(`${config.interface}${index}`)) return index;
  }
  throw new VmError("bad-config", `there are more than ${places} drives on ${config.interface}`);
}

function take(name: DriveInterface, index: number, taken: Set<string>): void {
  const place = `${name}${index}`;
  if (taken.has(place)) throw new VmError("bad-config", `two drives want to be ${describePlace(name, index)}`);
  taken.add(place);
}

function describePlace(name: DriveInterface, index: number): string {
  const short = (name === "ide" ? IDE_NAMES : name === "floppy" ? FLOPPY_NAMES : [])[index];
  return short === undefined ? `${name} ${index}` : `${name} ${index} (${short})`;
}
