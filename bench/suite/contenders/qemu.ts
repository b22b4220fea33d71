/** QEMU's translator (TCG). */
import type { Contender, RunningGuest } from "../contender.ts";
import type { BootFiles } from "../guestImage.ts";
import { promptTime } from "../prompt.ts";
import { launchQemu, QEMU, qemuVersion } from "../qemuProcess.ts";

export const qemu: Contender = {
  id: "qemu",
  title: "QEMU TCG",
  arches: ["amd64", "i386"],
  missing: () => (qemuVersion() === null ? `${QEMU} is not installed (Debian's qemu-system-x86)` : undefined),
  start,
  startFiles: start,
  boot: async (files) => {
    const started = performance.now();
    const guest = launchQemu(files, "serial");
    try {
      const seconds = ((await promptTime(guest.port)) - started) / 1000;
      return { seconds, ...guest.memory(files.memoryMib) };
    } finally {
      await guest.stop(); // at SIGTERM QEMU has something to say
    }
  },
};

async function start(files: BootFiles): Promise<RunningGuest> {
  return launchQemu(files, "serial").running(files.memoryMib);
}
