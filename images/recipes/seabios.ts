import { packageFiles } from "./packageFiles.ts";

/** The BIOS of the PC and of its VGA card. `bios.bin` (128 KB) fits below 1 MB whole; `bios-256k.bin` has more drivers in it. */
export const seabios = packageFiles({
  id: "seabios",
  summary: "SeaBIOS and its VGA BIOS",
  package: "seabios",
  folder: "usr/share/seabios",
  files: {
    "bios.bin": "bios.bin",
    "bios-256k.bin": "bios-256k.bin",
    "vgabios-stdvga.bin": "vgabios-stdvga.bin",
  },
  source: "recipes/seabios.ts",
});
