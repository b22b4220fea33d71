/** The guest of the boot benchmark: Debian's cloud kernel, to the shell of its initramfs. */
import { join } from "node:path";
import { buildImages } from "../images/build.ts";
import { DEFAULT_GUEST, findGuest, type Guest } from "../images/guests.ts";

export const boot: Guest = findGuest(DEFAULT_GUEST) as Guest;
/** What busybox's shell writes on the serial line when it waits for a command. */
export const PROMPT = "~ # ";

export interface BootFiles {
  kernel: string;
  initrd: string;
  bios: string;
  vgaBios: string;
}

/** Paths of the guest's files, built if need be. Throws an ImageError if they cannot be. */
export async function bootFiles(): Promise<BootFiles> {
  const onProgress = ({ message }: { message: string }) => process.stderr.write(`${message}\n`);
  const { outDir, failed } = await buildImages([boot.id], { onProgress });
  if (failed[0]) throw failed[0].error;
  const path = (file: keyof BootFiles) => join(outDir, boot.files[file] as string);
  return { kernel: path("kernel"), initrd: path("initrd"), bios: path("bios"), vgaBios: path("vgaBios") };
}
