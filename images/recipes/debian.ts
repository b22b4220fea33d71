/** Debian on a disk: systemd to a login, with Python and a C compiler. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { installGrub, PARTITION_OFFSET_BYTES } from "../bootDisk.ts";
import { BASE_PACKAGES, DESKTOP_FILES, DESKTOP_PACKAGES, makeTree } from "../debianSystem.ts";
import { buildDiskInitramfs } from "../diskInitramfs.ts";
import { makeExt4 } from "../ext4.ts";
import { ISOLINUX_PACKAGES, makeIsolinuxCd } from "../isolinuxCd.ts";
import { runSecondStage } from "../secondStage.ts";
import type { Output, Recipe } from "../types.ts";
import { AMD64_KERNEL, CLOUD_AMD64_KERNEL, I686_KERNEL } from "./kernels.ts";
import { findBusybox, readKernel } from "./linux.ts";

const SOURCES = [
  ...["recipes/debian.ts", "recipes/linux.ts", "debian", "debianSystem.ts", "debianTree.ts", "tar.ts", "ext4.ts"],
  ...["secondStage.ts", "diskInitramfs.ts", "initramfs.ts", "busybox.ts", "cpio.ts", "kernelModules.ts", "bootDisk.ts"],
  ...["isolinuxCd.ts", "recipes/packageFiles.ts", "recipes/kernels.ts"],
];
/** Of the file systems; the images are sparse files. */
const AMD64_SIZE = "1536M";
const I386_SIZE = "1G";
/** Drivers that the distribution's kernels have as modules; `crc32c_generic` is what ext4 asks the crypto layer for by name. */
const IDE_MODULES = ["ata_piix", "sd_mod", "crc32c_generic", "ext4"];
const VIRTIO_MODULES = ["virtio_pci", "virtio_blk"];

/**
 * Xorg's vesa driver calls the VGA BIOS, which lives on INT 10h services that the firmware sets up: so the firmware boots this one.
 * Without `nomodeset` the kernel's own driver would take the screen.
 */
const VESA_APPEND = "root=/dev/sda rw nomodeset console=tty0 console=ttyS0,115200 systemd.wants=desktop.service";

/** One file system without a partition table for the amd64 kernel on IDE and the cloud kernel on virtio-blk and NVMe. */
export const debianAmd64: Recipe = {
  id: "debian-amd64",
  summary: "Debian 12 with systemd, Python, gcc and a desktop, 64-bit, with two kernels",
  packages: [CLOUD_AMD64_KERNEL, AMD64_KERNEL, { name: "busybox-static", architecture: "amd64" }, ...ISOLINUX_PACKAGES],
  sets: [{ architecture: "amd64", names: [...BASE_PACKAGES, ...DESKTOP_PACKAGES] }],
  sources: SOURCES,
  build: async ([cloud, generic, busyboxPackage, ...isolinux], { sets, workDir, progress }) => {
    const image = join(workDir, "root.ext4");
    const kernel = join(workDir, "vmlinuz-cloud");
    const busybox = findBusybox(busyboxPackage!);
    writeFileSync(kernel, readKernel(cloud!));
    progress("unpacking");
    const tree = await makeTree(join(workDir, "tree"), sets[0]!, [cloud!, generic!], DESKTOP_FILES);
    makeExt4({ tree: tree.root, image, size: AMD64_SIZE, owners: tree.owners });
    const stage = { kernel, image, root: "/dev/nvme0n1", packages: tree.packages.length };
    await runSecondStage(stage, progress);
    const ide = { kernel: readKernel(generic!), initrd: buildDiskInitramfs(busybox, generic!, IDE_MODULES) };
    return new Map<string, Output>([
      ["root.ext4", { path: image }],
      ["vmlinuz-cloud", { path: kernel }],
      ["vmlinuz", ide.kernel],
      ["initrd-virtio.gz", buildDiskInitramfs(busybox, cloud!, VIRTIO_MODULES)],
      ["initrd-ide.gz", ide.initrd],
      ["vesa.iso", await makeIsolinuxCd({ ...ide, append: VESA_APPEND }, isolinux)],
    ]);
  },
};

const GRUB_CONFIGURATION = `serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=1
menuentry "Debian 12" {
  linux /boot/vmlinuz root=/dev/sda1 console=tty0 console=ttyS0,115200
  initrd /boot/initrd.gz
}
`;

/** A whole disk with GRUB, which a BIOS boots; kernel and RAM disk are given separately too. */
export const debianI386: Recipe = {
  id: "debian-i386",
  summary: "Debian 12 with systemd, Python and gcc, 32-bit, on a disk with GRUB",
  packages: [
    CLOUD_AMD64_KERNEL,
    I686_KERNEL,
    { name: "busybox-static", architecture: "i386" },
    { name: "grub-pc-bin", architecture: "amd64" },
    { name: "grub-common", architecture: "amd64", folder: "usr/bin" },
    { name: "libdevmapper1.02.1", architecture: "amd64" },
  ],
  sets: [{ architecture: "i386", names: BASE_PACKAGES }],
  sources: SOURCES,
  build: async ([cloud, generic, busybox, modules, tools, libdevmapper], { sets, workDir, progress }) => {
    const image = join(workDir, "disk.img");
    // The second stage runs on the kernel that needs no RAM disk; it runs 32-bit programs as well.
    const cloudKernel = join(workDir, "vmlinuz-cloud");
    writeFileSync(cloudKernel, readKernel(cloud!));
    const kernel = readKernel(generic!);
    const initrd = buildDiskInitramfs(findBusybox(busybox!), generic!, IDE_MODULES);
    progress("unpacking");
    const tree = await makeTree(join(workDir, "tree"), sets[0]!, [generic!], {
      "boot/vmlinuz": { data: kernel },
      "boot/initrd.gz": { data: initrd },
      "boot/grub/grub.cfg": { data: GRUB_CONFIGURATION },
    });
    const offsetBytes = PARTITION_OFFSET_BYTES;
    makeExt4({ tree: tree.root, image, size: I386_SIZE, offsetBytes, owners: tree.owners });
    const grub = { modules: modules!, tools: tools!, libdevmapper: libdevmapper! };
    await installGrub(image, grub, workDir);
    const stage = { kernel: cloudKernel, image, root: "/dev/nvme0n1p1", packages: tree.packages.length };
    await runSecondStage(stage, progress);
    return new Map<string, Output>([
      ["disk.img", { path: image }],
      ["vmlinuz", kernel],
      ["initrd.gz", initrd],
    ]);
  },
};
