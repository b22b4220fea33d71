import { buildModules } from "../kernelModules.ts";
import type { Recipe } from "../types.ts";

/** The disks that the cloud kernel can have without NVMe, which is built into it. */
const CLOUD_MODULES = ["ata_piix", "sd_mod", "virtio_pci", "virtio_blk"];

/** `modules.gz`, to append to the initramfs of `linux-cloud-amd64`: for the figures of disks. */
export const driveModulesCloudAmd64: Recipe = {
  id: "drive-modules-cloud-amd64",
  summary: "IDE and virtio-blk modules of linux-image-cloud-amd64",
  packages: [
    {
      name: "linux-image-cloud-amd64",
      architecture: "amd64",
      real: /^linux-image-\d\S*-cloud-amd64$/,
      folder: "lib/modules",
    },
  ],
  sources: ["recipes/driveModules.ts", "kernelModules.ts", "cpio.ts"],
  build: async ([kernel]) => new Map([["modules.gz", buildModules(kernel!, CLOUD_MODULES)]]),
};

/** IDE disks and CD-ROMs, floppies, and the file systems that go with them. */
const MODULES = ["ata_piix", "sd_mod", "sr_mod", "isofs", "floppy", "vfat", "nls_cp437", "nls_ascii"];

/** `modules.gz`, to append to the initramfs of `linux-686`: for the tests of drives. */
export const driveModules686: Recipe = {
  id: "drive-modules-686",
  summary: "IDE, CD-ROM and floppy modules of linux-image-686",
  packages: [{ name: "linux-image-686", architecture: "i386", real: /^linux-image-\d\S*-686$/, folder: "lib/modules" }],
  sources: ["recipes/driveModules.ts", "kernelModules.ts", "cpio.ts"],
  build: async ([kernel]) => new Map([["modules.gz", buildModules(kernel!, MODULES)]]),
};
