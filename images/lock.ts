/** One build at a time: `npm start` and a test run may both find the cache empty. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 200;

/** Runs `work` while this process holds the lock file; `onWait` is called once if another process has it. */
export async function withLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  for (let tries = 0; !tryLock(path); tries++) {
    if (tries === 0) onWait();
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (ownerIsAlive(path)) return false;
    rmSync(path, { force: true });
    return tryLock(path);
  }
}

/** An empty file is one that its owner is just writing. */
function ownerIsAlive(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    if (pid !== 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else. ENOENT: it has just let go.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
