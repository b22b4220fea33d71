/** Turns a guest of the catalogue and a person's wishes into a running machine. */
import { DEFAULT_GUEST } from "../../../images/guests.ts";
import { nameOf } from "../../machine/openDrives.ts";
import type { VmRequest } from "../../vm/vmClient.ts";
import type { DriveConfig, ShareConfig } from "../../vm/vmConfig.ts";
import { VmError } from "../../vm/vmError.ts";
import { hasSharedMemory, loadEngine } from "../../worker/engineLoader.ts";
import { describeMissing, missingFeatures } from "../../worker/features.ts";
import { type CatalogueGuest, loadGuest, type MachineOptions } from "./catalogue.ts";
import { drivesOf, kernelOf, type RoledFile } from "./droppedFiles.ts";
import type { UrlOptions } from "./urlOptions.ts";

/** The guest that is nothing but firmware: it boots what is in the drives. */
const FIRMWARE_GUEST = "seabios";
/** What most systems on disks and CDs are content with. */
export const DRIVES_MEMORY_MIB = 512;

/** What a person may want of a guest; a URL cannot name folders. */
export type Wishes = Omit<UrlOptions, "guest" | "view"> & { shares?: ShareConfig[] };

/** What makes a VM of `guest`. */
export function requestFor(guest: CatalogueGuest, wishes: Wishes = {}): VmRequest {
  const { drives, overlay, bootOrder, virtioConsole, shares } = wishes;
  const bootsDrives = guest.id === FIRMWARE_GUEST && drives !== undefined;
  const options: MachineOptions = {
    memoryMib: wishes.memoryMib ?? (bootsDrives ? DRIVES_MEMORY_MIB : guest.memoryMib),
    engine: wishes.engine ?? "auto",
    append: wishes.append ?? guest.append ?? "",
    ...(drives && { drives }),
    ...(overlay !== undefined && { overlay }),
    ...(bootOrder && { bootOrder }),
    ...(virtioConsole !== undefined && { virtioConsole }),
    ...(shares && { shares }),
  };
  return {
    title: bootsDrives ? titleOf(drives) : guest.title,
    guest: guest.id,
    load: (onProgress) => loadGuest(guest, options, onProgress),
    engine,
  };
}

/** What a person does with files of their own. */
export interface FilesChoice {
  files: readonly RoledFile[];
  memoryMib: number;
  /** The kernel's command line. */
  append: string;
  /** What is written to disks is kept in the browser. */
  keep: boolean;
}

/** What makes a VM of files; the firmware comes from the catalogue. */
export function requestForFiles(guests: readonly CatalogueGuest[], choice: FilesChoice): VmRequest {
  const { files, memoryMib, append, keep } = choice;
  const drives = drivesOf(files, keep);
  return {
    title: files[0]?.file.name ?? "",
    load: async (onProgress) => {
      const firmware = chooseGuest(guests, FIRMWARE_GUEST);
      const boot = await kernelOf(files, append);
      const wanted: MachineOptions = { memoryMib, engine: "auto", append: "", drives };
      const config = await loadGuest(firmware, wanted, onProgress);
      return boot ? { ...config, boot } : config;
    },
    engine,
  };
}

/** The guest that a URL asks for, or that is meant where it names none. */
export function guestIdOf({ guest, drives }: UrlOptions): string {
  return guest ?? (drives ? FIRMWARE_GUEST : DEFAULT_GUEST);
}

function engine(): ReturnType<typeof loadEngine> {
  checkFeatures();
  return loadEngine();
}

/** The last part of the first image's address. */
function titleOf([drive]: readonly DriveConfig[]): string {
  const name = drive?.source ? nameOf(drive.source) : "";
  return decodeURIComponent(name.split(/[?#]/, 1)[0].split("/").at(-1) ?? "") || name;
}

/** The guest that is asked for by name; throws a VmError that lists the others. */
export function chooseGuest(guests: readonly CatalogueGuest[], id: string): CatalogueGuest {
  const guest = guests.find((one) => one.id === id);
  if (guest !== undefined) return guest;
  const known = guests.map((one) => one.id).join(", ");
  throw new VmError("bad-config", `guest=${id}: there is no such guest; there are ${known}.`);
}

/** Throws for the first feature that no VM can do without. */
function checkFeatures(): void {
  const missing = missingFeatures().find((feature) => feature.required);
  if (missing !== undefined) throw new VmError("no-feature", describeMissing(missing));
}

/** What people should know about this page and browser before they wonder, a line each. */
export function environmentNotes(): string[] {
  const notes = missingFeatures()
    .filter((feature) => !feature.required)
    .map(describeMissing);
  if (hasSharedMemory() || globalThis.crossOriginIsolated) return notes;
  return ["This page is not cross-origin isolated: running without shared memory.", ...notes];
}
