/** A program: runs a Linux guest in v86, whose COM1 is this process's standard input and output. `v86Guest.mjs WASM FILES` */
import { readFileSync, writeSync } from "node:fs";
import { V86 } from "v86";
import type { BootFiles } from "./guestImage.ts";

const VIDEO_MEMORY = 8 * 2 ** 20;
const STDOUT = 1;

const [wasmPath, json] = process.argv.slice(2) as [string, string];
const files = JSON.parse(json) as BootFiles;

const emulator = new V86({
  wasm_path: wasmPath,
  memory_size: files.memoryMib * 2 ** 20,
  vga_memory_size: VIDEO_MEMORY,
  bios: image(files.bios),
  vga_bios: image(files.vgaBios),
  bzimage: image(files.kernel),
  initrd: image(files.initrd),
  cmdline: files.append,
  autostart: true,
});
emulator.add_listener("serial0-output-byte", (byte: number) => writeSync(STDOUT, Uint8Array.of(byte)));
process.stdin.on("data", (bytes: Buffer) => emulator.serial0_send(bytes.toString("latin1")));

function image(path: string): { buffer: ArrayBuffer } {
  return { buffer: Uint8Array.from(readFileSync(path)).buffer };
}
