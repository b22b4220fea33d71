// FLUSH means that it is on the medium: a process that is killed in the middle of its writes has lost nothing that it flushed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Random } from "../support/random.ts";
import { openOverlay } from "./killedWriter.ts";
import { FIRST_STAMP, leastAfter, SECTOR_BYTES, stampsIn } from "./stampedWrites.ts";

const SIZE_BYTES = 40 * 0x1_0000 + 5 * SECTOR_BYTES;
const KILLS = 25;
const LONGEST_LIFE_MS = 120;

const folder = mkdtempSync(join(tmpdir(), "tabvisor-killed-"));
const program = join(folder, "writer.mjs");

beforeAll(async () => {
  const entry = join(import.meta.dirname, "killedWriter.ts");
  await build({ entryPoints: [entry], outfile: program, bundle: true, platform: "node", format: "esm" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lets the writer live for a while after its first flush; gives the number that it has said last. */
function runAndKill(overlay: string, seed: number, first: number, lifeMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, overlay, String(seed), String(SIZE_BYTES), String(first)]);
    let said = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (said === "") setTimeout(() => child.kill("SIGKILL"), lifeMs);
      said += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", reject);
    child.on("close", (_status, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the writer ended by itself: ${errors}`));
      // A line that was cut off was not said.
      resolve(Number(said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1)));
    });
  });
}

it(`keeps what was flushed when its process is killed, ${KILLS} times`, async () => {
  const random = new Random(11);
  const overlay = join(folder, "killed.tvo");
  let known: Uint32Array = new Uint32Array(SIZE_BYTES / SECTOR_BYTES).fill(FIRST_STAMP);
  let step = FIRST_STAMP + 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const seed = random.u32();
    const flushed = await runAndKill(overlay, seed, step, random.below(LONGEST_LIFE_MS));
    expect(flushed).toBeGreaterThan(step);
    const least = leastAfter(known, seed, step, flushed);
    const backend = await openOverlay(overlay, SIZE_BYTES);
    const bytes = new Uint8Array(SIZE_BYTES);
    await backend.read(0, bytes);
    await backend.close();
    const found = stampsIn(bytes);
    expect([...found.keys()].filter((sector) => found[sector] < least[sector])).toEqual([]);
    known = found;
    step = Math.max(flushed, ...found) + 1;
  }
});
