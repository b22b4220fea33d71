/**
 * Kernel modules for an initramfs: the wanted ones with all that they depend on, and a first process that loads them in order and goes
 * on with `/init`. The archive is one to append to another initramfs (the kernel unpacks one after the other).
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { ImageError, type UnpackedPackage } from "./types.ts";

/** `rdinit=` of a kernel that is to load the modules. */
export const MODULES_INIT = "/init.modules";
const FOLDER = "lib/modules";
/** With `root_9p=TAG` on the command line that tree becomes the root. */
const ROOT_ON_9P = `if [ "$root_9p" ]; then
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 "$root_9p" /mnt && exec switch_root /mnt /init
fi`;
/** The names that a module depends on, in its `.modinfo` section, ended by a zero byte. */
const DEPENDS = /\0depends=([^\0]*)\0/;

/** The gzip-compressed archive; modules that are built into the kernel are left out. */
export function buildModules(kernel: UnpackedPackage, wanted: readonly string[]): Uint8Array {
  const folder = join(kernel.root, FOLDER);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const paths = new Map(files.filter((path) => path.endsWith(".ko")).map((path) => [nameOf(path), join(folder, path)]));
  const builtIn = new Set(
    files
      .filter((path) => basename(path) === "modules.builtin")
      .flatMap((path) => readFileSync(join(folder, path), "utf8").trim().split("\n").map(nameOf)),
  );
  const order = loadOrder(wanted, (name) => {
    const path = paths.get(name);
    if (path) return readFileSync(path);
    if (builtIn.has(name)) return undefined;
    throw new ImageError(`no module ${name} in ${kernel.name} ${kernel.version}`, [kernel.name]);
  });
  return gzipSync(writeCpio(entriesOf(order)), { level: 9 });
}

/** Each module after those that it depends on. */
function loadOrder(wanted: readonly string[], read: (name: string) => Uint8Array | undefined): Map<string, Uint8Array> {
  const order = new Map<string, Uint8Array>();
  const visit = (name: string): void => {
    if (order.has(name)) return;
    const data = read(name);
    if (data === undefined) return;
    for (const other of dependenciesOf(data)) visit(other);
    order.set(name, data);
  };
  for (const name of wanted) visit(name);
  return order;
}

function dependenciesOf(module: Uint8Array): string[] {
  const [, names = ""] = DEPENDS.exec(Buffer.from(module).toString("latin1")) ?? [];
  return names === "" ? [] : names.split(",").map(nameOf);
}

function entriesOf(modules: ReadonlyMap<string, Uint8Array>): CpioEntry[] {
  const paths = new Map([...modules.keys()].map((name) => [name, `${FOLDER}/${name}.ko`]));
  // The kernel hands `options_virtio_pci=force_legacy=1` of its command line on in the environment.
  const load = ([name, path]: [string, string]) => `insmod /${path} $options_${name} || echo ${name} failed`;
  const script = ["#!/bin/sh", ...[...paths].map(load)];
  const init = new TextEncoder().encode(`${[...script, ROOT_ON_9P, "exec /init"].join("\n")}\n`);
  return [
    { type: "directory", path: "lib" },
    { type: "directory", path: FOLDER },
    ...[...modules].map(([name, data]): CpioEntry => ({ type: "file", path: paths.get(name)!, data })),
    { type: "file", path: MODULES_INIT.slice(1), mode: 0o755, data: init },
  ];
}

/** File names have hyphens where the module's own name has underscores, or not. */
function nameOf(path: string): string {
  return basename(path, ".ko").replaceAll("-", "_");
}
