/** Operations of several parts, some of which may be done already. */

/** Settled when all of `parts` are: rejected with the first failure, but never before the buffers of the others are free. */
export function whenAll(parts: readonly Promise<void>[]): Promise<void> | undefined {
  if (parts.length === 0) return undefined;
  if (parts.length === 1) return parts[0];
  return Promise.allSettled(parts).then((results) => {
    for (const result of results) if (result.status === "rejected") throw result.reason;
  });
}
