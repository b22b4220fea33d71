/**
 * The embedding page's end of an embedded machine. For now it only hears that the machine's state has changed:
 * `{ source: "tabvisor", event: "state", state }`, posted to any origin since it tells nothing but that. Control by
 * postMessage will be added here.
 */
import type { VmClient } from "../vm/vmClient.ts";

export function connectHost(machine: VmClient): void {
  if (globalThis.parent === globalThis.window) return;
  const tell = (): void => {
    globalThis.parent.postMessage({ source: "tabvisor", event: "state", state: machine.state }, "*");
  };
  machine.on("state", tell);
  tell();
}
