/** `npm run bench`: how fast guests run, and how that compares with the bare CPU, QEMU TCG and v86 on the same machine in the same run. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { measureDesktop } from "./desktop/desktop.ts";
import { diskFiles } from "./disks/diskFiles.ts";
import { type DiskOptions, measureDisks } from "./disks/disks.ts";
import { measureLoops } from "./loops/loops.ts";
import { type BenchOptions, OptionError, parseBenchOptions, USAGE } from "./options.ts";
import { measureScreens } from "./screen/screen.ts";
import type { Contender } from "./suite/contender.ts";
import { chromium } from "./suite/contenders/chromium.ts";
import { host } from "./suite/contenders/host.ts";
import { qemu } from "./suite/contenders/qemu.ts";
import { tabvisor } from "./suite/contenders/tabvisor.ts";
import { v86 } from "./suite/contenders/v86.ts";
import { buildGuestImage, type GuestImage, MissingError } from "./suite/guestImage.ts";
import { printReport } from "./suite/print.ts";
import { qemuVersion } from "./suite/qemuProcess.ts";
import type { BenchReport } from "./suite/report.ts";
import { Suite } from "./suite/suite.ts";
import { summarize } from "./suite/summary.ts";

/** Above this something else is at work. */
const QUIET_LOAD = 0.5;

// Guests and temporary files go when the process exits, which a signal alone does not make it do.
for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 }))
  process.once(signal, () => {
    say(`ended by ${signal}, without a report`);
    process.exit(128 + number);
  });

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const options = parseBenchOptions(args);
    if (options) return await bench(options);
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

async function bench(options: BenchOptions): Promise<number> {
  const { contenders } = options;
  if ((contenders.includes("tabvisor") || contenders.includes("chromium")) && !buildTabvisor()) return 1;
  const skipped: string[] = [];
  const images = await guestImages(options, skipped);
  const pairs = images.flatMap((image) =>
    contendersFor(image, options, skipped).map((contender) => ({ contender, image })),
  );
  const about = describeHost();
  if (about.loadAverage > QUIET_LOAD)
    say(`the load average is ${about.loadAverage.toFixed(2)}: figures of a busy machine are of little use`);
  for (const line of skipped) say(`skipped: ${line}`);
  const suite = new Suite(options, say);
  await suite.measure(pairs);
  const loops = await measureLoops(loopOptions(options, about.qemu !== null), say);
  const disks = await measureDisks(diskOptions(options), say);
  const screens = options.screen ? await measureScreens(options, say) : [];
  const desktops = options.desktop ? await measureDesktop(options, say) : [];
  const results = suite.results(images);
  const { runs, engine } = options;
  const report: BenchReport = {
    host: about,
    runs,
    engine,
    ...results,
    loops,
    disks,
    screens,
    desktops,
    summary: summarize(results),
    skipped,
  };
  process.stdout.write(`${printReport(report)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return report.errors.length > 0 ||
    [...loops, ...disks, ...screens, ...desktops].some(({ errors }) => errors.length > 0)
    ? 1
    : 0;
}

/** Engine and command line; the page is built when it is served. Says itself what is wrong. */
function buildTabvisor(): boolean {
  const tool = fileURLToPath(new URL("../tools/build.mjs", import.meta.url));
  return spawnSync(process.execPath, [tool, "cli"], { stdio: ["ignore", 2, 2] }).status === 0;
}

/** The guests of the architectures that can be built here; none if only loops are wanted. */
async function guestImages({ arches, programs, boot }: BenchOptions, skipped: string[]): Promise<GuestImage[]> {
  const images: GuestImage[] = [];
  if (programs.length === 0 && !boot) return images;
  for (const arch of arches) {
    try {
      images.push(await buildGuestImage(arch));
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      skipped.push(`${arch}: ${error.message}`);
    }
  }
  return images;
}

function contendersFor(image: GuestImage, { contenders, engine }: BenchOptions, skipped: string[]): Contender[] {
  const all = [host, qemu, v86, tabvisor(engine), chromium(engine)];
  return all.filter((contender) => {
    if (!contenders.includes(contender.id) || !contender.arches.includes(image.arch)) return false;
    const missing = contender.missing(image);
    if (missing !== undefined) skipped.push(`${contender.title}, ${image.arch}: ${missing}`);
    return missing === undefined;
  });
}

function loopOptions({ loops, runs, engine, contenders }: BenchOptions, hasQemu: boolean) {
  const withQemu = hasQemu && contenders.includes("qemu");
  return { names: loops, runs, engine, withTabvisor: contenders.includes("tabvisor"), withQemu };
}

/** v86 and the browser have no such drives or get them in other ways. */
function diskOptions({ disks, runs, engine, contenders }: BenchOptions): DiskOptions {
  const able = [qemu, tabvisor(engine)].filter(({ id }) => contenders.includes(id));
  return { names: disks, runs, contenders: able, filesFor: diskFiles };
}

function describeHost(): BenchReport["host"] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown CPU",
    cores: processors.length,
    node: process.versions.node,
    qemu: qemuVersion(),
    loadAverage: loadavg()[0] as number,
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
