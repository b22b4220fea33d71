/** What the Debian guests have in common: which packages, and what is set up in a system beside them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DebianTree } from "./debianTree.ts";
import { findModules, readModuleLists } from "./kernelModules.ts";
import type { PackageFile, UnpackedPackage } from "./types.ts";

/** The essential packages of Debian 12, which apt expects to be there, and what their scripts use. */
const ESSENTIAL = [
  ...["base-files", "base-passwd", "bash", "bsdutils", "coreutils", "dash", "debianutils", "diffutils", "dpkg"],
  ...["findutils", "grep", "gzip", "hostname", "init-system-helpers", "libc-bin", "login", "mount", "ncurses-base"],
  ...["ncurses-bin", "perl-base", "sed", "sysvinit-utils", "tar", "util-linux"],
  // The tree has its folders merged from the beginning, so the program that would merge them is not needed.
  ...["usr-is-merged", "passwd", "mawk", "debconf", "libpam-runtime", "libpam-modules"],
];

/** A system with systemd, on which programs are written and run. */
export const BASE_PACKAGES = [
  ...[...ESSENTIAL, "systemd-sysv", "systemd", "udev", "kmod", "dbus", "iproute2", "procps"],
  ...["python3", "gcc", "libc6-dev"],
];

/** A light desktop, which `debian/desktop.service` starts where it is asked for. */
export const DESKTOP_PACKAGES = [
  ...["xserver-xorg-core", "xserver-xorg-video-fbdev", "xserver-xorg-video-vesa", "xserver-xorg-input-libinput"],
  ...["xinit", "blackbox", "xterm", "xfonts-base", "x11-apps"],
  // Without its cache each program that draws text would read all fonts first.
  "fontconfig",
];

/** Modules for the devices of the machine, and what systemd and people ask for; each as far as a kernel has it. */
const MODULES = [
  ...["ata_piix", "sd_mod", "sr_mod", "floppy", "nvme", "ahci", "cdrom", "loop", "dm_mod"],
  ...["virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng", "virtio_balloon", "virtio_input"],
  ...["virtio_scsi", "virtio-gpu", "vmw_vsock_virtio_transport", "9p", "9pnet_virtio"],
  ...["e1000", "ne2k-pci", "ne", "8139cp", "pcnet32"],
  ...["bochs", "psmouse", "mousedev", "evdev", "serio_raw", "pcspkr", "parport_pc", "ppdev", "lp"],
  ...["uhci_hcd", "ehci_pci", "xhci_pci", "usbhid", "hid_generic", "usb_storage"],
  ...["snd_intel8x0", "snd_ens1371", "snd_hda_intel", "snd_hda_codec_generic", "snd_sb16", "snd_pcm_oss"],
  ...["i2c_piix4", "button", "pvpanic_pci", "pvpanic_mmio", "rtc_cmos"],
  ...["ext4", "crc32c_generic", "isofs", "vfat", "nls_ascii", "nls_cp437", "nls_utf8", "fuse", "overlay", "autofs4"],
  ...["configfs", "efivarfs", "binfmt_misc", "af_packet"],
];

/** On a host that has much else to do, a device or a service may take minutes. */
const PATIENCE = "[Manager]\nDefaultTimeoutStartSec=900\nDefaultDeviceTimeoutSec=900\n";

/**
 * Units that a boot does without: file systems for purposes that nobody has here, mounted by hand where somebody has, modules that are
 * loaded when they are used, and chores for systems that run for weeks. An empty file stands for a masked unit (systemd.unit(5)).
 */
const MASKED_UNITS = [
  ...["dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"],
  ...["sys-fs-fuse-connections.mount", "sys-kernel-config.mount", "modprobe@.service", "systemd-pstore.service"],
  ...["proc-sys-fs-binfmt_misc.automount", "systemd-binfmt.service"],
  ...["systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"],
  ...["dpkg-db-backup.timer", "fstrim.timer", "man-db.timer"],
];

const FOLDER = join(import.meta.dirname, "debian");

/** A file beside those of the packages. */
export interface TreeFile {
  data: Uint8Array | string;
  mode?: number;
}

/** Unpacks `packages`, and adds what a system of its own needs: names, modules of its kernels, the second stage. */
export async function makeTree(
  root: string,
  packages: readonly PackageFile[],
  kernels: readonly UnpackedPackage[],
  files: Readonly<Record<string, TreeFile>> = {},
): Promise<DebianTree> {
  const tree = new DebianTree(root);
  for (const file of packages) await tree.addPackage(file);
  for (const kernel of kernels) addModules(tree, kernel);
  for (const [path, { data, mode }] of Object.entries(files)) tree.addFile(path, data, mode);
  tree.addFile("etc/hostname", "debian\n");
  tree.addFile("etc/hosts", "127.0.0.1 localhost debian\n");
  tree.addFile("etc/fstab", "# The kernel is told which disk is the root.\n");
  tree.addFile("etc/systemd/system.conf.d/patience.conf", PATIENCE);
  for (const unit of MASKED_UNITS) tree.addFile(`etc/systemd/system/${unit}`, "");
  tree.addFile("second-stage/run", readFileSync(join(FOLDER, "second-stage")), 0o755);
  tree.addFile("second-stage/packages", `${tree.packages.join("\n")}\n`);
  tree.finish();
  return tree;
}

/** For a tree with {@link DESKTOP_PACKAGES}. */
export const DESKTOP_FILES: Readonly<Record<string, TreeFile>> = {
  "etc/systemd/system/desktop.service": { data: readFileSync(join(FOLDER, "desktop.service")) },
  "etc/X11/xorg.conf.d/desktop.conf": { data: readFileSync(join(FOLDER, "xorg.conf")) },
  "etc/X11/blackbox/blackbox-menu": { data: readFileSync(join(FOLDER, "blackbox-menu")) },
  "usr/local/bin/desktop-session": { data: readFileSync(join(FOLDER, "desktop-session")), mode: 0o755 },
};

function addModules(tree: DebianTree, kernel: UnpackedPackage): void {
  const modules = findModules(kernel, MODULES, { ifThere: true });
  for (const { path, data } of [...modules, ...readModuleLists(kernel)]) tree.addFile(`lib/modules/${path}`, data);
}
