/** Builds what the suite's guests run: the static program of bench/guest for an architecture, and an initrd around it. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { buildImages } from "../../images/build.ts";
import { type CpioEntry, writeCpio } from "../../images/cpio.ts";
import { filesOf, findGuest, type Guest } from "../../images/guests.ts";
import { sha256 } from "../../images/hash.ts";
import { dispersedSource } from "./dispersed.ts";

/** Debian's names. */
export type Arch = "amd64" | "i386";
export const ARCHES: readonly Arch[] = ["amd64", "i386"];

/** A kernel with its first file system, as files. */
export interface BootFiles {
  kernel: string;
  initrd: string;
  bios: string;
  vgaBios: string;
  append: string;
  memoryMib: number;
  /** An image of a disk. */
  disk?: { interface: "virtio" | "nvme" | "ide"; path: string };
  /** A folder to mount by virtio-9p as `bench`. */
  share?: string;
}

export interface GuestImage extends BootFiles {
  arch: Arch;
  /** The program, for the host itself. */
  binary: string;
  /** The same kernel's guest in the catalogue: boots to a shell. */
  guest: Guest;
  shell: BootFiles;
}

/** Something that this machine lacks, in one line. */
export class MissingError extends Error {}

const SOURCES = join(import.meta.dirname, "../guest");
const CACHE = join(import.meta.dirname, "../../build/bench");
const FLAGS: Readonly<Record<Arch, readonly string[]>> = { amd64: ["-m64"], i386: ["-m32"] };
const COMMON_FLAGS = ["-O2", "-static", "-s"];
/** The guests of the catalogue that are measured. */
export const ARCH_GUESTS: Readonly<Record<Arch, string>> = { amd64: "linux-amd64", i386: "linux-686" };
/** What the kernel has to say while the programs run would stand between their marks; also of time that it has stood still. */
const APPEND = "console=ttyS0,115200 quiet loglevel=1 nosoftlockup panic=-1";
/** Enough for every kernel, and the same for all. */
const MEMORY_MIB = 256;

/** @throws MissingError without a C compiler for `arch`, or without the kernel. */
export async function buildGuestImage(arch: Arch): Promise<GuestImage> {
  const guest = findGuest(ARCH_GUESTS[arch]) as Guest;
  const shell = await shellFiles(guest);
  const { binary, initrd } = buildProgram(arch);
  return { ...shell, arch, guest, shell, binary, initrd, append: APPEND, memoryMib: MEMORY_MIB };
}

/** The files of a guest of the catalogue that boots a kernel to a shell; builds them if need be. */
export async function shellFiles(guest: Guest): Promise<BootFiles> {
  const onProgress = ({ message }: { message: string }) => process.stderr.write(`${message}\n`);
  const { outDir, failed } = await buildImages([guest.id], { onProgress });
  if (failed[0]) throw new MissingError(failed[0].error.message);
  const { append = "", memoryMib } = guest;
  const files = filesOf(guest);
  const path = (file: keyof typeof files) => join(outDir, files[file] as string);
  return {
    kernel: path("kernel"),
    initrd: path("initrd"),
    bios: path("bios"),
    vgaBios: path("vgaBios"),
    append,
    memoryMib,
  };
}

/** Compiles unless the same sources were compiled by the same compiler before. */
function buildProgram(arch: Arch): { binary: string; initrd: string } {
  const flags = [...COMMON_FLAGS, ...FLAGS[arch]];
  const folder = join(CACHE, `${arch}-${fingerprint(flags)}`);
  const paths = { binary: join(folder, "bench"), initrd: join(folder, "initrd") };
  if (existsSync(folder)) return paths;
  mkdirSync(CACHE, { recursive: true });
  const stage = mkdtempSync(join(CACHE, "work-"));
  try {
    compile(arch, flags, stage);
    writeFileSync(join(stage, "initrd"), writeCpio(initrdEntries(readFileSync(join(stage, "bench")))));
    renameSync(stage, folder);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return paths;
}

function fingerprint(flags: readonly string[]): string {
  const sources = readdirSync(SOURCES).sort();
  const texts = sources.map((name) => `${name}\n${readFileSync(join(SOURCES, name), "utf8")}`);
  return sha256([compilerVersion(), flags.join(" "), dispersedSource(), ...texts].join("\n")).slice(0, 16);
}

function compilerVersion(): string {
  const { status, stdout } = spawnSync("gcc", ["--version"], { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new MissingError("there is no gcc to compile the guest programs with (Debian's gcc)");
}

function compile(arch: Arch, flags: readonly string[], folder: string): void {
  const generated = join(folder, "dispersed.c");
  writeFileSync(generated, dispersedSource());
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith(".c"));
  const inputs = [...sources.map((name) => join(SOURCES, name)), generated];
  try {
    execFileSync("gcc", [...flags, "-I", SOURCES, "-o", join(folder, "bench"), ...inputs, "-lm"], { stdio: "pipe" });
  } catch (error) {
    const complaint = String((error as { stderr?: unknown }).stderr ?? error);
    if (arch === "i386" && !canLink(flags))
      throw new MissingError("gcc makes no 32-bit programs here (Debian's gcc-multilib does)");
    throw new Error(`the guest programs do not compile:\n${complaint}`);
  }
}

/** Whether gcc has headers and libraries for these flags at all. */
function canLink(flags: readonly string[]): boolean {
  const input = '#include <stdio.h>\nint main(void) { return puts(""); }\n';
  return spawnSync("gcc", [...flags, "-x", "c", "-o", "/dev/null", "-"], { input }).status === 0;
}

function initrdEntries(binary: Uint8Array): CpioEntry[] {
  return [
    { type: "directory", path: "dev" },
    { type: "character", path: "dev/console", major: 5, minor: 1, mode: 0o600 },
    { type: "character", path: "dev/ttyS0", major: 4, minor: 64, mode: 0o600 },
    { type: "file", path: "init", mode: 0o755, data: binary },
  ];
}
