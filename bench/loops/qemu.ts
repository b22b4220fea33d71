/** The loops in QEMU's translator, for comparison. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QEMU, QEMU_MACHINE } from "../suite/qemuProcess.ts";

const OPTIONS = [...QEMU_MACHINE, "-nodefaults", "-m", "64"];
const TIMEOUT_MS = 120_000;

/** Runs a multiboot kernel to its debug exit. */
export async function runImage(image: Uint8Array): Promise<{ seconds: number; status: number }> {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-bench-"));
  try {
    const kernel = join(folder, "kernel");
    writeFileSync(kernel, image);
    const device = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"];
    const started = performance.now();
    const child = start(["-kernel", kernel, ...device]);
    const status = await ended(child);
    return { seconds: (performance.now() - started) / 1000, status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(args: readonly string[]): ChildProcess {
  return spawn(QEMU, [...OPTIONS, ...args], { stdio: ["ignore", "ignore", "inherit"] });
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
