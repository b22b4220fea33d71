/**
 * One VM as its worker offers it: control by Comlink calls, input and output on a MessagePort (messages.ts).
 * The screen is drawn on the page's own canvas, by another worker or here.
 */

import type { EngineModules } from "../core/engine.ts";
import { CanvasDisplay } from "../display/canvasDisplay.ts";
import { wantsCompiler } from "../machine/machine.ts";
import { type CompileAnswer, RemoteCompiler } from "../vm/remoteCompiler.ts";
import { Vm } from "../vm/vm.ts";
import type { MediumConfig, VmConfig } from "../vm/vmConfig.ts";
import { VmError } from "../vm/vmError.ts";
import { browserOpeners, openTree } from "./browserOpeners.ts";
import type { DisplayAnswer, DisplayRequest } from "./displayProtocol.ts";
import { packError } from "./errors.ts";
import { FramePoster } from "./framePoster.ts";
import { type InputMessage, type OutputMessage, postOutput } from "./messages.ts";
import { Pace, type PaceLimits } from "./pace.ts";
import { RemoteDisplay } from "./remoteDisplay.ts";
import { SerialBatcher } from "./serialBatcher.ts";

/** Between two looks whether the text screen has changed. */
const SCREEN_TEXT_MS = 100;
/** Between two reports of the figures. */
const STATS_MS = 500;
/** Between two pieces of what is printed, and of serial output. */
const PRINTED_PACE = { shortestMs: 100, longestMs: 100, busyMs: 100 };
const SERIAL_PACE = { shortestMs: 8, longestMs: 64, busyMs: 128 };

interface Display {
  start(): void;
  stop(): void;
  /** Draws what has changed now. */
  drawNow(): unknown;
  /** A key has been pressed. */
  expectAnswer?(): void;
}

export class VmService {
  private created: Vm | undefined;
  private compileWorker: Worker | undefined;
  private displayWorker: Worker | undefined;
  private port: MessagePort | undefined;
  private display: Display | undefined;
  private framePoster: FramePoster | undefined;
  private visible = true;
  private screenText = "";
  private readonly timers: ReturnType<typeof setInterval>[] = [];
  private readonly countRests = (): number => this.created?.rests ?? 0;
  private readonly serial = this.batcher("serial", SERIAL_PACE);
  private readonly virtioConsole = this.batcher("virtio-console", SERIAL_PACE);
  private readonly printed = this.batcher("printed", PRINTED_PACE);

  /** Makes the VM; it is started by {@link start}. Throws VmError and EngineError. */
  async create(config: VmConfig, engine: EngineModules, port: MessagePort): Promise<void> {
    this.port = port;
    const compiler = this.startCompiler(config);
    const vm = await Vm.create(config, engine, { openers: browserOpeners, openTree, ...(compiler && { compiler }) });
    this.created = vm;
    vm.onDriveFailure((message) => this.post({ kind: "drive-failure", message }));
    vm.virtioConsole.onOutput((bytes) => this.virtioConsole.write(bytes));
    vm.printer.onOutput((bytes) => this.printed.write(bytes));
    vm.speaker.onWaves = (nowNs, waves) => this.post({ kind: "speaker", nowNs, waves });
    vm.onSignal((signal) => this.post({ kind: "signal", signal }));
    vm.serial.onOutput((bytes) => this.serial.write(bytes));
    vm.onState((state, reason) => {
      this.report();
      this.updateDisplay();
      this.post({ kind: "state", state, ...(reason && { reason }) });
    });
    port.onmessage = (event: MessageEvent<InputMessage>) => this.handle(event.data);
    this.timers.push(setInterval(() => this.reportScreenText(), SCREEN_TEXT_MS));
    this.timers.push(setInterval(() => this.reportStats(), STATS_MS));
  }

  /** Draws the screen on `canvas` from now on: in a worker of its own, where that can see the guest's memory. */
  attachCanvas(canvas: OffscreenCanvas): void {
    const { vram } = this.vm.screen;
    if (typeof Worker === "function" && isShared(vram)) this.drawElsewhere(canvas, vram);
    else this.drawHere(canvas);
  }

  private drawElsewhere(canvas: OffscreenCanvas, vram: Uint8Array): void {
    const worker = new Worker(new URL("./displayWorker.ts", import.meta.url), { type: "module" });
    const display = new RemoteDisplay(
      this.vm.screen,
      (request: DisplayRequest) => worker.postMessage(request),
      (width, height) => this.post({ kind: "screen-size", width, height }),
      this.countRests,
    );
    worker.onmessage = (event: MessageEvent<DisplayAnswer>) => display.receive(event.data);
    worker.onerror = (event) => this.reportFault(event.error ?? event.message);
    worker.postMessage({ kind: "attach", canvas, vram } satisfies DisplayRequest, [canvas]);
    this.displayWorker?.terminate();
    this.displayWorker = worker;
    this.useDisplay(display);
  }

