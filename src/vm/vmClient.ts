/**
 * A VM as the page sees it: the main-thread end of one worker. It is there from the moment it was asked for, so that loading
 * and failing to load are states of it like running and being paused; no call hangs when the worker has died.
 */
import { type Remote, releaseProxy, transfer, wrap } from "comlink";
import { SpeakerPlayer } from "../audio/speakerPlayer.ts";
import type { EngineModules } from "../core/engine.ts";
import { placeDrives } from "../machine/drivePlacement.ts";
import { installErrorTransfer, unpackError } from "../worker/errors.ts";
import { hasOffscreenCanvas } from "../worker/features.ts";
import { type InputMessage, type OutputMessage, postInput } from "../worker/messages.ts";
import type { VmService } from "../worker/vmService.ts";
import { ClientLine } from "./clientLine.ts";
import { GuestSignals } from "./guestSignals.ts";
import { Printout } from "./printout.ts";
import type { GuestSignal, MediumConfig, ScreenSize, StopReason, VmConfig, VmState, VmStats } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";
import { NO_STATS } from "./vmStats.ts";

installErrorTransfer();

/** `loading`: its files, the engine and the worker are on their way. `failed`: it could not be made, or its worker died. */
export type ClientState = "loading" | VmState | "failed";

/** Everything a VM needs, fetched when it is wanted. */
export interface VmRequest {
  /** What people call it. */
  title: string;
  /** The guest's id in the catalogue, when it is from there. */
  guest?: string;
  /** Fetches the parts; may throw, with one clear message. What takes long is told to `onProgress`. */
  load(onProgress: (message: string) => void): Promise<VmConfig>;
  engine(): Promise<EngineModules>;
}

/**
 * `state` also when a failure, its reason or the progress of loading changed, `screen` when the screen's text or size did, `size` when its
 * size did, `drives` when {@link VmClient.driveFailures} did, `signal` when {@link VmClient.signals} did, `printed` when there is more in
 * {@link VmClient.printout}, `speaker` when the {@link VmClient.speaker} was used or muted.
 */
export type ClientEvent =
  | "state"
  | "screen"
  | "size"
  | "stats"
  | "responding"
  | "drives"
  | "signal"
  | "printed"
  | "speaker";

/** A drive whose medium can be changed, by its name: "ide2", "floppy0". */
export interface RemovableDrive {
  name: string;
  kind: "cdrom" | "floppy";
}

/** Draws rows of the screen where the worker cannot. */
type FrameListener = (frame: Extract<OutputMessage, { kind: "frame" }>) => void;

/** A running VM that gives no sign of life for this long is said not to respond. */
const SILENCE_MS = 8000;
const WATCH_MS = 2000;
const CLOSE_MS = 1000;
/** More are not shown. */
const MAX_DRIVE_FAILURES = 3;

let lastId = 0;

export class VmClient {
  /** Unique in the page, from 1. */
  readonly id = ++lastId;
  /** COM1. */
  readonly serial = new ClientLine((bytes) => this.post({ kind: "serial", bytes }));
  /** hvc0, where the configuration asks for it. */
  readonly virtioConsole = new ClientLine((bytes) => this.post({ kind: "virtio-console", bytes }));
  readonly signals = new GuestSignals();
  /** What the guest has printed on LPT1. */
  readonly printout = new Printout();
  readonly speaker = new SpeakerPlayer(() => this.emit("speaker"));
  private currentState: ClientState = "loading";
  private stopReason: StopReason | undefined;
  private error: Error | undefined;
  private size: ScreenSize = { width: 720, height: 400 };
  private lastScreenText = "";
  private lastStats: VmStats = NO_STATS;
  private loadingStep = "";
  private failedDrives: readonly string[] = [];
  private removable: readonly RemovableDrive[] = [];
  private hasHvc = false;
  private isResponding = true;
  private lastSign = 0;
  private watch: ReturnType<typeof setInterval> | undefined;
  private worker: Worker | undefined;
  private service: Remote<VmService> | undefined;
  private port: MessagePort | undefined;
  private early: InputMessage[] = [];
  private onDeath: ((error: Error) => void) | undefined;
  private readonly death = new Promise<never>((_, reject) => {
    this.onDeath = reject;
  });
  private readonly listeners = new Map<ClientEvent, Set<() => void>>();
  private readonly frameListeners = new Set<FrameListener>();

