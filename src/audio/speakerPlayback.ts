/**
 * The PC speaker's waves (guest time) as samples (the audio device's time). A sample is the share of its time in which the speaker's
 * input is high, so that tones above hearing fade instead of folding down, and pulses played as sound by DOS programs come out.
 */
import { constantWave, type SpeakerWave } from "../devices/pit/speakerWave.ts";

/** Sound comes this much after the guest made it: waves arrive in batches, and sometimes late. */
const LATENCY_NS = 60_000_000;
/** Guest and audio device may be apart by so much before the sound jumps. */
const MAX_DRIFT_NS = 100_000_000;
/** Waves that wait; a guest that makes more at once is no music. */
const MAX_WAVES = 50_000;
/** A speaker follows no direct current. */
const HIGH_PASS_HZ = 25;
const VOLUME = 0.25;

export class SpeakerPlayback {
  private current = constantWave(0, false);
  private coming: SpeakerWave[] = [];
  /** Guest time of the next sample; undefined before the guest was heard of. */
  private playNs: number | undefined;
  private readonly sampleNs: number;
  private readonly smoothing: number;
  private mean = 0;

  constructor(sampleRate: number) {
    this.sampleNs = 1e9 / sampleRate;
    this.smoothing = (2 * Math.PI * HIGH_PASS_HZ) / sampleRate;
  }

  /** Waves in the order in which the guest made them, and its time now. One takes the place of those that should begin after it. */
  receive(nowNs: number, waves: readonly SpeakerWave[]): void {
    for (const wave of waves) {
      while (this.coming.length > 0 && this.coming.at(-1)!.atNs >= wave.atNs) this.coming.pop();
      if (this.coming.length < MAX_WAVES) this.coming.push(wave);
    }
    const wanted = nowNs - LATENCY_NS;
    if (this.playNs === undefined || Math.abs(this.playNs - wanted) > MAX_DRIFT_NS) this.playNs = wanted;
  }

  /** The next samples, -1 to 1. */
  fill(samples: Float32Array): void {
    for (let index = 0; index < samples.length; index++) samples[index] = this.next();
  }

  private next(): number {
    const from = this.playNs ?? 0;
    const to = from + this.sampleNs;
    if (this.playNs !== undefined) this.playNs = to;
    const level = this.highNs(from, to) / this.sampleNs;
    this.mean += (level - this.mean) * this.smoothing;
    return (level - this.mean) * VOLUME;
  }

  /** How long the input is high in `[from, to)`; takes up the waves that begin by then. */
  private highNs(from: number, to: number): number {
    let high = 0;
    let start = from;
    while (this.coming.length > 0 && this.coming[0]!.atNs < to) {
      const wave = this.coming.shift()!;
      const end = Math.max(start, wave.atNs);
      high += highBetween(this.current, start, end);
      this.current = wave;
      start = end;
    }
    return high + highBetween(this.current, start, to);
  }
}

function highBetween(wave: SpeakerWave, from: number, to: number): number {
  return highSinceOrigin(wave, to) - highSinceOrigin(wave, from);
}

function highSinceOrigin({ originNs, highNs, periodNs }: SpeakerWave, time: number): number {
  const periods = Math.floor((time - originNs) / periodNs);
  const within = time - originNs - periods * periodNs;
  return periods * highNs + Math.min(within, highNs);
}
