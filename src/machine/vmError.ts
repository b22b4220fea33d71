/** What kind of mistake: callers branch on it, people read the message. */
export type VmErrorCode =
  | "bad-kernel"
  | "bad-firmware"
  | "bad-config"
  | "no-memory"
  | "no-feature"
  | "bad-state"
  | "load-failed";

/** A failure the user can do something about: one clear message, shown without a stack. */
export class VmError extends Error {
  constructor(
    readonly code: VmErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "VmError";
  }
}
