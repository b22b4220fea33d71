/** QEMU's translator (TCG) as a process with a guest of the benchmarks. */
import { spawnSync } from "node:child_process";
import { SHARE_TAG } from "../disks/programs.ts";
import type { BootFiles } from "./guestImage.ts";
import { ProcessGuest } from "./processGuest.ts";

export const QEMU = "qemu-system-x86_64";
/** A PC without a network, and nothing of the host's but this process. */
export const QEMU_MACHINE = ["-accel", "tcg", "-display", "none", "-no-reboot", "-nic", "none"] as const;

/** What the process's input and output are: the guest's first serial line, or QEMU's own command line. */
export type QemuStdio = "serial" | "monitor";

/** What QEMU calls itself, or null where there is none. */
export function qemuVersion(): string | null {
  const { status, stdout } = spawnSync(QEMU, ["--version"], { encoding: "utf8" });
  return status === 0 ? (/version (\S+)/.exec(stdout)?.[1]?.replace(/^/, "QEMU ") ?? "QEMU") : null;
}

export function launchQemu(files: BootFiles, stdio: QemuStdio): ProcessGuest {
  const { kernel, initrd, append, memoryMib } = files;
  const lines = (["serial", "monitor"] as const).flatMap((line) => [`-${line}`, line === stdio ? "stdio" : "none"]);
  const guest = ["-kernel", kernel, "-initrd", initrd, "-append", append, "-m", String(memoryMib)];
  return new ProcessGuest(QEMU, [...QEMU_MACHINE, ...lines, ...guest, ...diskOptions(files), ...shareOptions(files)]);
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
