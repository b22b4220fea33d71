/** A CD that boots the 686 kernel and our initramfs with ISOLINUX. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../run.ts";
import { ImageError, type Recipe, type UnpackedPackage } from "../types.ts";
import { I686_KERNEL } from "./kernels.ts";
import { kernelAndInitramfs, LINUX_SOURCES } from "./linux.ts";
import { readPackageFile } from "./packageFiles.ts";

const ISOLINUX = "usr/lib/ISOLINUX";
const MODULES = "usr/lib/syslinux/modules/bios";
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
const CONFIGURATION = `serial 0 115200
prompt 1
timeout 20
default linux
label linux
  kernel /vmlinuz
  append initrd=/initrd.gz console=tty0 console=ttyS0,115200
`;
/** genisoimage(1): an El Torito boot image without emulation, into which the place of itself is written. */
const BOOT_OPTIONS = [
  ...["-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat"],
  ...["-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"],
];

export const isolinux686: Recipe = {
  id: "isolinux-686",
  summary: "a CD with ISOLINUX, Debian's 686 kernel and a busybox initramfs",
  packages: [
    { ...I686_KERNEL, folder: "boot" },
    { name: "busybox-static", architecture: "i386" },
    { name: "isolinux", architecture: "amd64", folder: ISOLINUX },
    { name: "syslinux-common", architecture: "amd64", folder: MODULES },
    { name: "genisoimage", architecture: "amd64", folder: "usr/bin" },
    { name: "libmagic1", architecture: "amd64", folder: LIBRARIES },
  ],
  sources: ["recipes/isolinux686.ts", ...LINUX_SOURCES],
  build: async ([kernel, busybox, isolinux, syslinux, genisoimage, libmagic]) => {
    const linux = kernelAndInitramfs(kernel!, busybox!);
    const files = new Map([
      ["vmlinuz", linux.get("vmlinuz")!],
      ["initrd.gz", linux.get("initrd.gz")!],
      ["isolinux/isolinux.bin", readPackageFile(isolinux!, `${ISOLINUX}/isolinux.bin`)],
      ["isolinux/ldlinux.c32", readPackageFile(syslinux!, `${MODULES}/ldlinux.c32`)],
      ["isolinux/isolinux.cfg", new TextEncoder().encode(CONFIGURATION)],
    ]);
    return new Map([["cdrom.iso", await makeIso(files, genisoimage!, libmagic!)]]);
  },
};

/** The program comes from its package, unpacked; so does the only library of it that a Debian system may lack. */
async function makeIso(
  files: ReadonlyMap<string, Uint8Array>,
  genisoimage: UnpackedPackage,
  libmagic: UnpackedPackage,
): Promise<Uint8Array> {
  const work = mkdtempSync(join(tmpdir(), "tabvisor-iso-"));
  try {
    for (const [name, data] of files) {
      mkdirSync(dirname(join(work, "tree", name)), { recursive: true });
      writeFileSync(join(work, "tree", name), data);
    }
    const output = join(work, "cdrom.iso");
    const args = ["-quiet", "-R", "-V", "TABVISOR", "-o", output, ...BOOT_OPTIONS, join(work, "tree")];
    const env = { ...process.env, LD_LIBRARY_PATH: join(libmagic.root, LIBRARIES) };
    const { code, stderr } = await run(join(genisoimage.root, "usr/bin/genisoimage"), args, { env });
    if (code !== 0) throw new ImageError(`genisoimage failed: ${stderr.trim().split("\n").at(-1)}`, ["genisoimage"]);
    return readFileSync(output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
