/**
 * What has to run in a system of packages before it is one: the packages' own scripts (`debian/second-stage`). They run in
 * Tabvisor itself, with the tree as its disk.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { run } from "./run.ts";
import { ImageError } from "./types.ts";

const ROOT = join(import.meta.dirname, "..");
const MEMORY_MIB = 1024;
/** A quiet machine takes three to five minutes; this one may have other things to do. */
const LIMIT_SECONDS = 3600;
/** How much of what the guest said last is shown if it fails. */
const LAST_LINES = 20;
/** Packages between two notes of progress. */
const NOTE_EVERY = 25;
const DONE = "second stage: done";
const KERNEL_OPTIONS = [
  "rw",
  // The guest waits for nothing to be on the medium; the file is whole when the program has ended.
  "rootflags=nobarrier",
  // Thousands of short processes run the same few programs: at the same addresses their code is translated once, and not each time.
  "norandmaps",
];

export interface SecondStage {
  /** A kernel with NVMe and ext4 built in; a 64-bit one runs 32-bit systems too. */
  kernel: string;
  /** An image with the tree; it is changed. */
  image: string;
  /** The tree's place in it, as Linux calls the device. */
  root: string;
  /** How many packages are to be configured. */
  packages: number;
}

/** @throws ImageError with the guest's last lines if it does not come to its end. */
export async function runSecondStage(stage: SecondStage, progress: (message: string) => void): Promise<void> {
  progress("building the machine that configures the packages");
  const built = await run(process.execPath, [join(ROOT, "tools/build.mjs"), "cli"]);
  if (built.code !== 0) throw new ImageError(`the machine cannot be built: ${built.stderr.trim()}`);
  let configured = 0;
  const lines = await boot(stage, (line) => {
    if (!line.startsWith("Setting up ")) return;
    if (configured++ % NOTE_EVERY === 0) progress(`configuring package ${configured} of ${stage.packages}`);
  });
  if (lines.some((line) => line.includes(DONE))) return;
  throw new ImageError(
    `the packages were not configured; the guest's last lines:\n${lines.slice(-LAST_LINES).join("\n")}`,
  );
}

/** All that the machine has said, by lines. */
function boot({ kernel, image, root }: SecondStage, onLine: (line: string) => void): Promise<string[]> {
  const append = `root=${root} ${KERNEL_OPTIONS.join(" ")} init=/second-stage/run console=ttyS0 quiet panic=-1`;
  const args = [
    ...["run", "--memory", String(MEMORY_MIB), "--kernel", kernel, "--append", append],
    ...["--drive", `file=${image},if=nvme,format=raw`, "--writable", "--timeout", String(LIMIT_SECONDS)],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(join(ROOT, "bin/tabvisor.mjs"), args, { stdio: ["ignore", "pipe", "pipe"] });
    const lines = [""];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        const [first, ...more] = text.replaceAll("\r", "").split("\n");
        lines.push(`${lines.pop()}${first}`, ...more);
        for (const line of lines.slice(-more.length - 1, -1)) onLine(line);
      });
    }
    child.on("error", reject);
    child.on("close", () => resolve(lines));
  });
}
