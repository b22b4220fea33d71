/** What boots a guest of the catalogue. */
import { filesOf, type Guest } from "../../images/guests.ts";
import type { BootSource } from "./vmConfig.ts";

type Booted = Pick<Guest, "files" | "append">;

/**
 * @param read gives a file of the catalogue whole.
 * @param append stands for the guest's own command line.
 */
export function guestBoot(guest: Booted, read: (path: string) => Uint8Array, append = guest.append ?? ""): BootSource {
  const { kernel, initrd, modules } = filesOf(guest);
  if (kernel === undefined) return { kind: "firmware" };
  return {
    kind: "kernel",
    kernel: read(kernel),
    append,
    ...(initrd !== undefined && { initrd: read(initrd) }),
    ...(modules && { modules: modules.map(({ file, commandLine }) => ({ data: read(file), commandLine })) }),
  };
}
