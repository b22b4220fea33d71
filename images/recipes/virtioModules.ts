import { buildModules } from "../kernelModules.ts";
import type { Architecture, Recipe } from "../types.ts";

const DEVICES = ["virtio_pci", "virtio_blk", "virtio_console", "virtio_rng"];

interface ModulesRecipeOptions {
  id: string;
  kernel: string;
  real: RegExp;
  architecture: Architecture;
  modules: readonly string[];
}

/** `modules.gz`, to append to the initramfs of the recipe for the same kernel: for the tests of virtio. */
function modulesRecipe({ id, kernel, real, architecture, modules }: ModulesRecipeOptions): Recipe {
  return {
    id,
    summary: `virtio modules of ${kernel}`,
    packages: [{ name: kernel, architecture, real, folder: "lib/modules" }],
    sources: ["recipes/virtioModules.ts", "kernelModules.ts", "cpio.ts"],
    build: async ([unpacked]) => new Map([["modules.gz", buildModules(unpacked!, modules)]]),
  };
}

export const virtioModulesCloudAmd64 = modulesRecipe({
  id: "virtio-modules-cloud-amd64",
  kernel: "linux-image-cloud-amd64",
  real: /^linux-image-\d\S*-cloud-amd64$/,
  architecture: "amd64",
  modules: DEVICES,
});

export const virtioModules686 = modulesRecipe({
  id: "virtio-modules-686",
  kernel: "linux-image-686",
  real: /^linux-image-\d\S*-686$/,
  architecture: "i386",
  modules: [...DEVICES, "9pnet_virtio", "9p"],
});
