/** A CD that boots a Linux kernel with ISOLINUX. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readPackageFile } from "./recipes/packageFiles.ts";
import { run } from "./run.ts";
import { ImageError, type PackageWanted, type UnpackedPackage } from "./types.ts";

const ISOLINUX = "usr/lib/ISOLINUX";
const MODULES = "usr/lib/syslinux/modules/bios";
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
/** genisoimage(1): an El Torito boot image without emulation, into which the place of itself is written. */
const BOOT_OPTIONS = [
  ...["-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat"],
  ...["-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"],
];

/** What a recipe wants beside its own packages, for {@link makeIsolinuxCd}. */
export const ISOLINUX_PACKAGES: readonly PackageWanted[] = [
  { name: "isolinux", architecture: "amd64", folder: ISOLINUX },
  { name: "syslinux-common", architecture: "amd64", folder: MODULES },
  { name: "genisoimage", architecture: "amd64", folder: "usr/bin" },
  { name: "libmagic1", architecture: "amd64", folder: LIBRARIES },
];

export interface IsolinuxCd {
  kernel: Uint8Array;
  initrd: Uint8Array;
  /** Kernel command line. */
  append: string;
}

/** @param packages {@link ISOLINUX_PACKAGES}, unpacked */
export async function makeIsolinuxCd(
  { kernel, initrd, append }: IsolinuxCd,
  packages: readonly UnpackedPackage[],
): Promise<Uint8Array> {
  const [isolinux, syslinux, genisoimage, libmagic] = packages;
  const files = new Map([
    ["vmlinuz", kernel],
    ["initrd.gz", initrd],
    ["isolinux/isolinux.bin", readPackageFile(isolinux!, `${ISOLINUX}/isolinux.bin`)],
    ["isolinux/ldlinux.c32", readPackageFile(syslinux!, `${MODULES}/ldlinux.c32`)],
    ["isolinux/isolinux.cfg", new TextEncoder().encode(configuration(append))],
  ]);
  return makeIso(files, genisoimage!, libmagic!);
}

function configuration(append: string): string {
  return `serial 0 115200
prompt 1
timeout 20
default linux
label linux
  kernel /vmlinuz
  append initrd=/initrd.gz ${append}
`;
}

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
