/** Trace lines for guest mistakes and unusual register traffic; off unless a sink is set. Never an exception. */
export type TraceSink = (line: string) => void;

let sink: TraceSink | undefined;

export function setTraceSink(next: TraceSink | undefined): void {
  sink = next;
}

export function trace(source: string, message: string): void {
  sink?.(`${source}: ${message}`);
}