  private drawHere(canvas: OffscreenCanvas): void {
    this.useDisplay(
      new CanvasDisplay({
        canvas,
        source: () => this.vm.frame(),
        onResize: (width, height) => this.post({ kind: "screen-size", width, height }),
      }),
    );
  }

  /** Posts the screen's changes to the page from now on, where there is no OffscreenCanvas. */
  attachPage(): void {
    this.framePoster = new FramePoster(
      () => this.vm.frame(),
      (message) => this.post(message),
    );
    this.useDisplay(this.framePoster);
  }

  start(): void {
    this.vm.start();
  }

  pause(): void {
    this.vm.pause();
  }

  resume(): void {
    this.vm.resume();
  }

  reset(): void {
    this.vm.reset();
  }

  /** Puts another medium, or none, into a CD-ROM or floppy drive. */
  async changeMedium(drive: string, medium: MediumConfig | undefined): Promise<void> {
    await this.vm.changeMedium(drive, medium);
  }

  /** Types a script with `<enter>` and the like on the PS/2 keyboard; resolves when the guest has taken the last key. */
  async type(script: string): Promise<void> {
    await this.vm.type(script);
  }

  /** Types text as it is; resolves when the guest has taken the last key. */
  async paste(text: string): Promise<void> {
    await this.vm.paste(text);
  }

  async close(): Promise<void> {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    this.display?.stop();
    this.serial.finish();
    this.virtioConsole.finish();
    this.printed.finish();
    await this.created?.close();
    this.compileWorker?.terminate();
    this.displayWorker?.terminate();
    this.port?.close();
  }

  /** Tells the page of a defect that no call was there to report. */
  reportFault(error: unknown): void {
    this.post({ kind: "fault", error: packError(error) });
  }

  /** A worker of this VM's own, which ends with it; where workers have none it is done here. */
  private startCompiler(config: VmConfig): RemoteCompiler | undefined {
    if (!wantsCompiler(config) || typeof Worker !== "function") return undefined;
    const worker = new Worker(new URL("./compileWorker.ts", import.meta.url), { type: "module" });
    const compiler = new RemoteCompiler((request) => worker.postMessage(request));
    worker.onmessage = (event: MessageEvent<CompileAnswer>) => compiler.receive(event.data);
    worker.onerror = () => compiler.fail();
    this.compileWorker = worker;
    return compiler;
  }

  private batcher(kind: "serial" | "virtio-console" | "printed", limits: PaceLimits): SerialBatcher {
    return new SerialBatcher((bytes) => this.post({ kind, bytes }), new Pace(limits, this.countRests));
  }

  private get vm(): Vm {
    if (this.created === undefined) throw new VmError("bad-state", "the machine has not been made yet");
    return this.created;
  }

  private useDisplay(display: Display): void {
    this.display?.stop();
    this.display = display;
    this.updateDisplay();
  }

  private handle(message: InputMessage): void {
    if (message.kind === "serial") {
      this.serial.expectAnswer();
      this.vm.serial.send(message.bytes);
    } else if (message.kind === "virtio-console") {
      this.virtioConsole.expectAnswer();
      this.vm.virtioConsole.send(message.bytes);
    } else if (message.kind === "key") {
      this.display?.expectAnswer?.();
      this.vm.keyboard.key(message.code, message.down, message.typematic);
    } else if (message.kind === "mouse") this.vm.mouse.move(message.dx, message.dy, message.dz, message.buttons);
    else if (message.kind === "pointer") this.vm.mouse.moveTo(message.x, message.y, message.dz, message.buttons);
    else if (message.kind === "visible") this.setVisible(message.visible);
    else this.framePoster?.drawn();
  }

  private setVisible(visible: boolean): void {
    this.visible = visible;
    this.updateDisplay();
  }

  /** Looks for changes to draw only while there can be any and somebody to see them. */
  private updateDisplay(): void {
    if (this.visible && this.created?.state === "running") {
      this.display?.start();
      return;
    }
    this.display?.stop();
    if (this.visible) this.display?.drawNow();
  }

  private report(): void {
    this.reportScreenText();
    this.reportStats();
  }

  private reportScreenText(): void {
    const text = this.vm.screenText();
    if (text === this.screenText) return;
    this.screenText = text;
    this.post({ kind: "screen-text", text });
  }

  private reportStats(): void {
    this.post({ kind: "stats", stats: this.vm.stats() });
  }

  private post(message: OutputMessage): void {
    if (this.port !== undefined) postOutput(this.port, message);
  }
}

function isShared({ buffer }: Uint8Array): boolean {
  return typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer;
}
