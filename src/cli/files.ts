/** The files that options name: read whole or found to be writable before anything starts, with errors that name the option. */
import { accessSync, constants, existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesOf, type Guest, pathsOf } from "../../images/guests.ts";
import { guestBoot } from "../machine/guestBoot.ts";
import { guestDrives } from "../machine/guestDrives.ts";
import { isLinuxImage } from "../machine/linuxBoot.ts";
import { findMultibootHeader } from "../machine/multiboot.ts";
import { VmError } from "../machine/vmError.ts";
import type { BootSource, DriveConfig, VmConfig } from "../vm/vmConfig.ts";
import type { RunOptions } from "./options.ts";
import { UsageError } from "./usageError.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
};

/** Firmware images are multiples of this; a shorter one is no firmware. */
const FIRMWARE_UNIT = 512;

/** @throws UsageError naming the option if the file cannot be read or is empty. */
export function readInput(option: string, path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option} ${path}: ${reasonOf(error, REASONS)}`);
  }
  if (bytes.length === 0) throw new UsageError(`${option} ${path}: the file is empty`);
  return bytes;
}

/** Opens a file for output, emptying it. */
export function openOutput(option: string, path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw cannotWrite(option, path, error);
  }
}

/** Makes sure that a file can be written at the end of a long run; leaves what is there. */
export function checkWritable(option: string, path: string): void {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw cannotWrite(option, path, error);
  }
}

export function cannotWrite(option: string, path: string, error: unknown): UsageError {
  const reasons = { ENOENT: "there is no such folder", EACCES: "it may not be written", EISDIR: "it is a folder" };
  return new UsageError(`${option} ${path}: ${reasonOf(error, reasons)}`);
}

function reasonOf(error: unknown, reasons: Readonly<Record<string, string>>): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && reasons[code]) || message;
}

/**
 * The machine that the options describe.
 *
 * @param imagesDir where built images are (`images/.cache/out`): the firmware comes from there unless options name it.
 */
export function makeVmConfig(options: RunOptions, imagesDir: string): VmConfig {
  const { guest } = options;
  if (guest) checkBuilt(guest, imagesDir);
  const boot = guest ? readGuestBoot(guest, options.append, imagesDir) : readBoot(options);
  const firmware = filesOf(guest);
  const bios = readFirmware("--bios", options.bios, imagesDir, firmware.bios);
  const vgaBios = readFirmware("--vga-bios", options.vgaBios, imagesDir, firmware.vgaBios);
  if (boot.kind === "firmware" && !bios)
    throw new UsageError(
      "nothing to boot: give --kernel or --bios (`npm run image -- seabios` builds the default firmware)",
    );
  return {
    memoryMib: options.memoryMib,
    engine: options.engine,
    clock: options.clock,
    debugExit: options.debugExit,
    boot,
    drives: guest ? drivesOf(guest, options, imagesDir) : options.drives,
    vga: options.vga,
    virtio: { ...options.virtio, console: options.virtioConsole.kind !== "none" },
    ...(options.shares.length > 0 && { shares: options.shares }),
    ...(options.bootOrder && { bootOrder: options.bootOrder }),
    ...(options.profile !== undefined && { jit: { profile: true } }),
    ...(bios && { bios }),
    ...(vgaBios && { vgaBios }),
  };
}

function readFirmware(option: string, path: string | undefined, imagesDir: string, file: string | undefined) {
  if (path === undefined) {
    const builtIn = join(imagesDir, file ?? "");
    return file !== undefined && existsSync(builtIn) ? readInput(option, builtIn) : undefined;
  }
  const bytes = readInput(option, path);
  if (bytes.length % FIRMWARE_UNIT === 0) return bytes;
  throw new UsageError(
    `${option} ${path}: ${bytes.length} bytes are no multiple of ${FIRMWARE_UNIT}: cut short, or no firmware`,
  );
}

function checkBuilt(guest: Guest, imagesDir: string): void {
  const missing = pathsOf(guest).find((path) => !existsSync(join(imagesDir, path)));
  if (missing === undefined) return;
  throw new UsageError(`--guest ${guest.id}: ${missing} is not built yet; \`npm run image ${guest.id}\` does that`);
}

function readGuestBoot(guest: Guest, append: string | undefined, imagesDir: string): BootSource {
  return guestBoot(guest, (path) => readInput("--guest", join(imagesDir, path)), append);
}

/** A drive of the command line takes the place of the guest's own. */
function drivesOf(guest: Guest, { drives: wished, overlay }: RunOptions, imagesDir: string): DriveConfig[] {
  try {
    return guestDrives(guest, { sourceOf: (path) => ({ kind: "file", path: join(imagesDir, path) }), overlay, wished });
  } catch (error) {
    if (error instanceof VmError) throw new UsageError(`--guest ${guest.id}: ${error.message}`);
    throw error;
  }
}

function readBoot({ kernel: path, initrd, append = "" }: RunOptions): BootSource {
  if (path === undefined) return { kind: "firmware" };
  const kernel = readInput("--kernel", path);
  if (initrd === undefined) return { kind: "kernel", kernel, append };
  const takesModules = !isLinuxImage(kernel) && findMultibootHeader(kernel) !== undefined;
  if (!takesModules) return { kind: "kernel", kernel, append, initrd: readInput("--initrd", initrd) };
  const modules = splitModules(initrd).map((commandLine) => {
    const file = commandLine.split(" ", 1)[0] as string;
    return { data: readInput("--initrd", file), commandLine };
  });
  return { kind: "kernel", kernel, append, modules };
}

/**
 * "FILE ARGS,FILE ARGS", as QEMU has it: a module's command line is its file's name and what follows; `,,` is a comma.
 */
export function splitModules(text: string): string[] {
  const modules = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(",,", ",").trim());
  if (modules.every((commandLine) => commandLine !== "")) return modules;
  throw new UsageError(`--initrd '${text}': a module without a file name`);
}
