/** The same guests in QEMU's translator, for comparison. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot, PROMPT } from "./bootGuest.ts";

const PROGRAM = "qemu-system-x86_64";
const MACHINE = ["-accel", "tcg", "-m", String(boot.memoryMib), "-display", "none", "-monitor", "none", "-no-reboot"];
const TIMEOUT_MS = 120_000;

/** What QEMU calls itself, or null where there is none. */
export function qemuVersion(): string | null {
  const { status, stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  return status === 0 ? (/version (\S+)/.exec(stdout)?.[1]?.replace(/^/, "QEMU ") ?? "QEMU") : null;
}

/** Runs a multiboot kernel to its debug exit. */
export async function runImage(image: Uint8Array): Promise<{ seconds: number; status: number }> {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-bench-"));
  try {
    const kernel = join(folder, "kernel");
    writeFileSync(kernel, image);
    const device = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"];
    const started = performance.now();
    const child = start(["-kernel", kernel, "-nodefaults", "-serial", "none", ...device]);
    const status = await ended(child);
    return { seconds: (performance.now() - started) / 1000, status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Boots the cloud kernel; gives the seconds until its prompt. */
export async function bootSeconds(files: { kernel: string; initrd: string }): Promise<number> {
  const started = performance.now();
  const child = start([
    ...["-kernel", files.kernel, "-initrd", files.initrd, "-append", boot.append],
    ...["-nic", "none", "-serial", "stdio"],
  ]);
  let text = "";
  let seconds: number | undefined;
  child.stdout?.setEncoding("latin1").on("data", (piece: string) => {
    text = (text + piece).slice(-4096);
    if (seconds !== undefined || !text.includes(PROMPT)) return;
    seconds = (performance.now() - started) / 1000;
    child.kill("SIGKILL"); // at SIGTERM QEMU has something to say
  });
  await ended(child);
  if (seconds === undefined) throw new Error("QEMU ended before the prompt came");
  return seconds;
}

function start(args: readonly string[]): ChildProcess {
  return spawn(PROGRAM, [...MACHINE, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** The exit status; 0 when it was ended from here. */
function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, TIMEOUT_MS);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(timer);
      if (late) reject(new Error(`QEMU has not come to an end in ${TIMEOUT_MS / 1000} s`));
      else resolve(status ?? 0);
    });
  });
}
