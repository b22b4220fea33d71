/**
 * Text and scripts as key presses, and a typist that presses them no faster than the guest takes them.
 * The guest is taken to use a US layout.
 */
import type { Clock, Timer } from "../bus/clock.ts";
import { type KeyChord, namedKey, usKey } from "./keyCodes.ts";

/** What the typist presses keys on; `Ps2Keyboard` is one. */
export interface TypingKeyboard {
  /** Without `typematic` a key that stays down is not repeated. */
  key(code: string, down: boolean, typematic: boolean): boolean;
  hasRoom(bytes?: number): boolean;
  /** True when the guest has taken everything typed so far. */
  readonly drained: boolean;
}

/** The presses for literal text; line ends of any kind are Enter. Characters that the US layout lacks are left out. */
export function textKeys(text: string): KeyChord[] {
  const keys: KeyChord[] = [];
  for (const character of text.replace(/\r\n?/g, "\n")) {
    const key = usKey(character);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

/** The presses for text with names in angle brackets: `root<enter>`, `<ctrl-alt-delete>`, `<lt>`. Other brackets are text. */
export function scriptKeys(script: string): KeyChord[] {
  const keys: KeyChord[] = [];
  for (const part of script.split(/(<[^<>\s]{1,40}>)/)) {
    const chord = part.startsWith("<") && part.endsWith(">") ? namedKey(part.slice(1, -1)) : undefined;
    if (chord === undefined) keys.push(...textKeys(part));
    else keys.push(chord);
  }
  return keys;
}

export interface TypistOptions {
  clock: Clock;
  keyboard: TypingKeyboard;
  /**
   * Guest time between a press, its release and the next press, in ns. Firmware and boot loaders keep only 15 keys, so the
   * pace matters beyond the 8042's buffer. Default 4 ms each.
   */
  stepNs?: number;
}

interface Step {
  readonly codes: readonly string[];
  readonly down: boolean;
}

interface Job {
  readonly steps: readonly Step[];
  next: number;
  done(): void;
}

const DEFAULT_STEP_NS = 4_000_000;
/** Longest time between two looks whether a guest that does not read the keyboard has begun to. */
const MAX_WAIT_NS = 100_000_000;

export class Typist {
  private readonly jobs: Job[] = [];
  private readonly keyboard: TypingKeyboard;
  private readonly clock: Clock;
  private readonly stepNs: number;
  private readonly timer: Timer;
  private waitNs: number;

  constructor(options: TypistOptions) {
    this.keyboard = options.keyboard;
    this.clock = options.clock;
    this.stepNs = options.stepNs ?? DEFAULT_STEP_NS;
    this.waitNs = this.stepNs;
    this.timer = options.clock.createTimer("typist", () => this.step());
  }

  /** Types a script (see {@link scriptKeys}); resolves when the guest has taken the last key. */
  type(script: string): Promise<void> {
    return this.press(scriptKeys(script));
  }

  /** Types text literally. */
  paste(text: string): Promise<void> {
    return this.press(textKeys(text));
  }

  press(keys: readonly KeyChord[]): Promise<void> {
    if (keys.length === 0) return Promise.resolve();
    return new Promise((done) => {
      this.jobs.push({ steps: keys.flatMap(chordSteps), next: 0, done });
      if (this.timer.deadlineNs === undefined) this.timer.arm(this.clock.nowNs());
    });
  }

  get idle(): boolean {
    return this.jobs.length === 0;
  }

  /** Drops what is not typed yet, letting go of the keys that are down; the promises resolve. */
  cancel(): void {
    this.timer.cancel();
    for (const job of this.jobs.splice(0)) {
      const release = job.steps[job.next];
      if (release !== undefined && !release.down) this.perform(release);
      job.done();
    }
  }

  private step(): void {
    const job = this.jobs[0];
    if (job === undefined) return;
    if (!this.ready(job)) {
      this.waitForGuest();
      return;
    }
    this.waitNs = this.stepNs;
    const step = job.steps[job.next++];
    if (step === undefined) this.finish();
    else this.perform(step);
    if (this.jobs.length > 0) this.timer.arm(this.clock.nowNs() + this.stepNs);
  }

  /** A press needs room for every key of the chord, and the guest to be done with what came before. */
  private ready(job: Job): boolean {
    const step = job.steps[job.next];
    if (!this.keyboard.drained) return false;
    return step === undefined || !step.down || this.keyboard.hasRoom();
  }

  private waitForGuest(): void {
    this.timer.arm(this.clock.nowNs() + this.waitNs);
    this.waitNs = Math.min(this.waitNs * 2, MAX_WAIT_NS);
  }

  private perform(step: Step): void {
    // A guest that is slow to read keeps keys down for long, and shall have each once.
    for (const code of step.codes) this.keyboard.key(code, step.down, false);
  }

  private finish(): void {
    this.jobs.shift()?.done();
  }
}

/** Modifiers down, the key down; then the key up and the modifiers up in the other order. */
function chordSteps(chord: KeyChord): Step[] {
  const codes = [...chord.modifiers, chord.key];
  return [
    { codes, down: true },
    { codes: codes.toReversed(), down: false },
  ];
}
