/** An initramfs that loads the drivers of a disk and goes on with the system there (`debian/initramfs-init`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { busyboxEntries } from "./initramfs.ts";
import { findModules, moduleEntries } from "./kernelModules.ts";
import type { UnpackedPackage } from "./types.ts";

const INIT = join(import.meta.dirname, "debian/initramfs-init");

/** Gzip-compressed; `modules` are the names of drivers, what they depend on comes along. */
export function buildDiskInitramfs(
  busybox: Uint8Array,
  kernel: UnpackedPackage,
  modules: readonly string[],
): Uint8Array {
  const found = findModules(kernel, modules);
  const order = new TextEncoder().encode(found.map(({ name }) => `${name}\n`).join(""));
  const entries: CpioEntry[] = [
    ...busyboxEntries(busybox),
    ...moduleEntries(found),
    { type: "file", path: "modules", data: order },
    { type: "file", path: "init", mode: 0o755, data: readFileSync(INIT) },
  ];
  return gzipSync(writeCpio(entries), { level: 9 });
}
