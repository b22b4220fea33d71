/** Boot tests in a real browser: Debian's Chromium where it is, else the one that `npx playwright install chromium` brings. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "@playwright/test";

const DEBIAN_CHROMIUM = "/usr/bin/chromium";
const PORT = Number(process.env.TABVISOR_E2E_PORT ?? 5199);

/** Each has a browser with a machine or two of up to 1 GiB. */
const MOST_WORKERS = 4;

const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // An interpreter boot takes up to 40 s on two loaded cores.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  workers: Math.min(MOST_WORKERS, availableParallelism()),
  // By files; one whose tests take minutes says `mode: "parallel"`.
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  reporter: [["list"]],
  use: {
    baseURL: `http://localhost:${PORT}/`,
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    launchOptions: {
      ...(existsSync(DEBIAN_CHROMIUM) && { executablePath: DEBIAN_CHROMIUM }),
      args: [
        ...(isRoot ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  webServer: {
    command: `npx tsx tools/serve.ts --port ${PORT} --strict-port`,
    url: `http://localhost:${PORT}/index.html`,
    timeout: 120_000,
    stdout: "ignore",
    stderr: "pipe",
  },
});
