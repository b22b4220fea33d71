/** v86 (npm package `v86`), in a Node process of its own: guests of 32 bits only. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundled } from "../bundle.ts";
import type { Contender } from "../contender.ts";
import type { BootFiles } from "../guestImage.ts";
import { ProcessGuest } from "../processGuest.ts";
import { promptTime } from "../prompt.ts";

const PROGRAM = "v86Guest.ts";
const WASM = fileURLToPath(new URL("../../../node_modules/v86/build/v86.wasm", import.meta.url));

export const v86: Contender = {
  id: "v86",
  title: "v86",
  arches: ["i386"],
  missing: () => (existsSync(WASM) ? undefined : "the npm package v86 is not installed (npm ci)"),
  start: async (image) => (await launch(image)).running(image.memoryMib),
  boot: async (files) => {
    await bundled(PROGRAM);
    const started = performance.now();
    const guest = await launch(files);
    try {
      const seconds = ((await promptTime(guest.port)) - started) / 1000;
      return { seconds, ...guest.memory(files.memoryMib) };
    } finally {
      await guest.stop();
    }
  },
};

async function launch(files: BootFiles): Promise<ProcessGuest> {
  return new ProcessGuest(process.execPath, [await bundled(PROGRAM), WASM, JSON.stringify(files)]);
}
