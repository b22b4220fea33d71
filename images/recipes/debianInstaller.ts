/** Debian's installer, as it boots from a network: one kernel, and an initrd each for text and for X. */
import type { Architecture, Recipe } from "../types.ts";
import { packageFiles } from "./packageFiles.ts";

function debianInstaller(architecture: Architecture): Recipe {
  const name = `debian-installer-12-netboot-${architecture}`;
  const inside = (flavour: string, file: string) => `${flavour}/debian-installer/${architecture}/${file}`;
  return packageFiles({
    id: `debian-installer-${architecture}`,
    summary: `Debian's installer for ${architecture}, text and graphical`,
    package: name,
    folder: `usr/lib/debian-installer/images/12/${architecture}`,
    files: {
      vmlinuz: inside("text", "linux"),
      "initrd-text.gz": inside("text", "initrd.gz"),
      "initrd-gtk.gz": inside("gtk", "initrd.gz"),
    },
    source: "recipes/debianInstaller.ts",
  });
}

export const debianInstallerAmd64 = debianInstaller("amd64");
export const debianInstallerI386 = debianInstaller("i386");
