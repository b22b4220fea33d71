/** A start-up failure the user can do something about: shown as it is, never with a stack. */
export class EngineError extends Error {
  constructor(
    readonly code: "no-memory" | "no-feature" | "bad-engine",
    message: string,
  ) {
    super(message);
    this.name = "EngineError";
  }
}
