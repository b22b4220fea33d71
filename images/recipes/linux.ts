/** What the Linux recipes share: a kernel as it is in the package, and our initramfs around its architecture's busybox. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildInitramfs } from "../initramfs.ts";
import { type Architecture, ImageError, type Recipe, type UnpackedPackage } from "../types.ts";

/** Debian's kernel packages carry a System.map of one line, which says where the real one is. */
const STUB_SYMBOLS_BYTES = 1024;
const BUSYBOX_PLACES = ["bin/busybox", "usr/bin/busybox"];

export interface LinuxRecipeOptions {
  id: string;
  summary: string;
  /** The meta package that always depends on the current kernel. */
  kernel: string;
  /** How that kernel's package is called. */
  real: RegExp;
  architecture: Architecture;
  /** The file that holds the recipe, relative to `images/`. */
  source: string;
}

/** A recipe for `vmlinuz`, `initrd.gz` and, where the package has it, `System.map`. */
export function linuxRecipe(options: LinuxRecipeOptions): Recipe {
  const { id, summary, kernel, real, architecture, source } = options;
  return {
    id,
    summary,
    packages: [
      { name: kernel, architecture, real, folder: "boot" },
      { name: "busybox-static", architecture },
    ],
    sources: [source, "recipes/linux.ts", "initramfs.ts", "busybox.ts", "cpio.ts", "rootfs"],
    build: async ([kernelPackage, busyboxPackage]) => kernelAndInitramfs(kernelPackage!, busyboxPackage!),
  };
}

/** `vmlinuz`, `initrd.gz` and perhaps `System.map`. */
export function kernelAndInitramfs(kernel: UnpackedPackage, busybox: UnpackedPackage): Map<string, Uint8Array> {
  return kernelFiles(kernel).set("initrd.gz", buildInitramfs(findBusybox(busybox)));
}

function kernelFiles(kernel: UnpackedPackage): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([["vmlinuz", readKernel(kernel)]]);
  const symbols = readBootFile(kernel, "System.map-");
  if (symbols && symbols.length > STUB_SYMBOLS_BYTES) files.set("System.map", symbols);
  return files;
}

/** The kernel of a package, as a boot loader takes it. */
export function readKernel(kernel: UnpackedPackage): Uint8Array {
  const vmlinuz = readBootFile(kernel, "vmlinuz-");
  if (!vmlinuz) throw new ImageError(`no /boot/vmlinuz-* in ${kernel.name} ${kernel.version}`, [kernel.name]);
  return vmlinuz;
}

function readBootFile(kernel: UnpackedPackage, prefix: string): Uint8Array | undefined {
  const boot = join(kernel.root, "boot");
  const name = existsSync(boot) ? readdirSync(boot).find((one) => one.startsWith(prefix)) : undefined;
  return name === undefined ? undefined : readFileSync(join(boot, name));
}

export function findBusybox(busybox: UnpackedPackage): Uint8Array {
  const path = BUSYBOX_PLACES.map((place) => join(busybox.root, place)).find((place) => existsSync(place));
  if (!path) throw new ImageError(`no busybox in ${busybox.name} ${busybox.version}`, [busybox.name]);
  return readFileSync(path);
}
