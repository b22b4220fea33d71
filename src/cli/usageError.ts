/** A command line that cannot be carried out: one clear line on standard error, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
