/**
 * PS/2 101/105-key keyboard ("MF2").
 *
 * Document: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)": Commands from the System.
 * Commands: ED Y, EE Y, F0 Y (sets 1-3), F2 Y, F3 Y, F4 Y, F5 Y, F6 Y, F7-FD Y (set 3), FE Y, FF Y.
 *
 * Departures: replies and the self-test take no time; a key pressed while the buffer is full is lost without the overrun
 * code (QEMU does the same; SeaBIOS would take it for a key), and its release with it, so that no key sticks. In set 3 all
 * keys start as typematic make/break.
 */
import type { Clock, Timer } from "../../bus/clock.ts";
import { bool, type Check, type Checked, list, object, SavedStateError, u8 } from "../../bus/savedState.ts";
import { ACK, MOST_REPLIES, type Ps2Device, RESEND, SELF_TEST_PASSED } from "./ps2Device.ts";
import { type ScanSet, scanCodes } from "./scanCodes.ts";
import { DEFAULT_TYPEMATIC, typematicDelayNs, typematicPeriodNs } from "./typematic.ts";

const scanSetCheck: Check<ScanSet> = (value, path) => {
  if (value !== 1 && value !== 2 && value !== 3) throw new SavedStateError(`${path}: no scan code set`);
  return value;
};

export const PS2_KEYBOARD_SHAPE = object({
  scanSet: scanSetCheck,
  scanning: bool,
  leds: u8,
  typematic: u8,
  /** Command that waits for its parameter, 0 when none. */
  pendingCommand: u8,
  lastByte: u8,
  replies: list(u8),
  scans: list(u8),
  /** Set 3 codes that send no break, and those that do not repeat. */
  withoutBreak: list(u8),
  withoutRepeat: list(u8),
});

export type Ps2KeyboardState = Checked<typeof PS2_KEYBOARD_SHAPE>;

/** Bytes of scan codes the keyboard keeps. */
const BUFFER_BYTES = 16;
const FIRST_COMMAND = 0xed;
const ID = [0xab, 0x83] as const;
/** Its make and break come at once. */
const NEVER_REPEATS = "Pause";
/** The commands of set 3 for one key, and those that do the same to all. */
const ALL_KEYS_COMMAND: Readonly<Record<number, number>> = { 251: 0xf7, 252: 0xf8, 253: 0xf9 };

export interface KeyboardLeds {
  readonly scrollLock: boolean;
  readonly numLock: boolean;
  readonly capsLock: boolean;
}

export class Ps2Keyboard implements Ps2Device {
  onOutput: (() => void) | undefined;
  /** Called when the guest sets the lights. */
  onLeds: ((leds: KeyboardLeds) => void) | undefined;
  /** Called when the guest takes a byte, so that a paced typist can go on. */
  onRoom: (() => void) | undefined;

  private scanSet: ScanSet = 2;
  private scanning = true;
  private ledBits = 0;
  private typematic = DEFAULT_TYPEMATIC;
  private pendingCommand = 0;
  private lastByte = 0;
  /** Replies overtake scan codes. */
  private replies: number[] = [];
  private scans: number[] = [];
  /** Set 3 keys (by code) that send no break, and that do not repeat. */
  private readonly withoutBreak = new Set<number>();
  private readonly withoutRepeat = new Set<number>();
  /** Keys held down whose make code was sent. derived: what the host's user holds now, not the guest's business. */
  private readonly held = new Set<string>();
  /** The key that went down last, as long as it is down. derived: as `held`. */
  private repeating: string | undefined;
  private readonly repeatTimer: Timer;

  constructor(
    name: string,
    private readonly clock: Clock,
  ) {
    this.repeatTimer = clock.createTimer(`${name} typematic`, () => this.repeat());
  }

  // --- Host side ---

