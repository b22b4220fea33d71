/** A lock file beside a file that is written to, which keeps a second machine out. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { StorageError } from "../bus/blockBackend.ts";
import { fileError } from "./nodeErrors.ts";

/** Of this process: a number may be that of a process long gone, above all in containers. */
const heldLocks = new Set<string>();
/** Who may not write to the folder has to do without: locks are for those who know of them. */
const NO_PLACE: ReadonlySet<string | undefined> = new Set(["EACCES", "EPERM", "EROFS"]);

/**
 * Returns how to let go. The lock file holds the number of the process that has it; one that was killed leaves it behind, and it counts
 * for nothing. Throws a StorageError if another machine has the file.
 */
export function lockFile(path: string): () => void {
  const lock = `${resolve(path)}.lock`;
  for (const isRetry of [false, true]) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: "wx" });
      break;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (NO_PLACE.has(code)) return () => {};
      if (code !== "EEXIST") throw fileError(path, error);
      const owner = ownerOf(lock);
      const isHeld = owner === process.pid ? heldLocks.has(lock) : owner !== undefined && isAlive(owner);
      if (isRetry || isHeld)
        throw new StorageError(`${path} is in use by process ${owner ?? "unknown"}; ${lock} says so`);
      rmSync(lock, { force: true });
    }
  }
  heldLocks.add(lock);
  return () => {
    heldLocks.delete(lock);
    rmSync(lock, { force: true });
  };
}

function ownerOf(lock: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(lock, "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
