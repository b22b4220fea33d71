/**
 * A keyboard drawn on a screen: which keys it has, and modifiers that stay down for the next key. A tap on a modifier latches it, a
 * second locks it, a third lets it go. Knows nothing of how it is drawn.
 */
import { usKey } from "./keyCodes.ts";

export interface SoftKey {
  /** `KeyboardEvent.code`. */
  readonly code: string;
  readonly label: string;
  /** What Shift makes of it, where that is shown. */
  readonly shifted?: string;
  /** In parts of an ordinary key; 1 when left out. */
  readonly width?: number;
  /** What people hear who do not see the label. */
  readonly name?: string;
}

export type ModifierState = "off" | "latched" | "locked";

/** Takes keys by `KeyboardEvent.code`; one that is down and goes down again is repeated. */
export type KeySink = (code: string, down: boolean) => void;

/** A key that is held is repeated after so long, and then so often, in milliseconds: as by PS/2 keyboards that are not told otherwise. */
const REPEAT_DELAY = 500;
const REPEAT_PERIOD = 92;

const MODIFIERS: ReadonlySet<string> = new Set(["ShiftLeft", "ControlLeft", "AltLeft", "AltRight", "MetaLeft"]);

export const SHIFT = "ShiftLeft";

const named = (code: string, label: string, width = 1, name = code): SoftKey => ({ code, label, width, name });

/** Keys that type, by the characters on them. */
function typing(characters: string): SoftKey[] {
  return [...characters].map((label) => {
    const { key: code } = usKey(label)!;
    const shifted = SHIFTED.get(code);
    return { code, label, ...(shifted !== undefined && { shifted }) };
  });
}

/** What each key types with Shift. */
const SHIFTED: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x7f - 0x21 }, (_, index) => String.fromCharCode(0x21 + index)).flatMap((character) => {
    const chord = usKey(character);
    return chord && chord.modifiers.length > 0 ? [[chord.key, character] as const] : [];
  }),
);

const COMMANDS: readonly SoftKey[] = [
  named("Escape", "Esc", 1.15),
  named("Tab", "Tab", 1.15),
  named("ControlLeft", "Ctrl", 1.15, "Control"),
  named("AltLeft", "Alt", 1.15),
];
const ARROWS: readonly SoftKey[] = [
  named("ArrowLeft", "←", 1, "Left"),
  named("ArrowUp", "↑", 1, "Up"),
  named("ArrowDown", "↓", 1, "Down"),
  named("ArrowRight", "→", 1, "Right"),
];
const backspace = (width: number) => named("Backspace", "⌫", width);
const BOTTOM: readonly SoftKey[] = [
  named("Delete", "Del", 1.3),
  named("Space", "", 5),
  named("Enter", "Enter ⏎", 2.2, "Enter"),
];

/** Row by row; beside the commands of the first row is room for the key that changes layers. */
export const COMMAND_ROW = { commands: COMMANDS, arrows: ARROWS } as const;

export const LETTER_LAYER: readonly (readonly SoftKey[])[] = [
  typing("1234567890"),
  typing("qwertyuiop"),
  typing("asdfghjkl;"),
  [named(SHIFT, "⇧", 1.5, "Shift"), ...typing("zxcvbnm"), backspace(1.5)],
  typing("`-=[]\\',./"),
  BOTTOM,
];

export const FUNCTION_LAYER: readonly (readonly SoftKey[])[] = [
  ["F1", "F2", "F3", "F4", "F5", "F6"].map((code) => named(code, code)),
  ["F7", "F8", "F9", "F10", "F11", "F12"].map((code) => named(code, code)),
  [
    named("Insert", "Ins"),
    named("Home", "Home"),
    named("PageUp", "PgUp", 1, "Page up"),
    named("PrintScreen", "PrtSc", 1, "Print screen"),
    named("ScrollLock", "ScrLk", 1, "Scroll lock"),
    named("Pause", "Pause"),
  ],
  [
    named("Delete", "Del"),
    named("End", "End"),
    named("PageDown", "PgDn", 1, "Page down"),
    named("CapsLock", "Caps", 1, "Caps lock"),
    named("NumLock", "Num", 1, "Num lock"),
    backspace(1),
  ],
  [
    named(SHIFT, "⇧", 1, "Shift"),
    named("MetaLeft", "Win", 1, "Windows"),
    named("AltRight", "AltGr", 1, "Right Alt"),
    named("ContextMenu", "Menu", 1, "Menu"),
  ],
  BOTTOM,
];

export class SoftKeyboard {
  private readonly modifiers = new Map<string, ModifierState>();
  private readonly down = new Set<string>();
  private repeating: { readonly code: string; timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(private readonly sink: KeySink) {}

  modifier(code: string): ModifierState {
    return this.modifiers.get(code) ?? "off";
  }

  isDown(code: string): boolean {
    return this.down.has(code);
  }

  press(code: string): void {
    if (MODIFIERS.has(code)) this.turnModifier(code);
    else if (!this.down.has(code)) {
      this.down.add(code);
      this.sink(code, true);
      this.repeat(code, REPEAT_DELAY);
    }
  }

  release(code: string): void {
    if (!this.down.delete(code)) return;
    if (this.repeating?.code === code) clearTimeout(this.repeating.timer);
    this.sink(code, false);
    if (this.down.size === 0) this.letGo("latched");
  }

  /** Everything up. */
  releaseAll(): void {
    for (const code of [...this.down]) this.release(code);
    this.letGo("latched");
    this.letGo("locked");
  }

  /** The last key that went down, and not by the guest's keyboard: that would type a row while a busy page is late to let go. */
  private repeat(code: string, delay: number): void {
    clearTimeout(this.repeating?.timer);
    const again = () => {
      this.sink(code, true);
      this.repeat(code, REPEAT_PERIOD);
    };
    this.repeating = { code, timer: setTimeout(again, delay) };
  }

  private turnModifier(code: string): void {
    const state = this.modifier(code);
    if (state === "off") {
      this.modifiers.set(code, "latched");
      this.sink(code, true);
    } else if (state === "latched") this.modifiers.set(code, "locked");
    else this.turnOff(code);
  }

  private letGo(state: ModifierState): void {
    for (const [code, its] of [...this.modifiers]) if (its === state) this.turnOff(code);
  }

  private turnOff(code: string): void {
    this.modifiers.delete(code);
    this.sink(code, false);
  }
}
