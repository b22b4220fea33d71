/** Runs the real command line as a child process. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { filesOf, findGuest } from "../../images/guests.ts";
import { IMAGES } from "../support/images.ts";

const ROOT = join(import.meta.dirname, "../..");

/** For {@link buildTabvisor} where the engine has to be compiled. */
export const BUILD_LIMIT_MS = 180_000;

/** Options for a run that ends by itself, on a host that does other things at the same time. */
export const LIMIT = ["--timeout", "600"];
/** For tests of a run or two: the run's own limit comes first, so that it can say what it waited for. */
export const TEST_LIMIT_MS = 1_220_000;

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Makes dist/cli.js what the sources are; quick if it is already. */
export function buildTabvisor(): void {
  execFileSync(process.execPath, [join(ROOT, "tools/build.mjs"), "cli"], { stdio: ["ignore", "ignore", "inherit"] });
}

/** @param input what is piped in; the pipe is closed behind it. */
export function tabvisor(args: readonly string[], input = ""): Promise<Outcome> {
  return watch(start(args, input));
}

/** Calls `act` with the process as soon as its output matches: to kill it, or to take away what it works on. */
export function tabvisorUntil(
  args: readonly string[],
  pattern: RegExp,
  act: (child: ChildProcess) => void,
): Promise<Outcome> {
  const child = start(args, "");
  let output = "";
  child.stdout.on("data", (text: string) => {
    const matched = pattern.test(output);
    output += text;
    if (!matched && pattern.test(output)) act(child);
  });
  return watch(child);
}

function start(args: readonly string[], input: string): ChildProcessWithoutNullStreams {
  const child = spawn(join(ROOT, "bin/tabvisor.mjs"), args);
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  // A child that has ended already takes no input.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return child;
}

function watch(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const outcome = { stdout: "", stderr: "" };
    child.stdout.on("data", (text: string) => (outcome.stdout += text));
    child.stderr.on("data", (text: string) => (outcome.stderr += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ ...outcome, status, seconds: (performance.now() - started) / 1000 }));
  });
}

/** The file of a guest, as a path. */
export function guestFile(guest: string, kind: "kernel" | "initrd" | "bios" | "vgaBios"): string {
  return join(IMAGES, filesOf(findGuest(guest))[kind] ?? "");
}

/** `tabvisor run` options that boot a Linux guest. */
export function linuxArgs(guest: string): string[] {
  const { append = "", memoryMib = 0 } = findGuest(guest) ?? {};
  const files = ["--kernel", guestFile(guest, "kernel"), "--initrd", guestFile(guest, "initrd")];
  return ["run", "--memory", String(memoryMib), ...files, "--append", append];
}
