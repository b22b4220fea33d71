/** The PC speaker in the browser's audio thread: takes waves, gives samples. */
import type { SpeakerWave } from "../devices/pit/speakerWave.ts";
import { SpeakerPlayback } from "./speakerPlayback.ts";

// Of the AudioWorkletGlobalScope, which TypeScript's DOM library leaves out.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** What the page posts. */
export interface SpeakerMessage {
  nowNs: number;
  waves: readonly SpeakerWave[];
}

class SpeakerProcessor extends AudioWorkletProcessor {
  private readonly playback = new SpeakerPlayback(sampleRate);

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<SpeakerMessage>) => this.playback.receive(data.nowNs, data.waves);
  }

  process(_inputs: unknown, [[samples]]: [[Float32Array]]): boolean {
    this.playback.fill(samples);
    return true;
  }
}

registerProcessor("pc-speaker", SpeakerProcessor);
