/** A machine in a process of its own, whose serial line is the process's standard input and output. */
import { type ChildProcess, spawn } from "node:child_process";
import type { RunningGuest } from "./contender.ts";
import { memoryBeyondGuest } from "./processMemory.ts";
import type { SerialPort } from "./serialPort.ts";

/** Of what a process said on standard error, in an error message. */
const COMPLAINT_CHARACTERS = 500;
const ENDED = "the process has ended";

export class ProcessGuest {
  readonly child: ChildProcess;
  readonly port: SerialPort;
  private readonly closed: Promise<void>;
  private complaint = "";
  private hasEnded = false;
  /** Who waits for answers, which come in the order of the questions. */
  private readonly asked: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];

  /** `ipc`: the process talks with us by messages too. */
  constructor(command: string, args: readonly string[], ipc = false) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe", ...(ipc ? (["ipc"] as const) : [])] });
    process.once("exit", this.kill);
    this.closed = new Promise((resolve) => this.child.once("close", () => resolve()));
    this.child.on("message", (answer) => this.asked.shift()?.resolve(answer));
    void this.closed.then(() => {
      process.off("exit", this.kill);
      for (const { reject } of this.asked.splice(0)) reject(new Error(ENDED));
    });
    this.port = this.makePort();
  }

  /** Resident bytes beyond guest RAM, where the system tells. */
  memory(guestMib: number): { processBytes?: number } {
    const bytes = this.child.pid === undefined ? undefined : memoryBeyondGuest(this.child.pid, guestMib * 2 ** 20);
    return bytes === undefined ? {} : { processBytes: bytes };
  }

  /** What the suite measures: of figures there is the memory. */
  running(guestMib: number): RunningGuest {
    const { port, pause, resume } = this;
    return { port, figures: async () => this.memory(guestMib), pause, resume, stop: () => this.stop() };
  }

  /** Sends a message, where there is `ipc`; the answer to it. */
  ask<T>(message: string): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.child.connected) return reject(new Error(ENDED));
      this.asked.push({ resolve: resolve as (answer: unknown) => void, reject });
      this.child.send(message);
    });
  }

  /** Stands still, in the guest too. */
  private readonly pause = (): void => void this.child.kill("SIGSTOP");

  private readonly resume = (): void => void this.child.kill("SIGCONT");

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.child.kill(signal);
    this.resume(); // one that stands still hears no signal but SIGKILL
    await this.closed;
  }

  /** No guest outlives the benchmark. */
  private readonly kill = (): void => void this.child.kill("SIGKILL");

  private makePort(): SerialPort {
    const { stdin, stdout, stderr } = this.child;
    stdin?.on("error", () => undefined); // it has ended, as onEnd tells
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.complaint = (this.complaint + text).slice(-COMPLAINT_CHARACTERS);
    });
    return {
      send: (text) => void stdin?.write(text),
      onText: (listener) =>
        void stdout?.setEncoding("latin1").on("data", (text: string) => listener(text, performance.now())),
      onEnd: (listener) => {
        const end = (why: string) => {
          if (!this.hasEnded) listener([why, this.complaint.trim()].filter(Boolean).join(": "));
          this.hasEnded = true;
        };
        this.child.once("error", (error) => end(error.message));
        this.child.once("close", (status, signal) => end(`the process ended (${signal ?? `status ${status}`})`));
      },
    };
  }
}
