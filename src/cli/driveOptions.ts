/** The options about drives, after QEMU's: `--drive`, `--hda` and its like, `--cdrom`, `--writable`, `--boot`. */
import { placeDrives } from "../machine/drivePlacement.ts";
import { VmError } from "../machine/vmError.ts";
import type { BootDevice, DriveConfig, DriveInterface, DriveSource, ImageFormat } from "../vm/vmConfig.ts";
import { UsageError } from "./usageError.ts";

const INTERFACES = ["ide", "virtio", "nvme", "floppy"] as const satisfies readonly DriveInterface[];
const FORMATS = ["raw", "qcow2", "zstd"] as const satisfies readonly ImageFormat[];
const MEDIA = ["disk", "cdrom"] as const;
const SWITCH = ["off", "on"] as const;

/** Options that are a drive by their name: each takes an image. */
const SHORTHANDS: Readonly<Record<string, Pick<DriveConfig, "interface" | "index" | "media">>> = {
  hda: { interface: "ide", index: 0 },
  hdb: { interface: "ide", index: 1 },
  hdc: { interface: "ide", index: 2 },
  hdd: { interface: "ide", index: 3 },
  fda: { interface: "floppy", index: 0 },
  fdb: { interface: "floppy", index: 1 },
  cdrom: { interface: "ide", index: 2, media: "cdrom" },
};

/** Letters of DOS's drives: what the firmware tries first. */
const BOOT_LETTERS: Readonly<Record<string, BootDevice>> = { a: "floppy", c: "disk", d: "cdrom" };

const STRING = { type: "string" } as const;
const STRINGS = { type: "string", multiple: true } as const;

/** For `parseArgs`. */
export const DRIVE_SPEC = {
  drive: STRINGS,
  hda: STRING,
  hdb: STRING,
  hdc: STRING,
  hdd: STRING,
  fda: STRING,
  fdb: STRING,
  cdrom: STRING,
  writable: { type: "boolean" },
  boot: STRING,
} as const;

export type DriveValues = { [Name in keyof typeof DRIVE_SPEC]?: string | boolean | string[] | undefined };

/** @throws UsageError for the first thing that is wrong. */
export function parseDrives(values: DriveValues): DriveConfig[] {
  const named = Object.entries(SHORTHANDS).flatMap(([name, place]) => {
    const path = values[name as keyof DriveValues];
    return typeof path === "string" ? [{ ...place, source: parseSource(`--${name}`, path) }] : [];
  });
  const free = ((values.drive as string[] | undefined) ?? []).map(parseDrive);
  const drives = [...named, ...free];
  if (values.writable === true) makeWritable(drives);
  try {
    placeDrives(drives);
  } catch (error) {
    if (error instanceof VmError) throw new UsageError(error.message);
    throw error;
  }
  return drives;
}

/** "d" or "dca". */
export function parseBoot(text: string): BootDevice[] {
  const order = [...text].map((letter) => BOOT_LETTERS[letter]);
  if (order.length > 0 && !order.includes(undefined as never) && new Set(order).size === order.length) return order;
  throw new UsageError(`--boot ${text}: must be a (floppy), c (disk), d (CD-ROM), or several in order, such as dc`);
}

const KEYS = ["file", "if", "index", "format", "media", "readonly", "overlay", "backing"] as const;
type Key = (typeof KEYS)[number];

/** `key=value,key=value`; in a value `,,` is a comma. */
function parseDrive(text: string): DriveConfig {
  const option = `--drive ${text}`;
  const given = new Map<Key, string>();
  for (const part of text.split(/(?<!,),(?!,)/)) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(part.replaceAll(",,", ",")) ?? [];
    const key = KEYS.find((one) => one === name);
    if (key === undefined)
      throw new UsageError(`${option}: "${name ?? part}" is none of ${list(KEYS.map((one) => `${one}=`))}`);
    if (given.has(key)) throw new UsageError(`${option}: ${key}= is given twice`);
    given.set(key, value as string);
  }
  const choose = <T extends string>(key: Key, choices: readonly T[], or: T): T =>
    given.has(key) ? oneOf(`${option}: ${key}=`, choices, given.get(key) as string) : or;
  const source = (key: Key): DriveSource | undefined =>
    given.has(key) ? parseSource(`${option}: ${key}=`, given.get(key) as string) : undefined;
  const file = source("file");
  const backing = source("backing");
  const overlay = given.get("overlay");
  const readOnly = choose("readonly", SWITCH, "off") === "on";
  const media = choose("media", MEDIA, "disk");
  if (overlay === "") throw new UsageError(`${option}: overlay= needs a file name`);
  if (overlay !== undefined && (readOnly || media === "cdrom"))
    throw new UsageError(`${option}: nothing is written to a drive that is read-only: overlay= makes no sense`);
  if (overlay !== undefined && !file) throw new UsageError(`${option}: overlay= needs file=`);
  return {
    interface: choose("if", INTERFACES, "ide"),
    ...(media === "cdrom" && { media }),
    ...(given.has("index") && { index: parseIndex(option, given.get("index") as string) }),
    ...(file && { source: file }),
    ...(given.has("format") && { format: choose("format", FORMATS, "raw") }),
    ...(readOnly && { readOnly }),
    ...(overlay !== undefined && { overlay }),
    ...(backing && { backing }),
  };
}

function parseIndex(option: string, text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: index=${text} is no number`);
}

/** What looks like an address of the web is one. */
function parseSource(option: string, text: string): DriveSource {
  if (text === "") throw new UsageError(`${option} needs a file name`);
  return /^https?:\/\//i.test(text) ? { kind: "url", url: text } : { kind: "file", path: text };
}

/** Every image that can be written to and has no overlay of its own. */
function makeWritable(drives: DriveConfig[]): void {
  const written = drives.filter(
    ({ source, readOnly, overlay, media }) => source && !readOnly && overlay === undefined && media !== "cdrom",
  );
  if (written.length === 0) throw new UsageError("--writable needs a drive to be written to");
  for (const drive of written) drive.writable = true;
}

function oneOf<T extends string>(option: string, choices: readonly T[], text: string): T {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`${option}${text} must be ${list(choices)}`);
}

function list(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
