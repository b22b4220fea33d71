/** A CD that boots the 686 kernel and our initramfs with ISOLINUX. */
import { ISOLINUX_PACKAGES, makeIsolinuxCd } from "../isolinuxCd.ts";
import type { Recipe } from "../types.ts";
import { I686_KERNEL } from "./kernels.ts";
import { kernelAndInitramfs, LINUX_SOURCES } from "./linux.ts";

export const isolinux686: Recipe = {
  id: "isolinux-686",
  summary: "a CD with ISOLINUX, Debian's 686 kernel and a busybox initramfs",
  packages: [
    { ...I686_KERNEL, folder: "boot" },
    { name: "busybox-static", architecture: "i386" },
    ...ISOLINUX_PACKAGES,
  ],
  sources: ["recipes/isolinux686.ts", "recipes/packageFiles.ts", "isolinuxCd.ts", ...LINUX_SOURCES],
  build: async ([kernel, busybox, ...isolinux]) => {
    const linux = kernelAndInitramfs(kernel!, busybox!);
    const cd = {
      kernel: linux.get("vmlinuz")!,
      initrd: linux.get("initrd.gz")!,
      append: "console=tty0 console=ttyS0,115200",
    };
    return new Map([["cdrom.iso", await makeIsolinuxCd(cd, isolinux)]]);
  },
};
