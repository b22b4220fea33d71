/** The Xen hypervisor, and a kernel with a file system that runs as its privileged domain. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ImageError, type Recipe, type UnpackedPackage } from "../types.ts";
import { AMD64_KERNEL } from "./kernels.ts";
import { kernelAndInitramfs, LINUX_SOURCES } from "./linux.ts";
import { readPackageFile } from "./packageFiles.ts";

export const xen: Recipe = {
  id: "xen",
  summary: "the Xen hypervisor with Debian's 64-bit kernel and a busybox initramfs",
  packages: [
    { name: "xen-system-amd64", architecture: "amd64", real: /^xen-hypervisor-\d\S*-amd64$/, folder: "boot" },
    { ...AMD64_KERNEL, folder: "boot" },
    { name: "busybox-static", architecture: "amd64" },
  ],
  sources: ["recipes/xen.ts", ...LINUX_SOURCES],
  build: async ([hypervisor, kernel, busybox]) =>
    kernelAndInitramfs(kernel!, busybox!).set("xen", unpackedHypervisor(hypervisor!)),
};

/** Multiboot loaders decompress; the machine that boots a kernel directly does not. */
function unpackedHypervisor(hypervisor: UnpackedPackage): Uint8Array {
  const name = readdirSync(join(hypervisor.root, "boot")).find((file) => /^xen-\S+\.gz$/.test(file));
  if (name === undefined)
    throw new ImageError(`no /boot/xen-*.gz in ${hypervisor.name} ${hypervisor.version}`, [hypervisor.name]);
  return gunzipSync(readPackageFile(hypervisor, `boot/${name}`));
}
