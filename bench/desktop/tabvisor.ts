/** The desktop in Tabvisor, in a process of its own. */
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import { bundled } from "../suite/bundle.ts";
import { NODE } from "../suite/contenders/tabvisor.ts";
import type { BootFiles } from "../suite/guestImage.ts";
import { ProcessGuest } from "../suite/processGuest.ts";
import type { DesktopGuest, TabvisorFiles } from "./desktop.ts";

const url = (relative: string) => new URL(relative, import.meta.url);

export async function startInTabvisor(files: BootFiles, mode: EngineMode): Promise<DesktopGuest> {
  const engine = url("../../build/engine.wasm").pathname;
  const compileThread = url("../../dist/compileThread.js").href;
  const options: TabvisorFiles = { ...files, mode, engine, compileThread };
  const guest = new ProcessGuest(
    "env",
    [...NODE, await bundled("../desktop/tabvisorDesktop.ts"), JSON.stringify(options)],
    true,
  );
  return { pid: guest.child.pid!, showsWindows: () => guest.ask<boolean>("look"), stop: () => guest.stop() };
}