  constructor(readonly request: VmRequest) {
    this.death.catch(() => undefined);
  }

  get title(): string {
    return this.request.title;
  }

  /** The guest's id, or "". */
  get guest(): string {
    return this.request.guest ?? "";
  }

  get state(): ClientState {
    return this.currentState;
  }

  /** Why it stopped by itself; undefined when it did not. */
  get reason(): StopReason | undefined {
    return this.stopReason;
  }

  /** What loading is waiting for, if that takes long; else "". */
  get progress(): string {
    return this.loadingStep;
  }

  /** Why it failed; undefined when it did not. */
  get failure(): Error | undefined {
    return this.error;
  }

  /** False while a running VM gives no sign of life. */
  get responding(): boolean {
    return this.isResponding;
  }

  /** The guest has hvc0; false until the machine has been made. */
  get hasVirtioConsole(): boolean {
    return this.hasHvc;
  }

  /** Empty until the machine has been made. */
  get removableDrives(): readonly RemovableDrive[] {
    return this.removable;
  }

  /** What went wrong with drives and has not been hidden, one line each, the latest last. */
  get driveFailures(): readonly string[] {
    return this.failedDrives;
  }

  hidePanic(): void {
    this.signals.forgetPanic();
    this.emit("signal");
  }

  hideDriveFailure(message: string): void {
    this.setDriveFailures(this.failedDrives.filter((one) => one !== message));
  }

  /** The guest's screen in pixels. */
  get screenSize(): ScreenSize {
    return this.size;
  }

  /** Loads, makes and starts the VM. Never throws: what goes wrong is `state` "failed" and `failure`. */
  async boot(): Promise<void> {
    try {
      // Its code comes while the files do.
      const worker = this.startWorker();
      const [config, engine] = await Promise.all([this.load(), this.request.engine()]);
      if (this.ended) return;
      await this.create(worker, config, engine);
      this.removable = removableDrivesOf(config);
      this.hasHvc = config.virtio?.console === true;
      if (!this.ended) await this.call((service) => service.start());
    } catch (error) {
      this.fail(error);
    }
  }

  private load(): Promise<VmConfig> {
    return this.request.load((message) => {
      this.loadingStep = message;
      this.emit("state");
    });
  }

  pause(): Promise<void> {
    return this.call((service) => service.pause());
  }

  resume(): Promise<void> {
    return this.call((service) => service.resume());
  }

  /** Power off and on again. */
  reset(): Promise<void> {
    this.hidePanic();
    return this.call((service) => service.reset());
  }

  /** Puts another medium, or none, into a CD-ROM or floppy drive: "ide2", "floppy0". */
  changeMedium(drive: string, medium: MediumConfig | undefined): Promise<void> {
    return this.call((service) => service.changeMedium(drive, medium));
  }

  /** Ends the VM and its worker, however that is. */
  async close(): Promise<void> {
    if (this.currentState === "closed") return;
    const timeout = new Promise((resolve) => setTimeout(resolve, CLOSE_MS));
    const closing = this.service && !this.error ? this.call((service) => service.close()) : undefined;
    this.setState("closed");
    await Promise.race([closing?.catch(() => undefined), timeout]);
    this.endWorker();
    this.onDeath?.(new VmError("bad-state", "the machine was closed"));
  }

  /** All that the guest has written to COM1 (its last million characters). */
  serialText(): string {
    return this.serial.text;
  }

  /** The text screen, lines joined by newlines, at most a tenth of a second old; "" in graphics modes. */
  screenText(): string {
    return this.lastScreenText;
  }

  /** Types on the PS/2 keyboard, with names such as `<enter>`; resolves when the guest has taken the last key. */
  type(script: string): Promise<void> {
    return this.call((service) => service.type(script));
  }

