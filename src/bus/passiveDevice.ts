import type { Device, DeviceState } from "./device.ts";

/** A device without host-side activity: everything it does hangs on guest accesses and guest time. */
export abstract class PassiveDevice implements Device {
  abstract readonly name: string;
  abstract reset(): void;
  abstract save(): DeviceState;
  abstract restore(saved: DeviceState): void;

  pause(): void {
    // Guest time stands still by itself.
  }

  resume(): void {
    // See pause.
  }
}
