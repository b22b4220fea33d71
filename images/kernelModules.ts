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

/** A module as the kernel's package has it. */
export interface KernelModule {
  /** Its own name, with underscores. */
  name: string;
  /** Below `lib/modules`. */
  path: string;
  data: Uint8Array;
}

export interface FindOptions {
  /** Leaves out what this kernel has not, instead of throwing. */
  ifThere?: boolean;
}

/** The gzip-compressed archive; modules that are built into the kernel are left out. */
export function buildModules(kernel: UnpackedPackage, wanted: readonly string[]): Uint8Array {
  return gzipSync(writeCpio(entriesOf(findModules(kernel, wanted))), { level: 9 });
}

/** The modules with those that they depend on, in the order in which they can be loaded. What is built in is left out. */
export function findModules(
  kernel: UnpackedPackage,
  wanted: readonly string[],
  { ifThere = false }: FindOptions = {},
): KernelModule[] {
  const folder = join(kernel.root, FOLDER);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const paths = new Map(files.filter((path) => path.endsWith(".ko")).map((path) => [nameOf(path), path]));
  const builtIn = new Set(
    files
      .filter((path) => basename(path) === "modules.builtin")
      .flatMap((path) => readFileSync(join(folder, path), "utf8").trim().split("\n").map(nameOf)),
  );
  const order = new Map<string, KernelModule>();
  const visit = (name: string): void => {
    if (order.has(name) || builtIn.has(name)) return;
    const path = paths.get(name);
    if (path === undefined) {
      if (ifThere) return;
      throw new ImageError(`no module ${name} in ${kernel.name} ${kernel.version}`, [kernel.name]);
    }
    const data = readFileSync(join(folder, path));
    for (const other of dependenciesOf(data)) visit(other);
    order.set(name, { name, path, data });
  };
  for (const name of wanted) visit(nameOf(name));
  return [...order.values()];
}

/** The lists beside the modules, which depmod wants: of what is built in, and of the order in which to look. */
export function readModuleLists(kernel: UnpackedPackage): Omit<KernelModule, "name">[] {
  const folder = join(kernel.root, FOLDER);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const lists = files.filter((path) => /^modules\.(builtin|builtin\.modinfo|order)$/.test(basename(path)));
  return lists.map((path) => ({ path, data: readFileSync(join(folder, path)) }));
}

function dependenciesOf(module: Uint8Array): string[] {
  const [, names = ""] = DEPENDS.exec(Buffer.from(module).toString("latin1")) ?? [];
  return names === "" ? [] : names.split(",").map(nameOf);
}

function entriesOf(modules: readonly KernelModule[]): CpioEntry[] {
  // The kernel hands `options_virtio_pci=force_legacy=1` of its command line on in the environment.
  const load = ({ name }: KernelModule) => `insmod /${placeOf(name)} $options_${name} || echo ${name} failed`;
  const script = ["#!/bin/sh", ...modules.map(load)];
  const init = new TextEncoder().encode(`${[...script, ROOT_ON_9P, "exec /init"].join("\n")}\n`);
  return [...moduleEntries(modules), { type: "file", path: MODULES_INIT.slice(1), mode: 0o755, data: init }];
}

/** Modules in one folder of an initramfs. */
export function moduleEntries(modules: readonly KernelModule[]): CpioEntry[] {
  return [
    { type: "directory", path: "lib" },
    { type: "directory", path: FOLDER },
    ...modules.map(({ name, data }): CpioEntry => ({ type: "file", path: placeOf(name), data })),
  ];
}

function placeOf(name: string): string {
  return `${FOLDER}/${name}.ko`;
}

/** File names have hyphens where the module's own name has underscores, or not. */
function nameOf(path: string): string {
  return basename(path, ".ko").replaceAll("-", "_");
}
