import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeExt4 } from "../ext4.ts";
import { initramfsEntries } from "../initramfs.ts";
import type { Recipe } from "../types.ts";
import { findBusybox } from "./linux.ts";

const SIZE = "24M";

/** The initramfs of the Linux guests as a disk: `init=/init` runs from it. The kernel makes the device nodes. */
export const busyboxExt4: Recipe = {
  id: "busybox-ext4",
  summary: "an ext4 root file system with busybox, for disks without a partition table",
  packages: [{ name: "busybox-static", architecture: "amd64" }],
  sources: ["recipes/busyboxExt4.ts", "recipes/linux.ts", "initramfs.ts", "busybox.ts", "ext4.ts", "rootfs"],
  build: async ([busybox], { workDir }) => {
    const [tree, image] = [join(workDir, "tree"), join(workDir, "root.ext4")];
    writeTree(tree, findBusybox(busybox!));
    makeExt4({ tree, image, size: SIZE });
    return new Map([["root.ext4", { path: image }]]);
  },
};

function writeTree(tree: string, busybox: Uint8Array): void {
  mkdirSync(tree);
  for (const entry of initramfsEntries(busybox)) {
    const path = join(tree, entry.path);
    if (entry.type === "directory") mkdirSync(path, { mode: entry.mode ?? 0o755 });
    else if (entry.type === "symlink") symlinkSync(entry.target, path);
    else if (entry.type === "file") writeFileSync(path, entry.data, { mode: entry.mode ?? 0o644 });
  }
}
