import { linuxRecipe } from "./linux.ts";

/** NVMe and ext4 are built in, everything virtio is a module: the smallest and fastest 64-bit kernel of the archive. */
export const linuxCloudAmd64 = linuxRecipe({
  id: "linux-cloud-amd64",
  summary: "Debian's 64-bit kernel for virtual machines, with a busybox initramfs",
  kernel: "linux-image-cloud-amd64",
  real: /^linux-image-\d\S*-cloud-amd64$/,
  architecture: "amd64",
  source: "recipes/linuxCloudAmd64.ts",
});
