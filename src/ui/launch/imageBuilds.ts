/** Has guests built that are not there yet, where the page's server does that (`tools/imageBuilds.ts`; docs/page-api.md). */
import type { Guest } from "../../../images/guests.ts";
import { VmError } from "../../vm/vmError.ts";

/** A line of the server's answer; the last one has `end`. */
export type BuildLine = { progress: string } | { end: "done" } | { end: "failed"; message: string };

/** How a person gets a guest that is not there. */
export function howToBuild(guest: Guest): string {
  return `npm run image ${guest.id}`;
}

/** Whether the server builds guests. */
export async function buildsGuests(): Promise<boolean> {
  const response = await fetch(urlOf("")).catch(() => undefined);
  return response?.ok === true;
}

/** Resolves when the server has built `guest`, or somebody else's asking for it has; throws VmError. */
export async function buildGuest(guest: Guest, onProgress: (message: string) => void): Promise<void> {
  const response = await fetch(urlOf(guest.id), { method: "POST" }).catch(() => undefined);
  if (!response?.ok || response.body === null) {
    throw new VmError("load-failed", `${guest.title} has not been built here yet: \`${howToBuild(guest)}\` does that.`);
  }
  for await (const line of linesOf(response.body)) {
    if ("progress" in line) onProgress(line.progress);
    else if (line.end === "done") return;
    else throw new VmError("load-failed", `${guest.title} could not be built: ${line.message}`);
  }
  throw new VmError("load-failed", `${guest.title} could not be built: the server does not answer any more`);
}

/** Ends early when the server goes away. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<BuildLine> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
    if (done || value === undefined) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as BuildLine;
  }
}

function urlOf(guest: string): string {
  return new URL(`image-builds/${guest}`, document.baseURI).href;
}
