import { buildModules } from "../kernelModules.ts";
import type { Recipe } from "../types.ts";

/** `modules.gz`, to append to the initramfs of `linux-686`: for the tests of graphics. */
export const graphicsModules686: Recipe = {
  id: "graphics-modules-686",
  summary: "the bochs-drm module and a PS/2 mouse's of linux-image-686",
  packages: [{ name: "linux-image-686", architecture: "i386", real: /^linux-image-\d\S*-686$/, folder: "lib/modules" }],
  sources: ["recipes/graphicsModules.ts", "kernelModules.ts", "cpio.ts"],
  build: async ([kernel]) => new Map([["modules.gz", buildModules(kernel!, ["bochs", "psmouse", "evdev"])]]),
};
