/** The PC speaker's waves, gathered until the running slice of the guest is over (a microtask). */
import type { SpeakerWave } from "../devices/pit/speakerWave.ts";

/** More are not kept of one slice: whatever the guest does there, it is no sound. */
const MAX_WAVES = 10_000;

export type SpeakerListener = (nowNs: number, waves: readonly SpeakerWave[]) => void;

export class SpeakerFeed {
  /** Hears the waves, with the guest's time. */
  onWaves: SpeakerListener | undefined;
  private waves: SpeakerWave[] = [];

  constructor(private readonly nowNs: () => number) {}

  write(wave: SpeakerWave): void {
    if (this.onWaves === undefined || this.waves.length >= MAX_WAVES) return;
    this.waves.push(wave);
    if (this.waves.length === 1) queueMicrotask(() => this.flush());
  }

  private flush(): void {
    const waves = this.waves;
    this.waves = [];
    this.onWaves?.(this.nowNs(), waves);
  }
}
