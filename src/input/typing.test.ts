import { describe, expect, it } from "vitest";
import { FakeClock } from "../bus/timerQueue.ts";
import { KEY_CODES, namedKey, scanCodes, usKey } from "./keyCodes.ts";
import { scriptKeys, Typist, textKeys } from "./typing.ts";

describe("key codes", () => {
  it("gives each of the 105 keys a different set 2 code", () => {
    const makes = KEY_CODES.map((code) => scanCodes(code, true, 2).join());
    expect(new Set(makes).size).toBe(KEY_CODES.length);
    expect(KEY_CODES.length).toBeGreaterThanOrEqual(105);
  });

  it("has different codes in sets 1 and 3 too", () => {
    for (const set of [1, 3] as const) {
      const makes = KEY_CODES.map((code) => scanCodes(code, true, set).join()).filter((make) => make !== "");
      expect(new Set(makes).size).toBe(makes.length);
    }
  });

  it("types every printable ASCII character", () => {
    for (let code = 32; code < 127; code++) expect(usKey(String.fromCharCode(code))).toBeDefined();
  });

  it("knows names and chords", () => {
    expect(namedKey("ctrl-alt-delete")).toEqual({ modifiers: ["ControlLeft", "AltLeft"], key: "Delete" });
    expect(namedKey("F12")).toEqual({ modifiers: [], key: "F12" });
    expect(namedKey("lt")).toEqual({ modifiers: ["ShiftLeft"], key: "Comma" });
    expect(namedKey("nonsense")).toBeUndefined();
    expect(namedKey("constructor")).toBeUndefined();
  });
});

describe("scriptKeys", () => {
  it("mixes text and names, and leaves other brackets alone", () => {
    expect(scriptKeys("a<enter>").map((chord) => chord.key)).toEqual(["KeyA", "Enter"]);
    expect(scriptKeys("<html>")).toEqual(textKeys("<html>"));
  });

  it("makes one Enter of any line end", () => {
    expect(textKeys("a\r\nb\rc\n").filter((chord) => chord.key === "Enter")).toHaveLength(3);
  });
});

describe("Typist", () => {
  it("waits for the guest to take each key", async () => {
    const clock = new FakeClock();
    const log: string[] = [];
    const keyboard = {
      drained: true,
      hasRoom: () => true,
      key(code: string, down: boolean) {
        log.push(`${down ? "+" : "-"}${code}`);
        keyboard.drained = false;
        return true;
      },
    };
    const typist = new Typist({ clock, keyboard });
    let done = false;
    const typed = typist.type("A<enter>").then(() => {
      done = true;
    });
    clock.advance(1e9);
    expect(log).toEqual(["+ShiftLeft", "+KeyA"]);
    for (let i = 0; i < 5; i++) {
      keyboard.drained = true;
      clock.advance(2e8);
    }
    await typed;
    expect(done).toBe(true);
    expect(log).toEqual(["+ShiftLeft", "+KeyA", "-KeyA", "-ShiftLeft", "+Enter", "-Enter"]);
    expect(typist.idle).toBe(true);
  });

  it("lets go of keys when cancelled", async () => {
    const clock = new FakeClock();
    const down = new Set<string>();
    const keyboard = {
      drained: true,
      hasRoom: () => true,
      key: (code: string, pressed: boolean) => (pressed ? down.add(code).has(code) : down.delete(code)),
    };
    const typist = new Typist({ clock, keyboard });
    const typed = typist.type("X");
    clock.advance(0);
    expect(down.size).toBe(2);
    typist.cancel();
    await typed;
    expect(down.size).toBe(0);
  });
});