  /**
   * A key goes down or up. `code` is a `KeyboardEvent.code`; unknown ones are ignored. The keyboard repeats the last key by itself,
   * and ignores that it goes down again, unless `typematic` is false: then each time that it goes down again is a repetition.
   * Returns false when the key was lost: no scanning, or the buffer is full.
   */
  key(code: string, down: boolean, typematic = true): boolean {
    if (!down) return this.release(code);
    if (this.held.has(code)) return typematic || this.pressAgain(code);
    if (!this.scanning) return false;
    this.repeating = typematic && code !== NEVER_REPEATS ? code : undefined;
    if (this.repeating === undefined) this.repeatTimer.cancel();
    else this.repeatTimer.arm(this.clock.nowNs() + typematicDelayNs(this.typematic));
    return this.press(code);
  }

  /** Lets go of every key that is held: the host's window lost the focus. */
  releaseAll(): void {
    for (const code of [...this.held]) this.key(code, false);
  }

  /** Whether a press of up to `bytes` bytes fits in the buffer now. */
  hasRoom(bytes = 8): boolean {
    return this.scanning && this.scans.length + bytes <= BUFFER_BYTES;
  }

  /** True when the guest has taken every scan code. */
  get drained(): boolean {
    return this.scans.length === 0 && this.replies.length === 0;
  }

  get leds(): KeyboardLeds {
    return {
      scrollLock: (this.ledBits & 1) !== 0,
      numLock: (this.ledBits & 2) !== 0,
      capsLock: (this.ledBits & 4) !== 0,
    };
  }

  // --- Controller side ---

  get hasOutput(): boolean {
    if (this.replies.length > 0) return true;
    return this.scans.length > 0 && this.pendingCommand === 0;
  }

  takeOutput(): number {
    const byte = this.replies.shift() ?? this.scans.shift() ?? 0;
    if (byte !== RESEND) this.lastByte = byte;
    if (this.replies.length === 0) this.onRoom?.();
    return byte;
  }

  receive(byte: number): void {
    const command = this.pendingCommand;
    // A command in place of a parameter ends the wait; no parameter is as high as the first command.
    if (command !== 0 && byte < FIRST_COMMAND) this.parameter(command, byte);
    else this.command(byte);
    if (this.hasOutput) this.onOutput?.();
  }

  reset(): void {
    this.setDefaults();
    this.scanning = true;
    this.ledBits = 0;
    this.replies = [];
    this.pendingCommand = 0;
    this.lastByte = 0;
    this.forgetKeys();
    this.onLeds?.(this.leds);
  }

  save(): Ps2KeyboardState {
    return {
      scanSet: this.scanSet,
      scanning: this.scanning,
      leds: this.ledBits,
      typematic: this.typematic,
      pendingCommand: this.pendingCommand,
      lastByte: this.lastByte,
      replies: [...this.replies],
      scans: [...this.scans],
      withoutBreak: [...this.withoutBreak],
      withoutRepeat: [...this.withoutRepeat],
    };
  }

  restore(state: Ps2KeyboardState): void {
    this.scanSet = state.scanSet;
    this.scanning = state.scanning;
    this.ledBits = state.leds;
    this.typematic = state.typematic;
    this.pendingCommand = state.pendingCommand;
    this.lastByte = state.lastByte;
    this.replies = [...state.replies];
    this.scans = [...state.scans];
    this.withoutBreak.clear();
    for (const code of state.withoutBreak) this.withoutBreak.add(code);
    this.withoutRepeat.clear();
    for (const code of state.withoutRepeat) this.withoutRepeat.add(code);
    this.forgetKeys();
    this.onLeds?.(this.leds);
  }

  private press(code: string): boolean {
    const bytes = scanCodes(code, true, this.scanSet, this.modifiers());
    if (!this.hasRoom(bytes.length)) return false;
    this.held.add(code);
    this.send(bytes);
    return true;
  }

  private release(code: string): boolean {
    if (code === this.repeating) this.stopRepeating();
    const bytes = scanCodes(code, false, this.scanSet, this.modifiers());
    if (!this.held.delete(code) || !this.scanning) return false;
    if (this.scanSet !== 3 || !this.withoutBreak.has(bytes[1]!)) this.send(bytes);
    return true;
  }

  /** The last key is still down. A press that was lost for want of room is made up for. */
  private repeat(): void {
    const code = this.repeating;
    if (code === undefined || !this.scanning) return;
    this.repeatTimer.arm(this.clock.nowNs() + typematicPeriodNs(this.typematic));
    this.pressAgain(code);
  }

