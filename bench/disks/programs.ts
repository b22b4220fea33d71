/** The drives that are measured, and how they are read. */
import type { Arch } from "../suite/guestImage.ts";

export interface DiskProgram {
  name: string;
  title: string;
  arch: Arch;
  interface: "virtio" | "nvme" | "ide" | "9p";
  /** Recipe with the kernel's modules for it; none where it is built in. */
  modules: string;
  /** What the shell does first. */
  prepare: string;
  /** What it reads. */
  path: string;
}

const CLOUD_MODULES = "drive-modules-cloud-amd64";

export const DISKS: readonly DiskProgram[] = [
  {
    ...{ name: "virtio-blk", title: "virtio-blk", arch: "amd64", interface: "virtio", modules: CLOUD_MODULES },
    ...{ prepare: "true", path: "/dev/vda" },
  },
  {
    ...{ name: "nvme", title: "NVMe", arch: "amd64", interface: "nvme", modules: CLOUD_MODULES },
    ...{ prepare: "true", path: "/dev/nvme0n1" },
  },
  {
    ...{ name: "ide", title: "IDE, bus master", arch: "amd64", interface: "ide", modules: CLOUD_MODULES },
    ...{ prepare: "true", path: "/dev/sda" },
  },
  {
    ...{ name: "9p", title: "virtio-9p", arch: "i386", interface: "9p", modules: "virtio-modules-686" },
    ...{ prepare: "mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 bench /mnt", path: "/mnt/medium" },
  },
];

export type ReadName = "direct" | "cached";

/** Past the page cache and through it; the cache is empty each time. */
export const READS: readonly { name: ReadName; title: string; flags: string }[] = [
  { name: "direct", title: "direct", flags: "iflag=direct" },
  { name: "cached", title: "through the page cache", flags: "" },
];

/** By which guests mount the share. */
export const SHARE_TAG = "bench";
