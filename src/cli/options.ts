/**
 * The options of `tabvisor run`: what is on the command line becomes {@link RunOptions} or a {@link UsageError}. Pure: no file
 * is looked at here.
 */
import { parseArgs } from "node:util";
import { findGuest, GUESTS, type Guest } from "../../images/guests.ts";
import type {
  BootDevice,
  ClockMode,
  DriveConfig,
  EngineMode,
  ShareConfig,
  VgaKind,
  VirtioConfig,
} from "../vm/vmConfig.ts";
import { DRIVE_SPEC, parseBoot, parseDrives } from "./driveOptions.ts";
import { UsageError } from "./usageError.ts";
import { parseShares, VIRTFS_SPEC } from "./virtfsOption.ts";
import { parseVirtio, VIRTIO_SPEC } from "./virtioOptions.ts";

/** Where the serial line's output goes. */
export type SerialTarget = { kind: "stdio" } | { kind: "none" } | { kind: "file"; path: string };

/** One `--send`, `--type` or `--mouse`. */
export type ScriptedInput = { pattern: RegExp } & (
  | { on: "serial" | "keyboard"; text: string }
  /** Counts right and down, `MouseEvent.buttons`. */
  | { on: "mouse"; dx: number; dy: number; buttons: number }
);

export interface RunOptions {
  memoryMib: number;
  /** Brings kernel or firmware, command line and drives, as far as nothing else is said. */
  guest?: Guest;
  /** The file that keeps what the guest writes to its own disk. */
  overlay?: string;
  kernel?: string;
  initrd?: string;
  append?: string;
  bios?: string;
  vgaBios?: string;
  drives: DriveConfig[];
  shares: ShareConfig[];
  bootOrder?: BootDevice[];
  serial: SerialTarget;
  virtioConsole: SerialTarget;
  parallel?: string;
  vga: VgaKind;
  virtio: VirtioConfig;
  engine: EngineMode;
  clock: ClockMode;
  until?: RegExp;
  /** `--send`, `--type` and `--mouse` in the order of the command line. */
  inputs: ScriptedInput[];
  timeoutSeconds?: number;
  debugExit: boolean;
  debugcon?: string;
  screen?: string;
  screenText: boolean;
  stats?: string;
  profile?: string;
  symbols?: string;
}

const STRING = { type: "string" } as const;
const STRINGS = { type: "string", multiple: true } as const;
const FLAG = { type: "boolean" } as const;

const SPEC = {
  guest: STRING,
  overlay: STRING,
  memory: STRING,
  kernel: STRING,
  initrd: STRING,
  append: STRING,
  bios: STRING,
  "vga-bios": STRING,
  ...DRIVE_SPEC,
  ...VIRTFS_SPEC,
  serial: STRING,
  "virtio-console": STRING,
  parallel: STRING,
  vga: STRING,
  ...VIRTIO_SPEC,
  engine: STRING,
  clock: STRING,
  until: STRING,
  send: STRINGS,
  type: STRINGS,
  mouse: STRINGS,
  timeout: STRING,
  "debug-exit": FLAG,
  debugcon: STRING,
  screen: STRING,
  "screen-text": FLAG,
  stats: STRING,
  profile: STRING,
  symbols: STRING,
} as const;

const ENGINES = ["auto", "interp", "jit"] as const;
const CLOCKS = ["host", "icount"] as const;
const VGA_KINDS = ["std", "none"] as const satisfies readonly VgaKind[];
const DEFAULT_MEMORY_MIB = 256;
/** Guest RAM ends where the PCI hole begins (`MAX_RAM_MIB` of the engine). */
export const MAX_MEMORY_MIB = 3072;
/** setTimeout takes 31 bits of milliseconds. */
const MAX_TIMEOUT_SECONDS = 2_147_483;

/** The option names that `tabvisor run` takes, without dashes. */
export const OPTION_NAMES: readonly string[] = Object.keys(SPEC);

/** @throws UsageError for the first thing that is wrong. */
export function parseRunOptions(args: readonly string[]): RunOptions {
  const { values, tokens } = parse(args);
  const guest = values.guest === undefined ? undefined : parseGuest(values.guest);
  if (guest && values.kernel !== undefined) throw new UsageError("--guest and --kernel both say what to boot");
  if (values.overlay !== undefined && !guest) throw new UsageError("--overlay needs --guest; a --drive has overlay=");
  const kernelOnly = (["initrd", "append"] as const).find((name) => values[name] !== undefined);
  const takesAppend = kernelOnly === "append" && guest?.files?.kernel !== undefined;
  if (kernelOnly && values.kernel === undefined && !takesAppend) throw new UsageError(`--${kernelOnly} needs --kernel`);
  if (values.boot !== undefined && values.kernel !== undefined)
    throw new UsageError("--boot is for the firmware, and --kernel boots without it");
  if (values.symbols !== undefined && values.profile === undefined) throw new UsageError("--symbols needs --profile");
  if (values.profile !== undefined && values.engine === "interp")
    throw new UsageError("--profile counts translated code: it needs --engine auto or jit");
  return {
    memoryMib: parseMemory(values.memory, guest?.memoryMib),
    ...(guest && { guest }),
    ...given("overlay", values.overlay),
    drives: parseDrives(values),
    shares: parseShares(values.virtfs),
    ...parseLines(values.serial, values["virtio-console"]),
    vga: parseChoice("vga", VGA_KINDS, values.vga),
    virtio: parseVirtio(values),
    engine: parseChoice("engine", ENGINES, values.engine),
    clock: parseChoice("clock", CLOCKS, values.clock),
    inputs: parseInputs(tokens),
    debugExit: values["debug-exit"] ?? false,
    screenText: values["screen-text"] ?? false,
    ...given("kernel", values.kernel),
    ...given("initrd", values.initrd),
    ...(values.append !== undefined && { append: values.append }),
    ...given("bios", values.bios),
    ...given("vgaBios", values["vga-bios"], "vga-bios"),
    ...(values.boot !== undefined && { bootOrder: parseBoot(values.boot) }),
    ...given("parallel", values.parallel),
    ...given("debugcon", values.debugcon),
    ...given("screen", values.screen),
    ...given("stats", values.stats),
    ...given("profile", values.profile),
    ...given("symbols", values.symbols),
    ...(values.until !== undefined && { until: parsePattern("until", values.until) }),
    ...(values.timeout !== undefined && { timeoutSeconds: parseTimeout(values.timeout) }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: SPEC, strict: true, allowPositionals: false, tokens: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith("ERR_PARSE_ARGS")) throw error;
    // Node explains `--` and `=` at length; its first sentence says what is wrong.
    const [firstSentence] = message.split(/\.\s|\n/, 1);
    throw new UsageError(`${firstSentence?.replace(/\.$/, "")}; see tabvisor --help`);
  }
}

