/**
 * The page's URL parameters: `?guest=ID&engine=interp|jit|auto&memory=MIB&append=…`, drives as `hda=URL&cdrom=URL&fda=URL` with
 * `overlay=NAME` for what is written to the first disk (hda, or the guest's own) and `boot=a|c|d`, `virtio-console=on`, for the embedded page also `view=screen|serial|both`.
 * Everything is optional; a value that cannot be is a VmError that says which can.
 */
import { MAX_RAM_MIB } from "../../core/engine.ts";
import type { BootDevice, DriveConfig, EngineMode } from "../../vm/vmConfig.ts";
import { VmError } from "../../vm/vmError.ts";

export const ENGINE_MODES = ["auto", "interp", "jit"] as const satisfies readonly EngineMode[];
export const VIEWS = ["both", "screen", "serial"] as const;
export type View = (typeof VIEWS)[number];

/** Drives that can be named, after QEMU's options. */
const DRIVES = {
  hda: { interface: "ide", index: 0 },
  hdb: { interface: "ide", index: 1 },
  cdrom: { interface: "ide", index: 2, media: "cdrom" },
  fda: { interface: "floppy", index: 0 },
  fdb: { interface: "floppy", index: 1 },
} as const satisfies Record<string, DriveConfig>;
const SWITCH = ["on", "off"] as const;
const BOOT_LETTERS = ["a", "c", "d"] as const;
const BOOT_DEVICES = { a: "floppy", c: "disk", d: "cdrom" } as const;

/** What the URL asks for; what it does not mention is undefined. */
export interface UrlOptions {
  guest?: string;
  engine?: EngineMode;
  memoryMib?: number;
  /** Replaces the guest's kernel command line. */
  append?: string;
  drives?: DriveConfig[];
  /** Names what is kept of writes to the guest's own disk; that of `hda` is in `drives`. */
  overlay?: string;
  bootOrder?: BootDevice[];
  /** Gives the guest a virtio console, hvc0. */
  virtioConsole?: boolean;
  view?: View;
}

/** Addresses are relative to `base`. */
export function parseUrlOptions(search: string, base = globalThis.document?.baseURI ?? ""): UrlOptions {
  const parameters = new URLSearchParams(search);
  const options: UrlOptions = {};
  const guest = parameters.get("guest");
  if (guest !== null) options.guest = guest;
  const engine = parameters.get("engine");
  if (engine !== null) options.engine = oneOf("engine", engine, ENGINE_MODES);
  const memory = parameters.get("memory");
  if (memory !== null) options.memoryMib = parseMemory(memory);
  const append = parameters.get("append");
  if (append !== null) options.append = append;
  const drives = parseDrives(parameters, base);
  const overlay = parameters.get("overlay");
  if (overlay === "") throw new VmError("bad-config", "overlay=: it names what is kept, and must not be empty.");
  if (overlay !== null) keepWrites(options, drives, overlay);
  if (drives.length > 0) options.drives = drives;
  const boot = parameters.get("boot");
  if (boot !== null) options.bootOrder = [BOOT_DEVICES[oneOf("boot", boot, BOOT_LETTERS)]];
  const virtioConsole = parameters.get("virtio-console");
  if (virtioConsole !== null) options.virtioConsole = oneOf("virtio-console", virtioConsole, SWITCH) === "on";
  const view = parameters.get("view");
  if (view !== null) options.view = oneOf("view", view, VIEWS);
  return options;
}

function parseDrives(parameters: URLSearchParams, base: string): DriveConfig[] {
  return Object.entries(DRIVES).flatMap(([name, place]): DriveConfig[] => {
    const address = parameters.get(name);
    return address === null ? [] : [{ ...place, source: { kind: "url", url: parseAddress(name, address, base) } }];
  });
}

/** The first disk is hda; without one it is the guest's own. */
function keepWrites(options: UrlOptions, drives: DriveConfig[], overlay: string): void {
  const hda = drives.find((drive) => drive.interface === "ide" && drive.index === 0);
  if (hda) hda.overlay = overlay;
  else options.overlay = overlay;
}

function parseAddress(name: string, address: string, base: string): string {
  const url = URL.canParse(address, base) ? new URL(address, base) : undefined;
  if (address !== "" && (url?.protocol === "http:" || url?.protocol === "https:")) return url.href;
  throw new VmError("bad-config", `${name}=${address}: it must be the address of an image, with http or https.`);
}

/** MiB of guest memory. */
export function parseMemory(text: string): number {
  const mib = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  if (mib >= 1 && mib <= MAX_RAM_MIB) return mib;
  throw new VmError("bad-config", `memory=${text}: guest memory is a whole number of MiB, from 1 to ${MAX_RAM_MIB}.`);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new VmError("bad-config", `${name}=${value}: it must be one of ${allowed.join(", ")}.`);
}