  private pressAgain(code: string): boolean {
    if (!this.scanning) return false;
    const [set3Code = 0] = this.scanSet === 3 ? scanCodes(code, true, 3) : [];
    if (code === NEVER_REPEATS || (this.scanSet === 3 && this.withoutRepeat.has(set3Code))) return true;
    return this.press(code);
  }

  private stopRepeating(): void {
    this.repeating = undefined;
    this.repeatTimer.cancel();
  }

  private forgetKeys(): void {
    this.held.clear();
    this.stopRepeating();
  }

  private send(bytes: readonly number[]): void {
    this.scans.push(...bytes);
    if (bytes.length > 0) this.onOutput?.();
  }

  private modifiers() {
    return {
      alt: this.held.has("AltLeft") || this.held.has("AltRight"),
      control: this.held.has("ControlLeft") || this.held.has("ControlRight"),
    };
  }

  private command(byte: number): void {
    this.pendingCommand = 0;
    switch (byte) {
      case 0xed: // set LEDs
      case 0xf0: // scan code set
      case 0xf3: // typematic rate and delay
      case 0xfb: // set 3, one key: typematic
      case 0xfc: // make/break
      case 0xfd: // make only
        this.pendingCommand = byte;
        this.reply(ACK);
        break;
      case 0xee:
        this.reply(0xee);
        break;
      case 0xf2:
        this.reply(ACK, ...ID);
        break;
      case 0xf4:
        this.scans = [];
        this.scanning = true;
        this.onRoom?.();
        this.reply(ACK);
        break;
      case 0xf5:
        this.setDefaults();
        this.scanning = false;
        this.reply(ACK);
        break;
      case 0xf6:
        this.setDefaults();
        this.reply(ACK);
        break;
      case 0xf7: // set 3, all keys: typematic
      case 0xf8: // make/break
      case 0xf9: // make only
      case 0xfa: // typematic make/break
        for (let code = 0; code < 256; code++) this.setKeyType(code, byte);
        this.reply(ACK);
        break;
      case 0xfe:
        this.resend();
        return;
      case 0xff:
        this.reset();
        this.reply(ACK, SELF_TEST_PASSED);
        break;
      default:
        this.reply(RESEND);
        break;
    }
  }

  private parameter(command: number, byte: number): void {
    // The per-key commands of set 3 take keys until the next command.
    if (command < 0xfb) this.pendingCommand = 0;
    switch (command) {
      case 0xed:
        this.ledBits = byte & 7;
        this.onLeds?.(this.leds);
        this.reply(ACK);
        break;
      case 0xf0:
        this.selectScanSet(byte);
        break;
      case 0xf3:
        this.typematic = byte & 0x7f;
        this.reply(ACK);
        break;
      default:
        this.setKeyType(byte, ALL_KEYS_COMMAND[command]!);
        this.reply(ACK);
        break;
    }
  }

  /** What a key of set 3 sends beside its make code, by the command that says so for all keys. */
  private setKeyType(code: number, command: number): void {
    const without = (set: Set<number>, is: boolean) => (is ? set.add(code) : set.delete(code));
    without(this.withoutBreak, command === 0xf7 || command === 0xf9);
    without(this.withoutRepeat, command === 0xf8 || command === 0xf9);
  }

  private selectScanSet(byte: number): void {
    if (byte === 0) {
      this.reply(ACK, this.scanSet);
      return;
    }
    if (byte > 3) {
      this.reply(RESEND);
      return;
    }
    this.scanSet = byte as ScanSet;
    this.scans = [];
    this.reply(ACK);
  }

  private setDefaults(): void {
    this.scanSet = 2;
    this.typematic = DEFAULT_TYPEMATIC;
    this.withoutBreak.clear();
    this.withoutRepeat.clear();
    this.scans = [];
  }

  /** FEh. */
  private resend(): void {
    if (this.replies.length < MOST_REPLIES) this.replies.unshift(this.lastByte);
  }

  private reply(...bytes: number[]): void {
    if (this.replies.length + bytes.length <= MOST_REPLIES) this.replies.push(...bytes);
  }
}
