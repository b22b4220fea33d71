/**
 * The PC speaker of one machine in the page. The audio device is opened at the first sound, once the person has touched the page
 * (browsers allow none before), and closed again after some silence: an idle one costs time.
 */
import { isConstant, type SpeakerWave } from "../devices/pit/speakerWave.ts";
import type { SpeakerMessage } from "./speakerWorklet.ts";
import workletUrl from "./speakerWorklet.ts?worker&url";

const SILENCE_MS = 3000;
const GESTURES = ["pointerdown", "keydown", "touchend"] as const;

export class SpeakerPlayer {
  private context: AudioContext | undefined;
  private node: AudioWorkletNode | undefined;
  private gain: GainNode | undefined;
  private closing: ReturnType<typeof setTimeout> | undefined;
  private muted = false;
  private heard = false;
  /** For an audio device that comes late: what the guest's speaker does since then. */
  private last: SpeakerMessage | undefined;
  private playing = true;

  /** @param onChange the guest has made its first sound, or {@link isMuted} has changed */
  constructor(private readonly onChange: () => void) {}

  /** The guest has used the speaker. */
  get wasUsed(): boolean {
    return this.heard;
  }

  get isMuted(): boolean {
    return this.muted;
  }

  set isMuted(muted: boolean) {
    this.muted = muted;
    this.setVolume();
    this.onChange();
  }

  /** A guest that does not run makes no sound. */
  set isPlaying(playing: boolean) {
    this.playing = playing;
    this.setVolume();
  }

  receive(nowNs: number, waves: readonly SpeakerWave[]): void {
    const sounds = waves.some((wave) => !isConstant(wave)) || waves.length > 2;
    if (sounds && !this.heard) {
      this.heard = true;
      this.onChange();
    }
    if (sounds) this.open();
    const last = waves.at(-1);
    if (last === undefined) return;
    this.last = { nowNs, waves: [last] };
    if (this.context?.state === "running") this.node?.port.postMessage({ nowNs, waves });
    if (isConstant(last)) this.closing ??= setTimeout(() => this.sleep(), SILENCE_MS);
    else this.stayOpen();
  }

  dispose(): void {
    this.stayOpen();
    this.forgetGestures();
    void this.context?.close();
    this.context = undefined;
    this.node = undefined;
  }

  private open(): void {
    this.stayOpen();
    if (this.context === undefined) void this.create();
    else if (this.context.state === "suspended") this.resume();
  }

  private async create(): Promise<void> {
    if (typeof AudioContext !== "function") return;
    const context = new AudioContext();
    this.context = context;
    this.resume();
    try {
      await context.audioWorklet.addModule(workletUrl);
    } catch (error) {
      console.warn("the PC speaker stays silent:", error);
      return;
    }
    if (this.context !== context) return;
    this.gain = context.createGain();
    this.node = new AudioWorkletNode(context, "pc-speaker", { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.connect(this.gain).connect(context.destination);
    this.setVolume();
    context.onstatechange = () => this.catchUp();
    this.catchUp();
  }

  private catchUp(): void {
    if (this.context?.state === "running" && this.last) this.node?.port.postMessage(this.last);
  }

  /** At once if the person has touched the page already, else when they do. */
  private resume(): void {
    void this.context?.resume();
    for (const type of GESTURES) document.addEventListener(type, this.onGesture, { capture: true });
  }

  private readonly onGesture = (): void => {
    this.forgetGestures();
    void this.context?.resume();
  };

  private forgetGestures(): void {
    for (const type of GESTURES) document.removeEventListener(type, this.onGesture, { capture: true });
  }

  private sleep(): void {
    this.closing = undefined;
    this.forgetGestures();
    void this.context?.suspend();
  }

  private stayOpen(): void {
    clearTimeout(this.closing);
    this.closing = undefined;
  }

  private setVolume(): void {
    if (this.gain) this.gain.gain.value = this.muted || !this.playing ? 0 : 1;
  }
}
