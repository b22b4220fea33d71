/** Lock files: `npm start` and a test run may both find the cache empty. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 200;
/** From here on a person wonders why nothing happens. */
const LONG_WAIT_MS = 2000;

/**
 * Runs `work` while nobody else has the lock file; `onWait` is called once if that takes long. A lock whose owner has been killed is
 * taken over.
 */
export async function withLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  for (let waitedMs = 0; !tryLock(path); waitedMs += POLL_MS) {
    if (waitedMs === LONG_WAIT_MS) onWait();
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** The file appears with its contents, so that none is ever seen, or left behind, without its owner. */
function tryLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, ownerOf(process.pid));
  if (placeAs(path, own)) return true;
  removeIfAbandoned(path);
  return false;
}

/** Gives the file `from` the name `path` unless something has it; `from` is gone then. */
function placeAs(path: string, from: string): boolean {
  try {
    linkSync(from, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(from);
  }
}

/** What a lock says of its owner: its number, and when it began, since numbers are used again. */
function ownerOf(pid: number): string {
  return `${pid} ${startTimeOf(pid)}`.trim();
}

/** In the kernel's ticks; nothing for a process that has ended, even if nobody has asked how, and where there is no /proc. */
function startTimeOf(pid: number): string {
  const text = readIfThere(`/proc/${pid}/stat`) ?? "";
  // proc(5): the second field, in parentheses, may contain anything. The third one is the state, the 22nd the time.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "" : (fields[19] ?? "");
}

function removeIfAbandoned(path: string): void {
  const owner = readIfThere(path);
  if (owner === undefined || isAlive(owner)) return;
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    // In between another process may have removed that lock and taken it.
    if (readIfThere(aside) === owner) rmSync(aside, { force: true });
    else placeAs(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function isAlive(owner: string): boolean {
  const [pid, startTime] = owner.split(" ");
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return startTime === undefined || startTime === startTimeOf(Number(pid));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