function given<Key extends string>(key: Key, path: string | undefined, option: string = key) {
  if (path === "") throw new UsageError(`--${option} needs a file name`);
  return (path === undefined ? {} : { [key]: path }) as { [K in Key]?: string };
}

function parseGuest(id: string): Guest {
  const guest = findGuest(id);
  if (guest) return guest;
  throw new UsageError(`--guest ${id}: there is no such guest; there are ${GUESTS.map((one) => one.id).join(", ")}`);
}

function parseMemory(text: string | undefined, or = DEFAULT_MEMORY_MIB): number {
  if (text === undefined) return or;
  const mib = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (mib >= 1 && mib <= MAX_MEMORY_MIB) return mib;
  throw new UsageError(`--memory ${text}: guest memory is a whole number of MiB from 1 to ${MAX_MEMORY_MIB}`);
}

/** The terminal is for one of the two: the serial line, unless the virtio console asks for it. */
function parseLines(serial: string | undefined, virtioConsole = "none") {
  const console = parseTarget("virtio-console", virtioConsole);
  const line = parseTarget("serial", serial ?? (console.kind === "stdio" ? "none" : "stdio"));
  if (line.kind === "stdio" && console.kind === "stdio")
    throw new UsageError("--serial stdio and --virtio-console stdio: the terminal is for one of them");
  return { serial: line, virtioConsole: console };
}

function parseTarget(option: string, text: string): SerialTarget {
  if (text === "stdio" || text === "none") return { kind: text };
  if (text === "") throw new UsageError(`--${option} needs stdio, none or a file name`);
  return { kind: "file", path: text };
}

/** The first choice is the default. */
function parseChoice<T extends string>(option: string, choices: readonly T[], text: string | undefined): T {
  const choice = text === undefined ? choices[0] : choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`--${option} ${text}: must be ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`);
}

function parseTimeout(text: string): number {
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS) return seconds;
  throw new UsageError(`--timeout ${text}: must be a number of seconds from above 0 to ${MAX_TIMEOUT_SECONDS}`);
}

/** Line by line, so `^` and `$` are a line's ends; a search begins where it is told to. */
function parsePattern(option: string, source: string): RegExp {
  try {
    return new RegExp(source, "gm");
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: /, "");
    throw new UsageError(`--${option}: not a regular expression: ${reason}`);
  }
}

type Token = ReturnType<typeof parse>["tokens"][number];

function parseInputs(tokens: readonly Token[]): ScriptedInput[] {
  return tokens.flatMap((token) => {
    if (token.kind !== "option") return [];
    const { name, value = "" } = token;
    if (name === "mouse") return [parseMouse(value)];
    return name === "send" || name === "type" ? [parseText(name, value)] : [];
  });
}

const ARROW = "=>";

function splitInput(option: string, value: string, form: string): { pattern: RegExp; what: string } {
  const arrow = value.indexOf(ARROW);
  if (arrow < 0) throw new UsageError(`--${option} '${value}': must be 'REGEX=>${form}'`);
  return { pattern: parsePattern(option, value.slice(0, arrow)), what: value.slice(arrow + ARROW.length) };
}

function parseText(option: "send" | "type", value: string): ScriptedInput {
  const { pattern, what } = splitInput(option, value, "TEXT");
  return { on: option === "send" ? "serial" : "keyboard", pattern, text: unescapeText(what) };
}

/** Counts that a mouse can be moved by at once, and buttons that it has. */
const MAX_MOUSE_COUNTS = 4096;
const MAX_BUTTONS = 31;

function parseMouse(value: string): ScriptedInput {
  const form = "DX,DY,BUTTONS";
  const { pattern, what } = splitInput("mouse", value, form);
  const [, dx, dy, buttons] = (/^\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(\d+)\s*$/.exec(what) ?? []).map(Number);
  if (dx === undefined || dy === undefined || buttons === undefined)
    throw new UsageError(`--mouse '${value}': must be 'REGEX=>${form}'`);
  if (Math.abs(dx) > MAX_MOUSE_COUNTS || Math.abs(dy) > MAX_MOUSE_COUNTS || buttons > MAX_BUTTONS)
    throw new UsageError(
      `--mouse '${value}': a mouse moves by at most ${MAX_MOUSE_COUNTS} counts, and BUTTONS is at most ${MAX_BUTTONS}`,
    );
  return { on: "mouse", pattern, dx, dy, buttons };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", e: "\x1b", "\\": "\\" };

/** A shell's single quotes leave `\n` as two characters. An unknown escape stays as it is. */
export function unescapeText(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|([nrte\\]))/g, (_whole, hex: string | undefined, letter: string) =>
    hex === undefined ? (ESCAPES[letter] as string) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
