/** What the page knows of a guest by its signals. */
import type { GuestSignal } from "./vmConfig.ts";

/** The lights of the guest's keyboard. */
export interface LockLights {
  readonly scrollLock: boolean;
  readonly numLock: boolean;
  readonly capsLock: boolean;
}

export class GuestSignals {
  private isPointerAbsolute = false;
  private lights: LockLights = { scrollLock: false, numLock: false, capsLock: false };

  /** Whether the guest takes positions on its screen, not only movements. */
  get pointerIsAbsolute(): boolean {
    return this.isPointerAbsolute;
  }

  get lockLights(): LockLights {
    return this.lights;
  }

  note(signal: GuestSignal): void {
    switch (signal.kind) {
      case "pointer":
        this.isPointerAbsolute = signal.absolute;
        break;
      case "leds": {
        const { kind: _, ...lights } = signal;
        this.lights = lights;
      }
    }
  }
}