  /** Types text as it is on the PS/2 keyboard, US layout; resolves when the guest has taken the last key. */
  paste(text: string): Promise<void> {
    return this.call((service) => service.paste(text));
  }

  /** Sends text to COM1. */
  send(text: string): void {
    this.serial.send(new TextEncoder().encode(text));
  }

  /** Figures at most half a second old; all zero before the VM has run. */
  stats(): VmStats {
    return this.lastStats;
  }

  /** A key of the PS/2 keyboard by its `KeyboardEvent.code`. */
  key(code: string, down: boolean, typematic = true): void {
    this.post({ kind: "key", code, down, typematic });
  }

  /** The mouse: counts right and down, wheel notches, `MouseEvent.buttons`. */
  mouse(dx: number, dy: number, dz: number, buttons: number): void {
    this.post({ kind: "mouse", dx, dy, dz, buttons });
  }

  /** The pointer, by fractions of the screen's width and height; nothing happens where the guest takes no positions. */
  pointTo(x: number, y: number, dz: number, buttons: number): void {
    this.post({ kind: "pointer", x, y, dz, buttons });
  }

  /** Whether anybody can see the screen. */
  setVisible(visible: boolean): void {
    this.post({ kind: "visible", visible });
  }

  /**
   * Shows the screen on `canvas`, for good: the worker draws on it itself. Where it cannot, calls `draw` with what changed.
   * Waits until the VM is there.
   */
  async attachCanvas(canvas: HTMLCanvasElement, draw: FrameListener): Promise<void> {
    await this.ready;
    if (hasOffscreenCanvas()) {
      const offscreen = canvas.transferControlToOffscreen();
      await this.call((service) => service.attachCanvas(transfer(offscreen, [offscreen])));
    } else {
      this.frameListeners.add(draw);
      await this.call((service) => service.attachPage());
    }
  }

