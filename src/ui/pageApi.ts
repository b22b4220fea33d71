/**
 * `globalThis.tabvisor`: the page's machines for tests, scripts and the curious in the developer's console (docs/page-api.md).
 *
 *   tabvisor.machines[0].send("uname -m\n");
 *   tabvisor.machines[0].serialText();
 */
import type { VmClient } from "../vm/vmClient.ts";

export interface PageApi {
  /** The machines of the page that are not closed, oldest first. */
  readonly machines: readonly VmClient[];
}

declare global {
  var tabvisor: PageApi;
}

/** Publishes the machines; `machines` is asked each time. */
export function publishApi(machines: () => readonly VmClient[]): void {
  globalThis.tabvisor = {
    get machines() {
      return machines();
    },
  };
}
