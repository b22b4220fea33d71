/** Kernels of the catalogue with the modules for their drives. */
import { join } from "node:path";
import { buildImages } from "../../images/build.ts";
import { findGuest, type Guest } from "../../images/guests.ts";
import { ARCH_GUESTS, MissingError, shellFiles } from "../suite/guestImage.ts";
import type { DiskFiles } from "./disks.ts";
import type { DiskProgram } from "./programs.ts";

/** @throws MissingError if a package cannot be had. */
export async function diskFiles({ arch, modules }: DiskProgram): Promise<DiskFiles> {
  const { kernel, initrd, bios, vgaBios } = await shellFiles(findGuest(ARCH_GUESTS[arch]) as Guest);
  const { outDir, failed } = await buildImages([modules]);
  if (failed[0]) throw new MissingError(failed[0].error.message);
  return { kernel, initrds: [initrd, join(outDir, modules, "modules.gz")], bios, vgaBios };
}
