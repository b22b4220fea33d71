/** QEMU's translator (TCG). */
import { spawnSync } from "node:child_process";
import { SHARE_TAG } from "../../disks/programs.ts";
import type { Contender, RunningGuest } from "../contender.ts";
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
  start,
  startFiles: start,
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

async function start(files: BootFiles): Promise<RunningGuest> {
  const guest = launch(files);
  return { port: guest.port, figures: async () => guest.memory(files.memoryMib), stop: () => guest.stop() };
}

function launch(files: BootFiles): ProcessGuest {
  const { kernel, initrd, append, memoryMib } = files;
  const guest = ["-kernel", kernel, "-initrd", initrd, "-append", append, "-m", String(memoryMib)];
  return new ProcessGuest(PROGRAM, [...MACHINE, ...guest, ...diskOptions(files), ...shareOptions(files)]);
}

function diskOptions({ disk }: BootFiles): string[] {
  if (disk === undefined) return [];
  const drive = (kind: string) => ["-drive", `file=${disk.path},format=raw,snapshot=on,if=${kind}`];
  return disk.interface === "nvme"
    ? [...drive("none,id=disk"), "-device", "nvme,drive=disk,serial=1"]
    : drive(disk.interface);
}

function shareOptions({ share }: BootFiles): string[] {
  return share === undefined ? [] : ["-virtfs", `local,path=${share},mount_tag=${SHARE_TAG},security_model=none`];
}
