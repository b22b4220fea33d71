/** Plain, structured-cloneable data that a device saves. */
export interface DeviceState {
  readonly kind: string;
  readonly version: number;
  readonly state: unknown;
}

/**
 * What every device of the board does. A device never imports the machine or the CPU: its constructor is handed IRQ lines,
 * a clock, guest memory and a backend. `save` and `restore` have no default; a stateless device returns `state: null`.
 */
export interface Device {
  /** Stable name of the instance, unique on the board ("uart0"). */
  readonly name: string;
  /** Power-on reset: back to the state of a new device. Attached ranges stay. */
  reset(): void;
  save(): DeviceState;
  /** Throws a clear Error on an unknown kind, version or malformed state; then the device is unchanged. */
  restore(saved: DeviceState): void;
  /** Host-side activity (sockets, audio) stops and resumes; guest time stands still between the two. */
  pause(): void;
  resume(): void;
}
