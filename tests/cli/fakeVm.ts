/** A VM for the tests of `tabvisor run`: it says what it is told to, and notes what it gets. */
import type { RunEnvironment, RunnableVm } from "../../src/cli/run.ts";
import type { GuestSignal, StopReason, VmProfile, VmState, VmStats } from "../../src/vm/vmConfig.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

class FakeLine {
  private readonly outputs = new Set<(bytes: Uint8Array) => void>();

  constructor(private readonly take: (text: string) => void) {}

  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    this.outputs.add(listener);
    return () => void this.outputs.delete(listener);
  }

  send(bytes: Uint8Array): void {
    this.take(decode(bytes));
  }

  flush(): void {}

  /** The guest writes. */
  say(text: string): void {
    for (const listener of [...this.outputs]) listener(encode(text));
  }
}

export class FakeVm implements RunnableVm {
  onDebugByte: ((byte: number) => void) | undefined;
  /** What the guest got, in order. */
  readonly sent: string[] = [];
  readonly typed: string[] = [];
  readonly moved: number[][] = [];
  screen = "";
  closed = false;
  private readonly signals = new Set<(signal: GuestSignal) => void>();
  private readonly driveFailures = new Set<(message: string) => void>();
  private readonly states = new Set<(state: VmState, reason?: StopReason) => void>();

  /** @param guest what the guest does once the VM is started. */
  constructor(private readonly guest: (vm: FakeVm) => void = () => {}) {}

  readonly serial = new FakeLine((text) => this.sent.push(text));
  readonly virtioConsole = new FakeLine((text) => this.sent.push(`hvc0: ${text}`));
  readonly printer = new FakeLine(() => {});
  readonly mouse = { move: (...movement: number[]) => void this.moved.push(movement) };

  start(): void {
    queueMicrotask(() => this.guest(this));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  onDriveFailure(listener: (message: string) => void): () => void {
    this.driveFailures.add(listener);
    return () => void this.driveFailures.delete(listener);
  }

  onSignal(listener: (signal: GuestSignal) => void): () => void {
    this.signals.add(listener);
    return () => void this.signals.delete(listener);
  }

  onState(listener: (state: VmState, reason?: StopReason) => void): () => void {
    this.states.add(listener);
    return () => void this.states.delete(listener);
  }

  async type(text: string): Promise<void> {
    this.typed.push(text);
  }

  screenText(): string {
    return this.screen;
  }

  frame() {
    return { width: 2, height: 1, pixels: new Uint8ClampedArray(8), changedRows: { first: 0, end: 1 } };
  }

  stats(): VmStats {
    return { instructions: 7, seconds: 1 } as VmStats;
  }

  profile(): VmProfile {
    return { instructions: 7, translatedInstructions: 0, regions: [] };
  }

  /** The guest writes to its serial line. */
  say(text: string): void {
    this.serial.say(text);
  }

  signal(signal: GuestSignal): void {
    for (const listener of [...this.signals]) listener(signal);
  }

  failDrive(message: string): void {
    for (const listener of [...this.driveFailures]) listener(message);
  }

  stop(reason: StopReason): void {
    for (const listener of [...this.states]) listener(reason.kind === "triple-fault" ? "crashed" : "off", reason);
  }
}

/** A process without a terminal, and what was written to its outputs. */
export function fakeProcess(isTTY = false) {
  const written = { stdout: "", stderr: "", raw: [] as boolean[] };
  const signals = new Map<string, () => void>();
  let onData: ((bytes: Uint8Array) => void) | undefined;
  const output = (name: "stdout" | "stderr") => ({
    write: (data: Uint8Array | string, done?: () => void) => {
      written[name] += typeof data === "string" ? data : decode(data);
      if (done) queueMicrotask(done);
    },
  });
  const environment: RunEnvironment = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: {
      isTTY,
      setRawMode: (raw) => written.raw.push(raw),
      on: (_event, listener) => {
        onData = listener;
      },
      off: () => {
        onData = undefined;
      },
      resume: () => {},
      pause: () => {},
    },
    signals: {
      once: (event, listener) => signals.has(event) || signals.set(event, listener),
      off: (event) => signals.delete(event),
    },
  };
  return {
    environment,
    written,
    /** Keys or piped input. */
    input: (text: string) => onData?.(encode(text)),
    signal: (name: string) => signals.get(name)?.(),
  };
}
