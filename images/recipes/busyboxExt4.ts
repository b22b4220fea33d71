import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initramfsEntries } from "../initramfs.ts";
import { ImageError, type Recipe } from "../types.ts";
import { findBusybox } from "./linux.ts";

const SIZE = "24M";
/** Debian has it in a folder that users do not search. */
const MKE2FS = ["/usr/sbin/mke2fs", "/sbin/mke2fs"];

/** The initramfs of the Linux guests as a disk: `init=/init` runs from it. The kernel makes the device nodes. */
export const busyboxExt4: Recipe = {
  id: "busybox-ext4",
  summary: "an ext4 root file system with busybox, for disks without a partition table",
  packages: [{ name: "busybox-static", architecture: "amd64" }],
  sources: ["recipes/busyboxExt4.ts", "recipes/linux.ts", "initramfs.ts", "busybox.ts", "rootfs"],
  build: async ([busybox]) => new Map([["root.ext4", makeExt4(findBusybox(busybox!))]]),
};

function makeExt4(busybox: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-ext4-"));
  try {
    const [tree, image] = [join(folder, "tree"), join(folder, "root.ext4")];
    mkdirSync(tree);
    for (const entry of initramfsEntries(busybox)) {
      const path = join(tree, entry.path);
      if (entry.type === "directory") mkdirSync(path, { mode: entry.mode ?? 0o755 });
      else if (entry.type === "symlink") symlinkSync(entry.target, path);
      else if (entry.type === "file") writeFileSync(path, entry.data, { mode: entry.mode ?? 0o644 });
    }
    runMke2fs(["-q", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", tree, image, SIZE]);
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runMke2fs(args: readonly string[]): void {
  const program = MKE2FS.find((path) => existsSync(path));
  if (program === undefined) throw new ImageError("mke2fs is missing: install the package e2fsprogs", ["e2fsprogs"]);
  execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
}
