/**
 * System control port A (92h): fast A20 gate (bit 1) and fast CPU reset (bit 0, on its rise).
 * Document: IBM PS/2 hardware interface technical reference; 82371SB (PIIX3), Port 92 register.
 */
import type { DeviceState } from "../../bus/device.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { object, parseState, u8 } from "../../bus/savedState.ts";

const KIND = "port92";
const VERSION = 1;
const SHAPE = object({ value: u8 });
const FAST_RESET = 0x01;
const A20_GATE = 0x02;

export interface Port92Options {
  /** The gate opened or closed. The keyboard controller moves the same gate: the last one to write decides. */
  setA20: (enabled: boolean) => void;
  /** The fast reset. On a PS/2 it resets the CPU alone (INIT); what it does here is the board's decision. */
  onFastReset: () => void;
}

export class Port92 extends PassiveDevice {
  readonly name = "port92";
  private value = 0;

  constructor(
    ports: PortSpace,
    private readonly options: Port92Options,
  ) {
    super();
    const handler = { read: () => this.value, write: (_offset: number, value: number) => this.write(value) };
    ports.claim(0x92, 1, handler, { name: this.name });
  }

  /** The state of this port's A20 gate; after a restore the board reads it here. */
  get a20(): boolean {
    return (this.value & A20_GATE) !== 0;
  }

  reset(): void {
    const wasOpen = this.a20;
    this.value = 0;
    if (wasOpen) this.options.setA20(false);
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: { value: this.value } };
  }

  restore(saved: DeviceState): void {
    this.value = parseState(saved, KIND, VERSION, SHAPE).value;
  }

  private write(value: number): void {
    const changed = this.value ^ value;
    this.value = value;
    if ((changed & A20_GATE) !== 0) this.options.setA20((value & A20_GATE) !== 0);
    if ((changed & value & FAST_RESET) !== 0) this.options.onFastReset();
  }
}
