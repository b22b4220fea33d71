/**
 * The script of a run: each `--send`, `--type` and `--mouse` in order, each waiting for its pattern in output that came after the previous
 * match, and `--until`, which ends the run. Where the next input and `--until` both match, the input goes first.
 */
import type { RunOptions, ScriptedInput } from "./options.ts";
import { PlainText } from "./plainText.ts";
import { ScreenTail } from "./screenTail.ts";

export interface ExpectationsHooks {
  /** The pattern of an input was seen: it is its turn. */
  perform(input: ScriptedInput): void;
  /** The text screen as it is now. */
  screenText(): string;
}

/** Text kept behind the place where the next search begins. */
const KEPT_CHARACTERS = 65_536;
/** A match may begin so far before the newest text. */
const MATCH_WINDOW = 16_384;
/** Kept before the cursor for what a pattern looks back at. */
const CONTEXT_CHARACTERS = 256;

const OPTION_OF = { serial: "--send", keyboard: "--type", mouse: "--mouse" } as const;

export class Expectations {
  private readonly inputs: ScriptedInput[];
  private readonly until: RegExp | undefined;
  private readonly plain = new PlainText();
  private readonly screen = new ScreenTail();
  private serial = "";
  /** Serial text before this belongs to the previous match. */
  private cursor = 0;
  private done = false;

  constructor(
    options: Pick<RunOptions, "inputs" | "until">,
    private readonly hooks: ExpectationsHooks,
  ) {
    this.inputs = [...options.inputs];
    this.until = options.until;
  }

  /** `--until` was seen. */
  get matched(): boolean {
    return this.done;
  }

  /** Whether looking at the screen may bring anything: an input for the serial line waits for the serial line only. */
  get watchesScreen(): boolean {
    return !this.done && (this.until !== undefined || isOfScreen(this.inputs[0]));
  }

  /** What has not come yet, for a person. */
  get waitingFor(): string | undefined {
    const next = this.inputs[0];
    if (next) return `/${next.pattern.source}/ of ${OPTION_OF[next.on]}`;
    return this.until && !this.done ? `/${this.until.source}/ of --until` : undefined;
  }

  /** Bytes that the guest wrote to its serial line. Returns {@link matched}. */
  serialOutput(bytes: Uint8Array): boolean {
    this.serial += this.plain.write(bytes);
    this.searchSerial();
    this.cut();
    return this.done;
  }

  /** Looks at the text screen. Returns {@link matched}. */
  checkScreen(): boolean {
    while (this.watchesScreen) {
      const text = this.screen.after(this.hooks.screenText());
      const next = this.inputs[0];
      if (next && isOfScreen(next) && isOnScreen(next.pattern, text)) {
        this.performNext(this.serial.length);
        continue;
      }
      this.done = this.until !== undefined && isOnScreen(this.until, text);
      break;
    }
    return this.done;
  }

  private searchSerial(): void {
    while (!this.done) {
      const next = this.inputs[0];
      const end = next && endOfMatch(next.pattern, this.serial, this.cursor);
      if (end === undefined) break;
      this.performNext(end);
    }
    this.done ||= this.until !== undefined && endOfMatch(this.until, this.serial, this.cursor) !== undefined;
  }

  private performNext(cursor: number): void {
    this.cursor = cursor;
    this.screen.mark(this.hooks.screenText());
    this.hooks.perform(this.inputs.shift() as ScriptedInput);
  }

  /** Forgets old text: an endless log must not be searched again with every line. */
  private cut(): void {
    if (this.serial.length - this.cursor > KEPT_CHARACTERS) this.cursor = this.serial.length - MATCH_WINDOW;
    if (this.cursor <= KEPT_CHARACTERS) return;
    // Some text more, so that `^` still knows where a line begins.
    const from = this.cursor - CONTEXT_CHARACTERS;
    this.serial = this.serial.slice(from);
    this.cursor -= from;
  }
}

/** Keys and the mouse go to what is on the screen, so their patterns may be there too. */
function isOfScreen(input: ScriptedInput | undefined): boolean {
  return input !== undefined && input.on !== "serial";
}

/** Where the first match from `start` on ends. The pattern has the flag `g`. */
function endOfMatch(pattern: RegExp, text: string, start: number): number | undefined {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  return match ? match.index + match[0].length : undefined;
}

/** Trailing spaces of a screen line are not told from blank cells, so a pattern may ask for one. */
function isOnScreen(pattern: RegExp, text: string): boolean {
  if (text === "") return false;
  return [text, text.replaceAll(/$/gm, " ")].some((lines) => endOfMatch(pattern, lines, 0) !== undefined);
}
