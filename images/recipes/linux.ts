/** Linux to a shell: a kernel as it is in the package, and our initramfs around its architecture's busybox; and what other recipes need of that. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildInitramfs } from "../initramfs.ts";
import { ImageError, type PackageWanted, type Recipe, type UnpackedPackage } from "../types.ts";
import { CLOUD_AMD64_KERNEL, I686_KERNEL } from "./kernels.ts";

/** Debian's kernel packages carry a System.map of one line, which says where the real one is. */
const STUB_SYMBOLS_BYTES = 1024;
const BUSYBOX_PLACES = ["bin/busybox", "usr/bin/busybox"];

/** What {@link kernelAndInitramfs} and the kernels' names depend on. */
export const LINUX_SOURCES = [
  ...["recipes/linux.ts", "recipes/kernels.ts", "initramfs.ts", "busybox.ts", "cpio.ts", "rootfs"],
];

/** A recipe for `vmlinuz`, `initrd.gz` and, where the package has it, `System.map`. */
function linuxRecipe(id: string, summary: string, kernel: PackageWanted): Recipe {
  return {
    id,
    summary,
    packages: [
      { ...kernel, folder: "boot" },
      { name: "busybox-static", architecture: kernel.architecture },
    ],
    sources: LINUX_SOURCES,
    build: async ([kernelPackage, busyboxPackage]) => kernelAndInitramfs(kernelPackage!, busyboxPackage!),
  };
}

export const linuxCloudAmd64 = linuxRecipe(
  "linux-cloud-amd64",
  "Debian's 64-bit kernel for virtual machines, with a busybox initramfs",
  CLOUD_AMD64_KERNEL,
);

export const linux686 = linuxRecipe(
  "linux-686",
  "Debian's 32-bit kernel without PAE, with a busybox initramfs",
  I686_KERNEL,
);

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