  /** Calls `listener` at each `event`; returns how to stop that. */
  on(event: ClientEvent, listener: () => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners);
    return addTo(listeners, listener);
  }

  /** Resolves when the VM has been made; rejects when it could not be. */
  private get ready(): Promise<void> {
    if (this.service !== undefined && this.currentState !== "loading") return Promise.resolve();
    const made = new Promise<void>((resolve) => {
      const stop = this.on("state", () => {
        if (this.currentState === "loading") return;
        stop();
        resolve();
      });
    });
    return Promise.race([made, this.death]);
  }

  private get ended(): boolean {
    return this.currentState === "closed" || this.currentState === "failed";
  }

  private startWorker(): Worker {
    const worker = new Worker(new URL("../worker/vmWorker.ts", import.meta.url), { type: "module", name: this.title });
    this.worker = worker;
    worker.addEventListener("error", (event) => this.die(event.message));
    worker.addEventListener("messageerror", () => this.die("a message could not be read"));
    return worker;
  }

  private async create(worker: Worker, config: VmConfig, engine: EngineModules): Promise<void> {
    const service = wrap<VmService>(worker);
    this.service = service;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event: MessageEvent<OutputMessage>) => this.handle(event.data);
    const buffers = [...buffersOf(config)];
    await this.call(() => service.create(transfer(config, buffers), engine, transfer(port2, [port2])));
    if (this.ended) return;
    this.port = port1;
    for (const message of this.early.splice(0)) postInput(port1, message);
    if (this.currentState === "loading") this.setState("created");
    this.lastSign = performance.now();
    this.watch = setInterval(() => this.checkSigns(), WATCH_MS);
  }

  /** A call to the worker that fails when the worker dies, instead of hanging. */
  private async call(act: (service: Remote<VmService>) => Promise<void>): Promise<void> {
    if (this.error !== undefined) throw this.error;
    if (this.currentState === "closed") throw new VmError("bad-state", "the machine is closed");
    if (this.service === undefined) throw new VmError("bad-state", "the machine is still loading");
    await Promise.race([act(this.service), this.death]);
  }

  private post(message: InputMessage): void {
    if (this.port !== undefined) postInput(this.port, message);
    else if (!this.ended) this.early.push(message);
  }

  private handle(message: OutputMessage): void {
    this.lastSign = performance.now();
    if (!this.isResponding) this.setResponding(true);
    if (message.kind === "serial") this.serial.receive(message.bytes);
    else if (message.kind === "virtio-console") this.virtioConsole.receive(message.bytes);
    else if (message.kind === "state") this.setState(message.state, message.reason);
    else if (message.kind === "screen-size") this.resize(message.width, message.height);
    else if (message.kind === "frame") this.drawFrame(message);
    else if (message.kind === "signal") this.noteSignal(message.signal);
    else if (message.kind === "speaker") this.speaker.receive(message.nowNs, message.waves);
    else if (message.kind === "printed") {
      this.printout.append(message.bytes);
      this.emit("printed");
    } else if (message.kind === "drive-failure")
      this.setDriveFailures([...this.failedDrives.filter((one) => one !== message.message), message.message]);
    else if (message.kind === "fault") this.die(message.error.message, unpackError(message.error));
    else if (message.kind === "screen-text") {
      this.lastScreenText = message.text;
      this.emit("screen");
    } else {
      this.lastStats = message.stats;
      this.emit("stats");
    }
  }

  private noteSignal(signal: GuestSignal): void {
    this.signals.note(signal);
    this.emit("signal");
  }

  private drawFrame(frame: Extract<OutputMessage, { kind: "frame" }>): void {
    if (frame.width !== this.size.width || frame.height !== this.size.height) this.resize(frame.width, frame.height);
    for (const listener of [...this.frameListeners]) listener(frame);
    this.post({ kind: "frame-drawn" });
  }

  private resize(width: number, height: number): void {
    this.size = { width, height };
    this.emit("size");
    this.emit("screen");
  }

  private setState(state: ClientState, reason?: StopReason): void {
    if (this.ended && state !== "closed") return;
    this.currentState = state;
    this.stopReason = reason;
    this.speaker.isPlaying = state === "running";
    this.emit("state");
  }

  private setDriveFailures(messages: readonly string[]): void {
    this.failedDrives = messages.slice(-MAX_DRIVE_FAILURES);
    this.emit("drives");
  }

  private fail(error: unknown): void {
    if (this.ended) return;
    this.error = error instanceof Error ? error : new Error(String(error));
    this.setState("failed");
    this.endWorker();
    this.onDeath?.(this.error);
  }

  private die(message: string, cause?: Error): void {
    if (cause !== undefined) console.error(cause);
    this.fail(new VmError("bad-state", `The machine's worker has died: ${message || "no reason was given"}`));
  }

  private endWorker(): void {
    clearInterval(this.watch);
    this.speaker.dispose();
    this.service?.[releaseProxy]();
    this.worker?.terminate();
    this.port?.close();
    this.port = undefined;
    this.early = [];
  }

  /** Notices a worker that hangs. Browsers slow the timers of hidden pages down, so only a visible page judges. */
  private checkSigns(): void {
    if (document.visibilityState !== "visible") this.lastSign = performance.now();
    const silent = performance.now() - this.lastSign > SILENCE_MS;
    if (silent === this.isResponding) this.setResponding(!silent);
  }

  private setResponding(responding: boolean): void {
    this.isResponding = responding;
    this.emit("responding");
  }

  private emit(event: ClientEvent): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener();
  }
}

function addTo<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}

function removableDrivesOf({ drives = [] }: VmConfig): RemovableDrive[] {
  return placeDrives(drives).flatMap(({ config, index, media }): RemovableDrive[] => {
    const name = `${config.interface}${index}`;
    if (media === "cdrom") return [{ name, kind: "cdrom" }];
    return config.interface === "floppy" ? [{ name, kind: "floppy" }] : [];
  });
}

/** The memory behind the files of `config`, each once. */
function buffersOf({ bios, vgaBios, boot, drives = [] }: VmConfig): Set<Transferable> {
  const files = [bios, vgaBios];
  if (boot.kind === "kernel") files.push(boot.kernel, boot.initrd);
  for (const { source } of drives) if (source?.kind === "bytes") files.push(source.bytes);
  return new Set(files.filter((file) => file !== undefined).map((file) => file.buffer as ArrayBuffer));
}
