// The Debian packages that the tests use, and how they come onto this machine.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** `files`: any of them in PATH, or there if absolute, means that it is installed. */
export const PACKAGES = [
  {
    name: "chromium",
    why: "the browser of the Playwright tests",
    files: ["chromium"],
    otherwise: "npx playwright install chromium",
  },
  {
    name: "nasm",
    why: "it assembles the bare-metal kernels of tests/metal",
    files: ["nasm"],
  },
  {
    name: "e2fsprogs",
    why: "its mke2fs makes the file systems of guests that boot from disks",
    files: ["mke2fs", "/usr/sbin/mke2fs", "/sbin/mke2fs"],
  },
  {
    name: "fonts-dejavu-core",
    why: "a fixed-width font for the page's terminal",
    files: ["/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"],
    optional: true,
  },
];

/** Installs what is missing where that is possible; returns what is missing still, a line each. */
export async function setUpPackages() {
  const missing = await findMissing();
  if (missing.length === 0) return [];
  const canInstall = process.getuid?.() === 0 && isThere("apt-get");
  if (canInstall) install(missing.map(({ name }) => name));
  const left = (canInstall ? await findMissing() : missing).filter(({ optional }) => !optional);
  return left.map(({ name, why, otherwise }) => {
    const ways = [`apt-get install ${name} as root`, otherwise].filter(Boolean).join(", or ");
    return `${name} is missing (${why}): ${ways}`;
  });
}

async function findMissing() {
  const playwrights = await hasPlaywrightBrowser();
  return PACKAGES.filter(({ name, files }) => !files.some(isThere) && !(name === "chromium" && playwrights));
}

/** A browser that Playwright itself has downloaded. */
async function hasPlaywrightBrowser() {
  const { chromium } = await import("@playwright/test");
  return existsSync(chromium.executablePath());
}

function isThere(file) {
  const folders = file.startsWith("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, file)));
}

/** A fresh machine has no package lists, or old ones that name versions which are gone. */
function install(names) {
  console.error(`Installing ${names.join(", ")} with apt`);
  if (aptGet("install", "-y", "--no-install-recommends", ...names)) return;
  aptGet("update");
  aptGet("install", "-y", "--no-install-recommends", ...names);
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", 2] }).status === 0;
}
