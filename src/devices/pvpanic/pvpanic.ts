/**
 * pvpanic: a port by which a guest's kernel tells that it has panicked. Reads give the events that are understood, a write tells of
 * some. Document: QEMU docs/specs/pvpanic.rst (ISA device; ACPI device QEMU0001, which devices/acpi/dsdt.ts describes).
 */
import type { AddressSpace } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import { parseState, SavedStateError } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";

export const PVPANIC_PORT = 0x505;

export const PvpanicEvent = {
  /** The kernel has panicked. */
  PANICKED: 1,
  /** It has panicked, and handles that itself: a crash kernel is about to run. */
  CRASH_LOADED: 2,
} as const;

const KIND = "pvpanic";
const VERSION = 1;
const UNDERSTOOD = PvpanicEvent.PANICKED | PvpanicEvent.CRASH_LOADED;

export class Pvpanic extends PassiveDevice {
  readonly name = "pvpanic";

  constructor(ports: AddressSpace, onPanic: (crashLoaded: boolean) => void) {
    super();
    const handler = {
      read: () => UNDERSTOOD,
      write: (_offset: number, value: number) => {
        if ((value & ~UNDERSTOOD) !== 0) trace(this.name, `unknown events ${value.toString(16)}`);
        if ((value & UNDERSTOOD) !== 0) onPanic((value & PvpanicEvent.PANICKED) === 0);
      },
    };
    ports.claim(PVPANIC_PORT, 1, handler, { name: this.name });
  }

  reset(): void {
    // No state.
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: null };
  }

  restore(saved: DeviceState): void {
    parseState(saved, KIND, VERSION, (value, path) => {
      if (value !== null) throw new SavedStateError(`${path}: expected null, found ${typeof value}`);
    });
  }
}
