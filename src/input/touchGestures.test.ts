import { describe, expect, it } from "vitest";
import { Random } from "../devices/conformance/fuzzTraffic.ts";
import { TouchGestures } from "./touchGestures.ts";

function screen(isAbsolute: boolean) {
  const log: string[] = [];
  const pending = new Set<() => void>();
  const target = {
    isAbsolute,
    buttons: 0,
    pointTo(x: number, y: number, buttons: number) {
      log.push(`at ${x},${y} ${buttons}`);
      target.buttons = buttons;
    },
    moveBy(dx: number, dy: number, buttons: number) {
      log.push(`by ${dx},${dy} ${buttons}`);
      target.buttons = buttons;
    },
    turn: (notches: number) => log.push(`turn ${notches}`),
  };
  const gestures = new TouchGestures(target, (_ms, act) => {
    pending.add(act);
    return () => pending.delete(act);
  });
  const settle = () => {
    for (const act of pending) act();
    pending.clear();
  };
  const touch = (id: number, x: number, y: number, ms = 0) => gestures.down({ id, x, y }, ms);
  const slide = (id: number, x: number, y: number) => gestures.move({ id, x, y });
  const lift = (id: number, ms = 100) => gestures.up({ id, x: 0, y: 0 }, ms);
  return { gestures, target, log, settle, touch, slide, lift };
}

describe("fingers where the guest takes positions", () => {
  it("click by a tap", () => {
    const { touch, slide, lift, settle, log } = screen(true);
    touch(1, 50, 60);
    slide(1, 53, 58);
    lift(1);
    settle();
    expect(log).toEqual(["at 50,60 0", "by 0,0 1", "by 0,0 0"]);
  });

  it("drag from where they touched", () => {
    const { touch, slide, lift, log } = screen(true);
    touch(1, 50, 60);
    slide(1, 80, 60);
    slide(1, 90, 65);
    lift(1, 2000);
    expect(log).toEqual(["at 50,60 0", "at 50,60 1", "at 80,60 1", "at 90,65 1", "by 0,0 0"]);
  });

  it("do nothing when they rest", () => {
    const { touch, lift, settle, log } = screen(true);
    touch(1, 50, 60);
    lift(1, 900);
    settle();
    expect(log).toEqual(["at 50,60 0"]);
  });
});

describe("fingers on a trackpad", () => {
  it("move the pointer", () => {
    const { touch, slide, lift, log } = screen(false);
    touch(1, 50, 60);
    slide(1, 55, 60);
    slide(1, 70, 60);
    slide(1, 70, 63);
    lift(1);
    expect(log).toEqual(["by 20,0 0", "by 0,3 0"]);
  });

  it("drag after a tap, and click twice by two taps", () => {
    const { touch, slide, lift, settle, log } = screen(false);
    touch(1, 50, 60);
    lift(1);
    touch(2, 50, 60, 200);
    slide(2, 80, 60);
    lift(2, 900);
    settle();
    expect(log.splice(0)).toEqual(["by 0,0 1", "by 30,0 1", "by 0,0 0"]);
    for (const id of [3, 4]) {
      touch(id, 50, 60);
      lift(id);
    }
    settle();
    expect(log).toEqual(["by 0,0 1", "by 0,0 0", "by 0,0 1", "by 0,0 0"]);
  });
});

describe.each([true, false])("two fingers (positions: %s)", (isAbsolute) => {
  const pointed = isAbsolute ? ["at 10,10 0"] : [];

  it("are the right button", () => {
    const { touch, lift, settle, log } = screen(isAbsolute);
    touch(1, 10, 10);
    touch(2, 40, 10, 50);
    lift(2);
    lift(1);
    settle();
    expect(log).toEqual([...pointed, "by 0,0 2", "by 0,0 0"]);
  });

  it("are the wheel", () => {
    const { touch, slide, lift, settle, log } = screen(isAbsolute);
    touch(1, 10, 10);
    touch(2, 40, 10);
    for (let y = 0; y >= -48; y -= 12) for (const id of [1, 2]) slide(id, 10, 10 + y);
    lift(1);
    lift(2);
    settle();
    expect(log).toEqual([...pointed, "turn 1", "turn 1"]);
  });
});

it("leaves no button pressed, whatever fingers do", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const { gestures, target, settle } = screen(seed % 2 === 0);
    for (let step = 0; step < 200; step++) {
      const point = { id: random.below(3), x: random.below(300), y: random.below(300) };
      const act = random.below(12);
      if (act < 4) gestures.down(point, step * 40);
      else if (act < 8) gestures.move(point);
      else if (act < 11) gestures.up(point, step * 40);
      else settle();
    }
    if (seed % 3 === 0) gestures.cancel();
    else for (const id of [0, 1, 2]) gestures.up({ id, x: 0, y: 0 }, 9000);
    settle();
    expect(target.buttons, `seed ${seed}`).toBe(0);
  }
});
