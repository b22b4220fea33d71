// Bare-metal kernels: what they print, and how they end. The expectations were checked against QEMU (checkWithQemu.ts).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ExitReason } from "../../assembly/shared/exitReason.ts";
import { ENGINE_MODES } from "../support/engine.ts";
import { KERNELS, runKernel } from "./metal.ts";

/** What a kernel writes to port 0xf4 when it came to its end. */
const PASSED = 0x10;
/** This one ends in shutdown. */
const TRIPLE_FAULT = "triple";

describe.each(ENGINE_MODES)("%s", (mode) => {
  it.each(KERNELS)("%s", async (name) => {
    const wanted = readFileSync(new URL(`./expected/${name}.txt`, import.meta.url), "latin1").replace(/^~/gm, "");
    const { text, status, reason } = await runKernel(name, mode);
    expect(text).toBe(wanted);
    if (name === TRIPLE_FAULT) expect(reason).toBe(ExitReason.SHUTDOWN);
    else expect(status).toBe(PASSED);
  });
});
