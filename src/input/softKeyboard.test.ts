import { describe, expect, it, vi } from "vitest";
import { KEY_CODES } from "./keyCodes.ts";
import { COMMAND_ROW, FUNCTION_LAYER, LETTER_LAYER, SHIFT, SoftKeyboard } from "./softKeyboard.ts";

function keyboard() {
  const log: string[] = [];
  const keys = new SoftKeyboard((code, down) => log.push(`${down ? "+" : "-"}${code}`));
  const tap = (code: string) => {
    keys.press(code);
    keys.release(code);
  };
  return { keys, log, tap };
}

describe("SoftKeyboard", () => {
  it("latches a modifier for one key", () => {
    const { keys, log, tap } = keyboard();
    tap("ControlLeft");
    tap("AltLeft");
    expect(keys.modifier("ControlLeft")).toBe("latched");
    tap("Delete");
    tap("KeyA");
    expect(log).toEqual([
      "+ControlLeft",
      "+AltLeft",
      "+Delete",
      "-Delete",
      "-ControlLeft",
      "-AltLeft",
      "+KeyA",
      "-KeyA",
    ]);
  });

  it("repeats the last key that is held until it is let go", () => {
    vi.useFakeTimers();
    const { keys, log } = keyboard();
    keys.press("KeyA");
    vi.advanceTimersByTime(600);
    expect(log).toEqual(["+KeyA", "+KeyA", "+KeyA"]);
    keys.press("KeyB");
    vi.advanceTimersByTime(499);
    keys.release("KeyB");
    vi.advanceTimersByTime(2000);
    expect(log.slice(3)).toEqual(["+KeyB", "-KeyB"]);
    vi.useRealTimers();
  });

  it("locks a modifier that is tapped twice until it is tapped again", () => {
    const { keys, log, tap } = keyboard();
    tap(SHIFT);
    tap(SHIFT);
    tap("KeyA");
    tap("KeyB");
    expect(keys.modifier(SHIFT)).toBe("locked");
    tap(SHIFT);
    expect(keys.modifier(SHIFT)).toBe("off");
    expect(log).toEqual([`+${SHIFT}`, "+KeyA", "-KeyA", "+KeyB", "-KeyB", `-${SHIFT}`]);
  });

  it("keeps a latched modifier while several fingers type", () => {
    const { keys, log } = keyboard();
    keys.press(SHIFT);
    keys.press("KeyA");
    keys.press("KeyB");
    keys.release("KeyA");
    expect(log).not.toContain(`-${SHIFT}`);
    keys.release("KeyB");
    expect(log.at(-1)).toBe(`-${SHIFT}`);
  });

  it("lets go of everything", () => {
    const { keys, log, tap } = keyboard();
    tap("AltLeft");
    tap(SHIFT);
    tap(SHIFT);
    keys.press("KeyQ");
    keys.releaseAll();
    const count = (sign: string) => log.filter((entry) => entry.startsWith(sign)).length;
    expect(count("-")).toBe(count("+"));
    expect(keys.isDown("KeyQ")).toBe(false);
  });
});

it("has keys that the guest's keyboard has, and all that type", () => {
  const keys = [...COMMAND_ROW.commands, ...COMMAND_ROW.arrows, ...LETTER_LAYER.flat(), ...FUNCTION_LAYER.flat()];
  const codes = new Set(keys.map(({ code }) => code));
  for (const code of codes) expect(KEY_CODES).toContain(code);
  const characters = new Set(keys.flatMap(({ label, shifted }) => [label, shifted ?? label]));
  for (let code = 0x21; code < 0x7f; code++) expect(characters).toContain(String.fromCharCode(code));
});
