/**
 * Small ports for firmware, tests and debugging: QEMU's isa-debug-exit (F4h) and debugcon (E9h), and the POST code port 80h.
 * Documents: QEMU hw/misc/debugexit.c, hw/char/debugcon.c; IBM PC/AT technical reference (manufacturing test port).
 */
import type { DeviceState } from "../../bus/device.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { object, parseState, SavedStateError, u8 } from "../../bus/savedState.ts";

const VERSION = 1;

/** A port without state. */
abstract class StatelessPort extends PassiveDevice {
  protected abstract readonly kind: string;

  reset(): void {
    // No state.
  }

  save(): DeviceState {
    return { kind: this.kind, version: VERSION, state: null };
  }

  restore(saved: DeviceState): void {
    parseState(saved, this.kind, VERSION, (value, path) => {
      if (value !== null) throw new SavedStateError(`${path}: expected null, found ${typeof value}`);
    });
  }
}

/** isa-debug-exit: a write of `value` ends the run with status `(value << 1) | 1`, never 0. Reads 0. */
export class IsaDebugExit extends StatelessPort {
  readonly name = "debugexit";
  protected readonly kind = "isa-debug-exit";

  constructor(ports: PortSpace, onExit: (status: number) => void, base = 0xf4) {
    super();
    const handler = {
      read: () => 0,
      write: (_offset: number, value: number) => onExit(((value << 1) | 1) >>> 0),
    };
    ports.claim(base, 4, handler, { name: this.name, sizes: [1, 2, 4] });
  }
}

/** debugcon: each byte written is a character; reads E9h, by which firmware finds it. */
export class DebugCon extends StatelessPort {
  readonly name = "debugcon";
  protected readonly kind = "debugcon";

  constructor(ports: PortSpace, onByte: (byte: number) => void, base = 0xe9) {
    super();
    const handler = { read: () => 0xe9, write: (_offset: number, value: number) => onByte(value) };
    ports.claim(base, 1, handler, { name: this.name });
  }
}

const POST_SHAPE = object({ code: u8 });

/** Port 80h: a latch whose writes show how far the firmware got; Linux writes to it as a delay. */
export class PostCodePort extends PassiveDevice {
  readonly name = "post";
  private code = 0;

  constructor(ports: PortSpace, onCode?: (code: number) => void) {
    super();
    const handler = {
      read: () => this.code,
      write: (_offset: number, value: number) => {
        this.code = value;
        onCode?.(value);
      },
    };
    ports.claim(0x80, 1, handler, { name: this.name });
  }

  reset(): void {
    this.code = 0;
  }

  save(): DeviceState {
    return { kind: "post-code", version: VERSION, state: { code: this.code } };
  }

  restore(saved: DeviceState): void {
    this.code = parseState(saved, "post-code", VERSION, POST_SHAPE).code;
  }
}
