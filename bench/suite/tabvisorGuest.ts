/**
 * A program: runs a Linux guest in Tabvisor, whose COM1 is this process's standard input and output; each message asks for the VM's
 * figures. `tabvisorGuest.mjs WASM FILES MODE`
 */
import { readFileSync, writeSync } from "node:fs";
import { enableBranchHinting } from "../../src/cli/branchHinting.ts";
import { openTree } from "../../src/cli/nodeOpeners.ts";
import { Vm } from "../../src/vm/vm.ts";
import type { DriveConfig, EngineMode, VmConfig } from "../../src/vm/vmConfig.ts";
import { SHARE_TAG } from "../disks/programs.ts";
import type { BootFiles } from "./guestImage.ts";

const STDOUT = 1;

enableBranchHinting();
const [wasmPath, json, mode] = process.argv.slice(2) as [string, string, EngineMode];
const engine = { shared: await WebAssembly.compile(readFileSync(wasmPath)) };
const vm = await Vm.create(configOf(JSON.parse(json) as BootFiles), engine, { openTree });
vm.serial.onOutput((bytes) => writeSync(STDOUT, bytes));
process.stdin.on("data", (bytes: Buffer) => vm.serial.send(bytes));
process.on("message", () => process.send?.(vm.stats()));
vm.onState((state, reason) => {
  if (reason === undefined) return;
  process.stderr.write(`${state}: ${JSON.stringify(reason)}\n`);
  process.exit(1);
});
vm.start();

function configOf(files: BootFiles): VmConfig {
  const read = (path: string) => new Uint8Array(readFileSync(path));
  return {
    memoryMib: files.memoryMib,
    engine: mode,
    clock: "host",
    bios: read(files.bios),
    vgaBios: read(files.vgaBios),
    drives: drivesOf(files),
    shares: files.share === undefined ? [] : [{ tag: SHARE_TAG, path: files.share }],
    boot: { kind: "kernel", kernel: read(files.kernel), initrd: read(files.initrd), append: files.append },
  };
}

/** The image is read into memory: not the host's disk is measured. */
function drivesOf({ disk }: BootFiles): DriveConfig[] {
  if (disk === undefined) return [];
  const bytes = new Uint8Array(readFileSync(disk.path));
  return [{ interface: disk.interface, source: { kind: "bytes", bytes, name: disk.path } }];
}
