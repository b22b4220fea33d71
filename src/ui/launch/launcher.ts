/** Turns a guest of the catalogue and a person's wishes into a running machine. */

import type { VmRequest } from "../../vm/vmClient.ts";
import { VmError } from "../../vm/vmError.ts";
import { hasSharedMemory, loadEngine } from "../../worker/engineLoader.ts";
import { describeMissing, missingFeatures } from "../../worker/features.ts";
import { type CatalogueGuest, loadGuest, type MachineOptions } from "./catalogue.ts";
import type { UrlOptions } from "./urlOptions.ts";

/** What makes a VM of `guest`. */
export function requestFor(guest: CatalogueGuest, wishes: Omit<UrlOptions, "guest" | "view"> = {}): VmRequest {
  const options: MachineOptions = {
    memoryMib: wishes.memoryMib ?? guest.memoryMib,
    engine: wishes.engine ?? "auto",
    append: wishes.append ?? guest.append,
  };
  return {
    title: guest.title,
    guest: guest.id,
    load: () => loadGuest(guest, options),
    engine: () => {
      checkFeatures();
      return loadEngine();
    },
  };
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
