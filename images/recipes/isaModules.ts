import { buildModules } from "../kernelModules.ts";
import type { Recipe } from "../types.ts";

/** What is on the ISA bus of a PC beside its drives: mouse, printer port, speaker, and the port that hears of panics. */
const MODULES = ["psmouse", "evdev", "parport_pc", "lp", "pcspkr", "pvpanic_mmio"];

/** `modules.gz`, to append to the initramfs of `linux-686`: for the tests of these devices. */
export const isaModules686: Recipe = {
  id: "isa-modules-686",
  summary: "mouse, printer, speaker and panic modules of linux-image-686",
  packages: [{ name: "linux-image-686", architecture: "i386", real: /^linux-image-\d\S*-686$/, folder: "lib/modules" }],
  sources: ["recipes/isaModules.ts", "kernelModules.ts", "cpio.ts"],
  build: async ([kernel]) => new Map([["modules.gz", buildModules(kernel!, MODULES)]]),
};
