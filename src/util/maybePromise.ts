/** What is there at once, or later: backends that are quick need no turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** A computation that waits for {@link MaybePromise}s: `const value = yield* wait(quickOrSlow())`. */
export type Waiting<T> = Generator<MaybePromise<unknown>, T, unknown>;

export function* wait<T>(value: MaybePromise<T>): Waiting<T> {
  return (yield value) as T;
}

/** Runs a computation: at once as far as nothing is to be waited for, else to a promise. Throws or rejects as it does. */
export function runWaiting<T>(computation: Waiting<T>): MaybePromise<T> {
  let step = computation.next();
  while (!step.done) {
    if (step.value instanceof Promise) return goOn(computation, step.value);
    step = computation.next(step.value);
  }
  return step.value;
}

async function goOn<T>(computation: Waiting<T>, first: Promise<unknown>): Promise<T> {
  let waited: MaybePromise<unknown> = first;
  for (;;) {
    const step = await resume(computation, waited);
    if (step.done) return step.value;
    waited = step.value;
  }
}

/** A failure of what was waited for is thrown within the computation. */
async function resume<T>(computation: Waiting<T>, waited: MaybePromise<unknown>) {
  let value: unknown;
  try {
    value = await waited;
  } catch (error) {
    return computation.throw(error);
  }
  return computation.next(value);
}
