/** Sequential reads by a Linux guest: what its disk controllers and file servers carry, in Tabvisor and in QEMU TCG. */
import { randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { medianOfKnown, table } from "../figures.ts";
import type { Contender } from "../suite/contender.ts";
import type { BootFiles } from "../suite/guestImage.ts";
import { DISKS, type DiskProgram, READS, type ReadName } from "./programs.ts";
import { ShellSession } from "./shellSession.ts";

/** Millions of bytes a second. */
export interface DiskFigure {
  name: string;
  title: string;
  speeds: Partial<Record<Contender["id"], Partial<Record<ReadName, number>>>>;
  /** What went wrong, one line each. */
  errors: string[];
}

export interface DiskOptions {
  names: readonly string[];
  runs: number;
  contenders: readonly Contender[];
  filesFor(disk: DiskProgram): Promise<DiskFiles>;
}

/** The guest's kernel, and its initrd with the modules for its drives. */
export interface DiskFiles {
  kernel: string;
  initrds: readonly string[];
  bios: string;
  vgaBios: string;
}

const MEDIUM_MIB = 256;
const MEMORY_MIB = 512;
const MEGABYTE = 1e6;
/** Reads of the whole medium before the measured ones, which take so long together: steady state shows. */
const WARM_READS = 3;
const MEASURED_SECONDS = 2;

export async function measureDisks(options: DiskOptions, say: (line: string) => void): Promise<DiskFigure[]> {
  const wanted = DISKS.filter(({ name }) => options.names.includes(name));
  if (wanted.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-disks-"));
  try {
    const figures: DiskFigure[] = [];
    for (const disk of wanted) figures.push(await measureDisk(disk, options, folder, say));
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureDisk(
  disk: DiskProgram,
  { runs, contenders, filesFor }: DiskOptions,
  folder: string,
  say: (line: string) => void,
): Promise<DiskFigure> {
  const figure: DiskFigure = { name: disk.name, title: disk.title, speeds: {}, errors: [] };
  const boot = bootFiles(disk, await filesFor(disk), folder);
  for (const contender of contenders) {
    say(`${contender.title}: ${disk.name} …`);
    try {
      const samples: Record<ReadName, number>[] = [];
      for (let run = 0; run < runs; run++) samples.push(await readIn(contender, disk, boot));
      const median = (read: ReadName) => [read, medianOfKnown(samples.map((sample) => sample[read]))] as const;
      figure.speeds[contender.id] = Object.fromEntries(READS.map(({ name }) => median(name)));
    } catch (error) {
      figure.errors.push(`${contender.title}: ${(error as Error).message}`);
    }
  }
  return figure;
}

/** The medium holds random bytes: nobody can tell zeros. */
function bootFiles(disk: DiskProgram, files: DiskFiles, folder: string): BootFiles {
  const share = join(folder, "share");
  mkdirSync(share, { recursive: true });
  const medium = join(share, "medium");
  writeFileSync(medium, randomFillSync(new Uint8Array(MEDIUM_MIB << 20)));
  const initrd = join(folder, `${disk.name}.initrd`);
  writeFileSync(initrd, Buffer.concat(files.initrds.map((file) => readFileSync(file))));
  const { kernel, bios, vgaBios } = files;
  return {
    ...{ kernel, initrd, bios, vgaBios },
    append: "console=ttyS0,115200 quiet loglevel=1 rdinit=/init.modules",
    memoryMib: MEMORY_MIB,
    ...(disk.interface === "9p" ? { share } : { disk: { interface: disk.interface, path: medium } }),
  };
}

/** Boots and measures each kind of read. */
async function readIn(contender: Contender, disk: DiskProgram, boot: BootFiles): Promise<Record<ReadName, number>> {
  const guest = await contender.startFiles!(boot);
  try {
    const session = new ShellSession(guest.port);
    await session.ready();
    await session.run(disk.prepare);
    const speeds: [ReadName, number][] = [];
    for (const { name, flags } of READS) {
      const command = `echo 3 > /proc/sys/vm/drop_caches; dd if=${disk.path} of=/dev/null bs=1M ${flags}`;
      for (let read = 0; read < WARM_READS; read++) await session.run(command);
      let [bytes, seconds] = [0, 0];
      for (; seconds < MEASURED_SECONDS; bytes += MEDIUM_MIB << 20) seconds += await session.run(command);
      speeds.push([name, bytes / seconds / MEGABYTE]);
    }
    return Object.fromEntries(speeds) as Record<ReadName, number>;
  } finally {
    await guest.stop();
  }
}

export function printDisks(figures: readonly DiskFigure[]): string[] {
  if (figures.length === 0) return [];
  const speed = (value: number | undefined) => (value === undefined ? "-" : `${value.toFixed(0)} MB/s`);
  const rows = figures.flatMap(({ title, speeds: { tabvisor, qemu } }) =>
    READS.map((read) => {
      const [ours, theirs] = [tabvisor?.[read.name], qemu?.[read.name]];
      const ratio = ours && theirs ? `${(ours / theirs).toFixed(2)}` : "-";
      return [`${title}, ${read.title}`, speed(ours), speed(theirs), ratio];
    }),
  );
  return table([["sequential reads", "Tabvisor", "QEMU TCG", "ratio"], ...rows]);
}
