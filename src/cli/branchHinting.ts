/**
 * Branch hints in translated code (assembly/jit/branchHints.ts): V8 heeds them by itself from version 13.7 on, before that only when told
 * to. They are a matter of speed alone. The setting is one of the whole process, for modules compiled from then on.
 */
import { setFlagsFromString } from "node:v8";

/** V8 versions, as major * 100 + minor, that know the flag: from the one of Node 20 to the last before it became the default. */
const FIRST = 1103;
const LAST = 1306;

export function enableBranchHinting(version = process.versions.v8): void {
  if (needsFlag(version)) setFlagsFromString("--experimental-wasm-branch-hinting");
}

export function needsFlag(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const number = major * 100 + minor;
  return number >= FIRST && number <= LAST;
}
