/** Boot tests in a real browser: Debian's Chromium where it is, else the one that `npx playwright install chromium` brings. */
import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const DEBIAN_CHROMIUM = "/usr/bin/chromium";
const PORT = Number(process.env.TABVISOR_E2E_PORT ?? 5199);

/** Whole systems, which take minutes to boot and wait patiently. */
const SYSTEMS = ["**/debian.spec.ts", "**/desktop.spec.ts", "**/installer.spec.ts"];

const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // An interpreter boot takes up to 40 s on two loaded cores.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  reporter: [["list"]],
  projects: [
    // One at a time: what they do with keys, mice and time depends on how fast their machines are.
    { name: "page", testIgnore: SYSTEMS, workers: 1 },
    // Beside those, and side by side when those are done: each machine keeps little more than one processor busy.
    { name: "systems", testMatch: SYSTEMS, fullyParallel: true },
  ],
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
