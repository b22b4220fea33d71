import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ImageError, type Recipe } from "../types.ts";

/** `bios.bin` (128 KB) fits below 1 MB whole; `bios-256k.bin` has more drivers in it. */
const FILES = ["bios.bin", "bios-256k.bin", "vgabios-stdvga.bin"];

/** The BIOS of the PC and of its VGA card. */
export const seabios: Recipe = {
  id: "seabios",
  summary: "SeaBIOS and its VGA BIOS",
  packages: [{ name: "seabios", architecture: "amd64", folder: "usr/share/seabios" }],
  sources: ["recipes/seabios.ts"],
  build: async ([unpacked]) => {
    const { root, name, version } = unpacked!;
    return new Map(
      FILES.map((file) => {
        const path = join(root, "usr/share/seabios", file);
        if (!existsSync(path)) throw new ImageError(`no ${file} in ${name} ${version}`, [name]);
        return [file, readFileSync(path)];
      }),
    );
  },
};
