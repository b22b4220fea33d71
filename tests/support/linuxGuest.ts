/** A Linux guest with drives, run in this thread and talked to over its serial line. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_CACHE_DIR } from "../../images/build.ts";
import { Machine, type MachineBackends } from "../../src/machine/machine.ts";
import type { StopReason, VirtioConfig, VmConfig } from "../../src/machine/vmConfig.ts";
import { engineModules } from "./engine.ts";

export const IMAGES = join(DEFAULT_CACHE_DIR, "out");
/** Beyond that a wait has failed; the machine may share its processors with much else. */
const WAIT_LIMIT_MS = 270_000;
const LONGEST_SLEEP_MS = 20;
const PROMPT = "~ # ";

export interface GuestOptions {
  /** Files below `images/.cache/out`; initrds are put one behind the other. */
  kernel?: string;
  initrds?: readonly string[];
  append?: string;
  memoryMib?: number;
  clock?: VmConfig["clock"];
  engine?: VmConfig["engine"];
  bios?: string;
  virtio?: VirtioConfig;
  backends?: Partial<MachineBackends>;
}

export function hasImages(...files: readonly string[]): boolean {
  return files.every((file) => existsSync(join(IMAGES, file)));
}

function readImage(file: string): Uint8Array {
  return readFileSync(join(IMAGES, file));
}

export class LinuxGuest {
  /** All that the guest has written to COM1. */
  output = "";
  /** What is due next, of `output`. */
  private seen = 0;
  private stopReason: StopReason | undefined;

  private constructor(readonly machine: Machine) {}

  static async create(options: GuestOptions): Promise<LinuxGuest> {
    const { kernel, initrds = [], append = "console=ttyS0", bios } = options;
    const config: VmConfig = {
      memoryMib: options.memoryMib ?? 256,
      engine: options.engine ?? "auto",
      clock: options.clock ?? "host",
      boot: kernel
        ? { kind: "kernel", kernel: readImage(kernel), initrd: Buffer.concat(initrds.map(readImage)), append }
        : { kind: "firmware" },
      ...(options.virtio && { virtio: options.virtio }),
      ...(bios && { bios: readImage(bios), vgaBios: readImage("seabios/vgabios-stdvga.bin") }),
    };
    let guest: LinuxGuest | undefined;
    const backends: MachineBackends = {
      com1: { write: (byte) => guest?.hear(byte) },
      com2: { write: () => {} },
      onDebugByte: () => {},
      ...options.backends,
    };
    guest = new LinuxGuest(await Machine.create(config, await engineModules("shared"), backends));
    guest.machine.clock.start();
    return guest;
  }

  /** Types on COM1. */
  send(text: string): void {
    this.machine.board.com1.receive(new TextEncoder().encode(text));
  }

  /** Runs until the guest has written `text` since the last wait; returns what came before it. */
  async waitFor(text: string | RegExp): Promise<string> {
    return this.runUntil(() => this.take(text), String(text));
  }

  /** Waits for the shell's prompt, has it execute a command, returns its output. */
  async run(command: string): Promise<string> {
    this.send(`${command}; echo status=$?\n`);
    // The echo of the command has no number behind it; the shell may have wrapped it.
    const output = await this.waitFor(/\nstatus=\d+/);
    await this.waitFor(PROMPT);
    return output
      .slice(output.indexOf("\n") + 1)
      .replaceAll("\r", "")
      .trim();
  }

  /** Runs until there is a shell. */
  async boot(): Promise<void> {
    await this.waitFor(PROMPT);
    // The shell's line editor shall not wrap what it echoes.
    this.send("stty columns 500\n");
    await this.waitFor(PROMPT);
  }

  /** Runs until `look` gives something. */
  async runUntil<T>(look: () => T | undefined, what: string): Promise<T> {
    const limit = performance.now() + WAIT_LIMIT_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (performance.now() > limit || this.stopReason)
        throw new Error(
          `no ${what} (${JSON.stringify(this.stopReason ?? "time-out")}): ...${this.output.slice(-2000)}`,
        );
      await this.slice();
    }
  }

  /** Runs until the machine has switched itself off. */
  async powerOff(): Promise<void> {
    this.send("poweroff\n");
    const limit = performance.now() + WAIT_LIMIT_MS;
    while (!this.stopReason && performance.now() < limit) await this.slice();
  }

  private async slice(): Promise<void> {
    const result = this.machine.runSlice();
    if (result.kind === "stopped") this.stopReason = result.reason;
    else if (result.kind === "waiting") await result.until;
    else if (result.kind === "idle") await sleep(Math.min(result.sleepMs, LONGEST_SLEEP_MS));
    else await nextTurn();
  }

  private hear(byte: number): void {
    this.output += String.fromCharCode(byte);
  }

  private take(wanted: string | RegExp): string | undefined {
    const rest = this.output.slice(this.seen);
    const [found, at] =
      typeof wanted === "string" ? [wanted, rest.indexOf(wanted)] : [wanted.exec(rest)?.[0] ?? "", rest.search(wanted)];
    if (at < 0) return undefined;
    this.seen += at + found.length;
    return rest.slice(0, at);
  }
}
