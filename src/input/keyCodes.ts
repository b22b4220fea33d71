/**
 * Key names: `KeyboardEvent.code` and its scan codes, the short names used in scripts ("enter", "ctrl", "f1"), and the keys of
 * the US layout.
 */
export { KEY_CODES, type ScanSet, scanCodes } from "../devices/ps2/scanCodes.ts";

/** A key press: modifiers that are held around one key, all as `KeyboardEvent.code`. */
export interface KeyChord {
  readonly modifiers: readonly string[];
  readonly key: string;
}

const SHIFT = ["ShiftLeft"] as const;
const NONE = [] as const;

/** Keys of the US layout that are not letters: code, character, character with Shift. */
const US_KEYS: readonly (readonly [code: string, plain: string, shifted: string])[] = [
  ["Backquote", "`", "~"],
  ["Digit1", "1", "!"],
  ["Digit2", "2", "@"],
  ["Digit3", "3", "#"],
  ["Digit4", "4", "$"],
  ["Digit5", "5", "%"],
  ["Digit6", "6", "^"],
  ["Digit7", "7", "&"],
  ["Digit8", "8", "*"],
  ["Digit9", "9", "("],
  ["Digit0", "0", ")"],
  ["Minus", "-", "_"],
  ["Equal", "=", "+"],
  ["BracketLeft", "[", "{"],
  ["BracketRight", "]", "}"],
  ["Backslash", "\\", "|"],
  ["Semicolon", ";", ":"],
  ["Quote", "'", '"'],
  ["Comma", ",", "<"],
  ["Period", ".", ">"],
  ["Slash", "/", "?"],
];

const CONTROL_CHARACTERS: readonly (readonly [character: string, code: string])[] = [
  [" ", "Space"],
  ["\n", "Enter"],
  ["\t", "Tab"],
  ["\b", "Backspace"],
  ["\x1b", "Escape"],
  ["\x7f", "Backspace"],
];

const US_LAYOUT: ReadonlyMap<string, KeyChord> = buildUsLayout();

function buildUsLayout(): Map<string, KeyChord> {
  const layout = new Map<string, KeyChord>();
  for (const [character, key] of CONTROL_CHARACTERS) layout.set(character, { modifiers: NONE, key });
  for (const [key, plain, shifted] of US_KEYS) {
    layout.set(plain, { modifiers: NONE, key });
    layout.set(shifted, { modifiers: SHIFT, key });
  }
  for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    layout.set(letter.toLowerCase(), { modifiers: NONE, key: `Key${letter}` });
    layout.set(letter, { modifiers: SHIFT, key: `Key${letter}` });
  }
  return layout;
}

/** The press that types `character` on a US layout; undefined where it has none. */
export function usKey(character: string): KeyChord | undefined {
  return US_LAYOUT.get(character);
}

/** Short names, lower case, of keys that type no character. */
const NAMED_KEYS: Readonly<Record<string, string>> = {
  enter: "Enter",
  return: "Enter",
  esc: "Escape",
  escape: "Escape",
  tab: "Tab",
  space: "Space",
  backspace: "Backspace",
  delete: "Delete",
  del: "Delete",
  insert: "Insert",
  home: "Home",
  end: "End",
  pageup: "PageUp",
  pagedown: "PageDown",
  up: "ArrowUp",
  down: "ArrowDown",
  left: "ArrowLeft",
  right: "ArrowRight",
  capslock: "CapsLock",
  numlock: "NumLock",
  scrolllock: "ScrollLock",
  printscreen: "PrintScreen",
  sysrq: "PrintScreen",
  pause: "Pause",
  break: "Pause",
  menu: "ContextMenu",
  lt: "<",
  gt: ">",
  minus: "Minus",
};

const MODIFIERS: Readonly<Record<string, string>> = {
  ctrl: "ControlLeft",
  control: "ControlLeft",
  alt: "AltLeft",
  altgr: "AltRight",
  shift: "ShiftLeft",
  meta: "MetaLeft",
  win: "MetaLeft",
};

/**
 * The press that a name such as `enter`, `f12`, `ctrl-c`, `ctrl-alt-delete` or `lt` stands for; undefined when it is none.
 * A modifier alone (`alt`) is a press of that key.
 */
export function namedKey(name: string): KeyChord | undefined {
  const parts = name.toLowerCase().split("-");
  const last = parts.pop() ?? "";
  const modifiers = parts.map((part) => own(MODIFIERS, part)).filter((modifier) => modifier !== undefined);
  if (modifiers.length < parts.length) return undefined;
  const chord = singleKey(last);
  if (chord === undefined) return undefined;
  return { modifiers: [...new Set([...modifiers, ...chord.modifiers])], key: chord.key };
}

function singleKey(name: string): KeyChord | undefined {
  const code = own(NAMED_KEYS, name) ?? own(MODIFIERS, name);
  if (code !== undefined) return US_LAYOUT.get(code) ?? { modifiers: NONE, key: code };
  if (/^f([1-9]|1[0-2])$/.test(name)) return { modifiers: NONE, key: name.toUpperCase() };
  return name.length === 1 ? US_LAYOUT.get(name) : undefined;
}

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
