/** Assembles the kernels of this folder and runs them on a machine without devices. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ExitReason } from "../../assembly/shared/exitReason.ts";
import { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import type { Engine } from "../../src/core/engine.ts";
import { dumpRegisters } from "../../src/machine/cpuState.ts";
import { createEngine, type EngineMode, emptyHost } from "../support/engine.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const build = fileURLToPath(new URL("../../build/metal", import.meta.url));

/** The kernels, by the name of their source. */
export const KERNELS = readdirSync(here)
  .filter((name) => name.endsWith(".asm"))
  .map((name) => name.slice(0, -4))
  .sort();

/** Assembles `name`.asm into a 64 KiB ROM; gives its file. */
export function assemble(name: string, ...defines: string[]): string {
  mkdirSync(build, { recursive: true });
  const rom = `${build}/${[name, ...defines].join("-")}.rom`;
  const options = defines.map((define) => `-d${define}`);
  try {
    execFileSync("nasm", [...options, "-f", "bin", "-I", here, "-o", rom, `${here}${name}.asm`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new Error(
        "nasm is missing: install the Debian package 'nasm' (apt-get install nasm), which assembles the test kernels",
      );
    throw error;
  }
  return rom;
}

const PORT_DEBUG = 0xe9;
const PORT_EXIT = 0xf4;
/** Kernels ask for interrupts here: see interrupts.asm. */
const PORT_REQUEST = 0xf5;
const ROM_BYTES = 0x10000;
const RAM_MIB = 4;
const SLICE = 10_000;
/** Beyond that a kernel has gone wild. */
const MAX_TEXT = 30_000;
const MAX_INSTRUCTIONS = 3_000_000;

export interface Outcome {
  text: string;
  /** What was written to port 0xf4; undefined if the machine stopped otherwise. */
  status?: number;
  reason?: ExitReason;
}

/** What port 0xf5 asks for: low byte a vector or 0 for NMI, high byte a delay in instructions. */
class Requests {
  private vector = -1;
  private due: { at: number; vector: number }[] = [];

  constructor(private readonly engine: () => Engine) {}

  ask(value: number): void {
    const vector = value & 0xff;
    const delay = value >>> 8;
    if (delay === 0) this.raise(vector);
    else {
      this.due.push({ at: this.engine().instructionsRetired() + 1 + delay, vector });
      this.engine().requestExit();
    }
  }

  private raise(vector: number): void {
    if (vector === 0) this.engine().raiseNmi();
    else {
      this.vector = vector;
      this.engine().setInterruptRequest(true);
    }
  }

  acknowledge(): number {
    const vector = this.vector;
    this.vector = -1;
    this.engine().setInterruptRequest(false);
    return vector;
  }

  /** Instructions until the next one is due; raises those that are. */
  next(): number {
    const now = this.engine().instructionsRetired();
    for (const { vector } of this.due.filter(({ at }) => at <= now)) this.raise(vector);
    this.due = this.due.filter(({ at }) => at > now);
    return Math.min(SLICE, ...this.due.map(({ at }) => at - now));
  }
}

export async function runKernel(name: string, mode: EngineMode): Promise<Outcome> {
  const rom = readFileSync(assemble(name));
  const outcome: Outcome = { text: "" };
  let engine!: Engine;
  const requests = new Requests(() => engine);
  const host = emptyHost({
    portWrite: (port, value) => {
      if (port === PORT_DEBUG && outcome.text.length < MAX_TEXT) outcome.text += String.fromCharCode(value & 0xff);
      else if (port === PORT_REQUEST) requests.ask(value);
      else if (port === PORT_EXIT) {
        outcome.status = value & 0xff;
        engine.requestExit();
      }
    },
    acknowledgeInterrupt: () => requests.acknowledge(),
    nowNs: () => (engine ? engine.instructionsRetired() : 0),
  });
  engine = await createEngine(mode, RAM_MIB, host);
  engine.rom.set(rom);
  for (const page of [0xf0, 0xffff0]) engine.mapMemory(page, ROM_BYTES / 0x1000, MemoryKind.ROM, MemoryMap.ROM);
  engine.stateChanged();
  try {
    while (outcome.status === undefined && engine.instructionsRetired() < MAX_INSTRUCTIONS) {
      const count = requests.next();
      outcome.reason = engine.run(count, count < SLICE);
      if (outcome.reason === ExitReason.SHUTDOWN || outcome.reason === ExitReason.HALT) break;
    }
  } catch (error) {
    outcome.text += `\nengine failure: ${(error as Error).message}\n`;
  }
  if (outcome.status === undefined && outcome.reason !== ExitReason.SHUTDOWN)
    outcome.text += `\nstopped: ${outcome.reason}\n${dumpRegisters(engine)}\n`;
  return outcome;
}
