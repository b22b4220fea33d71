/** QEMU's translator (TCG). */
import { spawnSync } from "node:child_process";
import type { Contender } from "../contender.ts";
import type { BootFiles } from "../guestImage.ts";
import { ProcessGuest } from "../processGuest.ts";
import { promptTime } from "../prompt.ts";

const PROGRAM = "qemu-system-x86_64";
const MACHINE = [
  "-accel",
  "tcg",
  "-display",
  "none",
  "-monitor",
  "none",
  "-no-reboot",
  "-nic",
  "none",
  "-serial",
  "stdio",
];

/** What QEMU calls itself, or null where there is none. */
export function qemuVersion(): string | null {
  const { status, stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  return status === 0 ? (/version (\S+)/.exec(stdout)?.[1]?.replace(/^/, "QEMU ") ?? "QEMU") : null;
}

export const qemu: Contender = {
  id: "qemu",
  title: "QEMU TCG",
  arches: ["amd64", "i386"],
  missing: () => (qemuVersion() === null ? `${PROGRAM} is not installed (Debian's qemu-system-x86)` : undefined),
  start: async (image) => {
    const guest = launch(image);
    return { port: guest.port, figures: async () => guest.memory(image.memoryMib), stop: () => guest.stop() };
  },
  boot: async (files) => {
    const started = performance.now();
    const guest = launch(files);
    try {
      const seconds = ((await promptTime(guest.port)) - started) / 1000;
      return { seconds, ...guest.memory(files.memoryMib) };
    } finally {
      await guest.stop(); // at SIGTERM QEMU has something to say
    }
  },
};

function launch({ kernel, initrd, append, memoryMib }: BootFiles): ProcessGuest {
  const guest = ["-kernel", kernel, "-initrd", initrd, "-append", append, "-m", String(memoryMib)];
  return new ProcessGuest(PROGRAM, [...MACHINE, ...guest]);
}
