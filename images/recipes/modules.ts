/** Kernels' modules by what they are for: each `modules.gz` is appended to the initramfs of the recipe with the same kernel. */
import { buildModules } from "../kernelModules.ts";
import type { PackageWanted, Recipe } from "../types.ts";
import { CLOUD_AMD64_KERNEL, I686_KERNEL } from "./kernels.ts";

const VIRTIO = ["virtio_pci", "virtio_blk", "virtio_console", "virtio_rng"];

function modulesRecipe(id: string, what: string, kernel: PackageWanted, modules: readonly string[]): Recipe {
  return {
    id,
    summary: `${what} of ${kernel.name}`,
    packages: [{ ...kernel, folder: "lib/modules" }],
    sources: ["recipes/modules.ts", "recipes/kernels.ts", "kernelModules.ts", "cpio.ts"],
    build: async ([unpacked]) => new Map([["modules.gz", buildModules(unpacked!, modules)]]),
  };
}

/** The disks that the cloud kernel can have without NVMe, which is built into it. For the figures of disks. */
export const driveModulesCloudAmd64 = modulesRecipe(
  "drive-modules-cloud-amd64",
  "IDE and virtio-blk modules",
  CLOUD_AMD64_KERNEL,
  ["ata_piix", "sd_mod", "virtio_pci", "virtio_blk"],
);

/** IDE disks and CD-ROMs, floppies, and the file systems that go with them. For the tests of drives. */
export const driveModules686 = modulesRecipe("drive-modules-686", "IDE, CD-ROM and floppy modules", I686_KERNEL, [
  "ata_piix",
  "sd_mod",
  "sr_mod",
  "isofs",
  "floppy",
  "vfat",
  "nls_cp437",
  "nls_ascii",
]);

/** For the tests of graphics. */
export const graphicsModules686 = modulesRecipe(
  "graphics-modules-686",
  "bochs-drm and PS/2 mouse modules",
  I686_KERNEL,
  ["bochs", "psmouse", "evdev"],
);

/** What is on the ISA bus of a PC beside its drives, and the port that hears of panics. For the tests of these devices. */
export const isaModules686 = modulesRecipe(
  "isa-modules-686",
  "mouse, printer, speaker and panic modules",
  I686_KERNEL,
  ["psmouse", "evdev", "parport_pc", "lp", "pcspkr", "pvpanic_mmio"],
);

/** For the tests of virtio. */
export const virtioModulesCloudAmd64 = modulesRecipe(
  "virtio-modules-cloud-amd64",
  "virtio modules",
  CLOUD_AMD64_KERNEL,
  VIRTIO,
);

/** The same, and the 9p file system. */
export const virtioModules686 = modulesRecipe("virtio-modules-686", "virtio modules", I686_KERNEL, [
  ...VIRTIO,
  "9pnet_virtio",
  "9p",
]);
