import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { bootFloppy } from "./fixtures/bootSector.ts";
import { startImageServer } from "./fixtures/imageServer.ts";

/** In the page: what goes to the loudspeaker goes to `globalThis.analyser` too. */
function listenIn(): void {
  const prototype = AudioNode.prototype as { connect(this: AudioNode, target: AudioNode): AudioNode };
  const { connect } = prototype;
  prototype.connect = function (target) {
    if (target instanceof AudioDestinationNode) {
      const analyser = new AnalyserNode(this.context, { fftSize: 8192 });
      connect.call(this, analyser);
      Object.assign(globalThis, { analyser });
    }
    return connect.call(this, target);
  };
}

/** Loudness of what is heard and its strongest frequency in Hz. */
function hear(): { loudest: number; hz: number } {
  const { analyser } = globalThis as unknown as { analyser?: AnalyserNode };
  if (!analyser) return { loudest: 0, hz: 0 };
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const spectrum = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(spectrum);
  const strongest = spectrum.indexOf(Math.max(...spectrum));
  return {
    loudest: samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
    hz: (strongest * analyser.context.sampleRate) / analyser.fftSize,
  };
}

test("a guest is heard, its printout saved, its panic told", async ({ page }) => {
  const server = await startImageServer("noises.img", bootFloppy("noises"));
  try {
    await page.addInitScript(listenIn);
    await page.goto(`?fda=${server.url}`);
    const mute = page.getByRole("button", { name: "Mute" });
    await expect(mute).toBeVisible();
    await expect(mute).toHaveAttribute("aria-pressed", "false");
    // No page may sound before it was touched.
    await page.locator("screen-view .room").click();
    await expect.poll(async () => (await page.evaluate(hear)).loudest).toBeGreaterThan(0.05);
    await expect.poll(async () => Math.abs((await page.evaluate(hear)).hz - 1000)).toBeLessThan(20);
    await page.evaluate(() => document.exitPointerLock());
    await mute.click();
    await expect(mute).toHaveAttribute("aria-pressed", "true");
    await expect.poll(async () => (await page.evaluate(hear)).loudest).toBeLessThan(0.001);

    await expect(page.locator("page-notice", { hasText: "panicked" })).toBeVisible();
    const printed = page.locator("page-notice", { hasText: "Printed: 6 bytes" });
    await expect(printed).toBeVisible();
    await page.screenshot({ path: test.info().outputPath("notices.png") });
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save" }).click();
    expect(readFileSync(await (await download).path(), "latin1")).toBe("Hello\n");
    await expect(printed).toBeHidden();
    await page.getByRole("button", { name: "Hide this note" }).click();
    await expect(page.locator("page-notice", { hasText: "panicked" })).toBeHidden();
  } finally {
    server.close();
  }
});
