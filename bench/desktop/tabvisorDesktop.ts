/**
 * A program: runs a guest of the catalogue in Tabvisor as the command line does; each message asks whether its screen shows windows.
 * `tabvisorDesktop.mjs JSON`, of {@link TabvisorFiles}
 */
import { readFileSync } from "node:fs";
import { enableBranchHinting } from "../../src/cli/branchHinting.ts";
import { nodeOpeners } from "../../src/cli/nodeOpeners.ts";
import { startCompileThread } from "../../src/cli/threadCompiler.ts";
import { Vm } from "../../src/vm/vm.ts";
import { framedTerminalIn } from "../../tests/support/terminal.ts";
import type { TabvisorFiles } from "./desktop.ts";

enableBranchHinting();
const { engine, compileThread, mode, kernel, initrd, bios, vgaBios, append, memoryMib, disk } = JSON.parse(
  process.argv[2]!,
) as TabvisorFiles;
const read = (path: string) => new Uint8Array(readFileSync(path));
const vm = await Vm.create(
  {
    ...{ memoryMib, engine: mode, clock: "host", bios: read(bios), vgaBios: read(vgaBios) },
    drives: [{ interface: disk!.interface, source: { kind: "file", path: disk!.path } }],
    boot: { kind: "kernel", kernel: read(kernel), initrd: read(initrd), append },
  },
  { shared: await WebAssembly.compile(read(engine)) },
  { openers: nodeOpeners, compiler: startCompileThread(new URL(compileThread)) },
);
process.on("message", () => {
  const { width, height, pixels } = vm.frame();
  process.send?.(framedTerminalIn({ width, height, words: new Uint32Array(pixels.slice().buffer) }) !== undefined);
});
vm.onState((state, reason) => {
  if (reason === undefined) return;
  process.stderr.write(`${state}: ${JSON.stringify(reason)}\n`);
  process.exit(1);
});
vm.start();
