/** The guests of the catalogue as machines, for boot tests. */
import { join } from "node:path";
import { filesOf } from "../../images/guests.ts";
import { nodeOpeners } from "../../src/cli/nodeOpeners.ts";
import type { AttachedDrive } from "../../src/machine/drives.ts";
import { guestBoot } from "../../src/machine/guestBoot.ts";
import { guestDrives } from "../../src/machine/guestDrives.ts";
import { openDrives } from "../../src/machine/openDrives.ts";
import type { DriveSource } from "../../src/machine/vmConfig.ts";
import { MemoryBackend } from "../../src/storage/memoryBackend.ts";
import { GuestMachine, type GuestMachineOptions } from "../support/guestMachine.ts";
import { guestOf, IMAGES, image } from "../support/images.ts";

/** What a CD-ROM drive is on, unless told otherwise: the master of the second channel. */
const CDROM_INDEX = 2;

/** A machine with the guest, not yet run. */
export async function startGuest(id: string, over: Partial<GuestMachineOptions> = {}): Promise<GuestMachine> {
  const guest = guestOf(id);
  const { bios, vgaBios } = filesOf(guest);
  return GuestMachine.create({
    memoryMib: guest.memoryMib,
    boot: guestBoot(guest, image),
    bios: image(bios),
    ...(vgaBios && { vgaBios: image(vgaBios) }),
    // What is written to disks is thrown away.
    drives: over.drives ?? (await openDrives(guestDrives(guest, { sourceOf }), nodeOpeners)),
    ...over,
  });
}

function sourceOf(path: string): DriveSource {
  return { kind: "file", path: join(IMAGES, path) };
}

export function cdromDrive(bytes: Uint8Array): AttachedDrive {
  const backend = new MemoryBackend(bytes, { readOnly: true });
  return { interface: "ide", index: CDROM_INDEX, media: "cdrom", backend };
}

export function floppyDrive(bytes: Uint8Array, index = 0): AttachedDrive {
  return { interface: "floppy", index, media: "disk", backend: new MemoryBackend(bytes) };
}

export function ideDisk(bytes: Uint8Array): AttachedDrive {
  return { interface: "ide", index: 0, media: "disk", backend: new MemoryBackend(bytes) };
}
