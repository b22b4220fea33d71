import { describe, expect, it } from "vitest";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { IsaKeyboardController } from "./isaKeyboardController.ts";

function makeController(env: ConformanceEnv, log: string[] = []) {
  return new IsaKeyboardController({
    name: "i8042",
    clock: env.clock,
    ports: env.ports,
    keyboardIrq: env.irq("irq1"),
    mouseIrq: env.irq("irq12"),
    onA20: (on) => log.push(`a20 ${on}`),
    onReset: () => log.push("reset"),
  });
}

function plugged() {
  const env = new ConformanceEnv();
  const log: string[] = [];
  const controller = makeController(env, log);
  const command = (value: number) => env.ports.write(0x64, value, 1);
  const data = (value: number) => env.ports.write(0x60, value, 1);
  const status = () => env.ports.read(0x64, 1);
  /** Reads everything there is. */
  const drain = (): number[] => {
    const bytes: number[] = [];
    for (let idle = 0; idle < 2; idle++) {
      if (status() & 1) {
        bytes.push(env.ports.read(0x60, 1));
        idle = -1;
      }
      env.clock.advance(1_000_000);
    }
    return bytes;
  };
  const mouse = (...bytes: number[]): number[] =>
    bytes.flatMap((byte) => {
      command(0xd4);
      data(byte);
      return drain();
    });
  const keyboard = (...bytes: number[]): number[] =>
    bytes.flatMap((byte) => {
      data(byte);
      return drain();
    });
  return { env, controller, log, command, data, status, drain, mouse, keyboard };
}

describeDevice("IsaKeyboardController", makeController, (controller, env) => {
  env.ports.write(0x64, 0x60, 1);
  env.ports.write(0x60, 0x47, 1);
  env.ports.write(0x64, 0xd4, 1);
  env.ports.write(0x60, 0xf4, 1);
  env.ports.read(0x60, 1);
  env.ports.write(0x60, 0xed, 1);
  controller.keyboard.key("KeyA", true);
  controller.mouse.move(5, 6, 1, 1);
  controller.mouse.move(500, 6, 1, 1);
});

describe("I8042", () => {
  it("answers the tests of SeaBIOS and Linux", () => {
    const { command, data, status, drain } = plugged();
    const ask = (value: number) => {
      command(value);
      return drain();
    };
    expect(ask(0xaa)).toEqual([0x55]);
    expect(status() & 4).toBe(4);
    expect(ask(0xab)).toEqual([0]);
    expect(ask(0xa9)).toEqual([0]);
    command(0xa7);
    expect(ask(0x20)[0] & 0x20).toBe(0x20);
    command(0xa8);
    expect(ask(0x20)[0] & 0x20).toBe(0);
    for (const byte of [0xf0, 0x56, 0xa4]) {
      command(0xd3);
      data(byte);
      expect(status() & 0x21).toBe(0x21);
      expect(drain()).toEqual([byte]);
    }
  });

  it("raises IRQ 12 for a looped byte and IRQ 1 for a key", () => {
    const { env, controller, command, data } = plugged();
    command(0x60);
    data(0x47);
    command(0xd3);
    data(0xa5);
    expect(env.irq("irq12").level).toBe(true);
    env.ports.read(0x60, 1);
    expect(env.irq("irq12").level).toBe(false);
    controller.keyboard.key("KeyA", true);
    expect(env.irq("irq1").level).toBe(false);
    env.clock.advance(1_000_000);
    expect(env.irq("irq1").level).toBe(true);
    expect([env.ports.read(0x60, 1), env.ports.read(0x60, 1)]).toEqual([0x1e, 0x1e]);
  });

  it("drives A20 and the reset line", () => {
    const { log, command, data } = plugged();
    command(0xd1);
    data(0xdd);
    command(0xdf);
    command(0xfe);
    command(0xff);
    expect(log).toEqual(["a20 false", "a20 true", "reset"]);
  });

  it("keeps keys back while the keyboard is disabled", () => {
    const { controller, command, drain } = plugged();
    command(0xad);
    controller.keyboard.key("KeyA", true);
    expect(drain()).toEqual([]);
    command(0xae);
    expect(drain()).toEqual([0x1c]);
  });
});

describe("Ps2Keyboard", () => {
  it("resets, identifies, echoes and sets its lights", () => {
    const { controller, keyboard } = plugged();
    expect(keyboard(0xff)).toEqual([0xfa, 0xaa]);
    expect(keyboard(0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(keyboard(0xee)).toEqual([0xee]);
    expect(keyboard(0xed, 0x04)).toEqual([0xfa, 0xfa]);
    expect(controller.keyboard.leds).toEqual({ scrollLock: false, numLock: false, capsLock: true });
    expect(keyboard(0xf3, 0x00)).toEqual([0xfa, 0xfa]);
    expect(keyboard(0x12)).toEqual([0xfe]);
    expect(keyboard(0xf0, 0x00)).toEqual([0xfa, 0xfa, 0x02]);
  });

  it.each([
    ["KeyA", [0x1e, 0x9e]],
    ["F7", [0x41, 0xc1]],
    ["ArrowUp", [0xe0, 0x48, 0xe0, 0xc8]],
    ["PrintScreen", [0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa]],
    ["Pause", [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]],
    ["IntlBackslash", [0x56, 0xd6]],
    ["NumpadEnter", [0xe0, 0x1c, 0xe0, 0x9c]],
  ])("sends %s translated to set 1", (code, expected) => {
    const { controller, command, data, drain } = plugged();
    command(0x60);
    data(0x47);
    controller.keyboard.key(code, true);
    const bytes = drain();
    controller.keyboard.key(code, false);
    expect([...bytes, ...drain()]).toEqual(expected);
  });

  it("sends set 3 when asked to", () => {
    const { controller, keyboard, drain } = plugged();
    expect(keyboard(0xf0, 3)).toEqual([0xfa, 0xfa]);
    controller.keyboard.key("ArrowUp", true);
    controller.keyboard.key("ArrowUp", false);
    expect(drain()).toEqual([0x63, 0xf0, 0x63]);
  });

  /** The times, in ms from now, at which bytes come within `ms`, and the bytes. */
  function listen({ env, status }: ReturnType<typeof plugged>, ms: number): { times: number[]; bytes: number[] } {
    const heard = { times: [] as number[], bytes: [] as number[] };
    for (let time = 0; time < ms; time++) {
      if (status() & 1) {
        heard.times.push(time);
        heard.bytes.push(env.ports.read(0x60, 1));
      }
      env.clock.advance(1_000_000);
    }
    return heard;
  }

  it.each([
    ["at power-on", [], 500, 92],
    ["fastest", [0xf3, 0x00], 250, 33],
    ["slowest", [0xf3, 0x7f], 1000, 500],
    ["by the defaults command", [0xf3, 0x7f, 0xf6], 500, 92],
  ])("repeats the last key: %s", (_name, commands, delayMs, periodMs) => {
    const made = plugged();
    made.keyboard(...commands);
    made.controller.keyboard.key("KeyA", true);
    const { times, bytes } = listen(made, delayMs + 9.5 * periodMs);
    expect(new Set(bytes)).toEqual(new Set([0x1c]));
    expect(times[1]).toBeGreaterThanOrEqual(delayMs);
    expect(times[1]).toBeLessThan(delayMs + 3);
    expect((times.at(-1)! - times[1]!) / (times.length - 2)).toBeCloseTo(periodMs, -1);
    made.controller.keyboard.key("KeyA", false);
    expect(listen(made, 2000).bytes).toEqual([0xf0, 0x1c]);
  });

  it("repeats only the key that went down last, and none after it went up", () => {
    const made = plugged();
    made.controller.keyboard.key("KeyA", true);
    listen(made, 600);
    made.controller.keyboard.key("KeyB", true);
    made.controller.keyboard.key("KeyA", false);
    expect(new Set(listen(made, 1000).bytes)).toEqual(new Set([0x32, 0xf0, 0x1c]));
    expect(new Set(listen(made, 500).bytes)).toEqual(new Set([0x32]));
    made.controller.keyboard.key("KeyB", false);
    listen(made, 100);
    expect(listen(made, 2000).bytes).toEqual([]);
  });

  it("does not repeat what a host repeats, what is typed for the user, or Pause", () => {
    const made = plugged();
    made.controller.keyboard.key("KeyA", true, false);
    made.controller.keyboard.key("KeyA", true);
    made.controller.keyboard.key("Pause", true);
    expect(listen(made, 3000).bytes).toHaveLength(1 + 8);
  });

  it("repeats a key as often as a host that repeats it says, but Pause", () => {
    const made = plugged();
    const { keyboard } = made.controller;
    for (let times = 0; times < 4; times++) keyboard.key("KeyA", true, false);
    for (let times = 0; times < 4; times++) keyboard.key("Pause", true, false);
    expect(listen(made, 3000).bytes).toEqual([0x1c, 0x1c, 0x1c, 0x1c, 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77]);
    keyboard.key("KeyA", false);
    expect(listen(made, 1000).bytes).toEqual([0xf0, 0x1c]);
  });

  it("has keys of set 3 that do not repeat, and such that send no break", () => {
    const made = plugged();
    const press = (code: string): number[] => {
      made.controller.keyboard.key(code, true);
      const { bytes } = listen(made, 620);
      made.controller.keyboard.key(code, false);
      return [...bytes, ...listen(made, 100).bytes];
    };
    made.keyboard(0xf0, 3);
    expect(press("KeyA")).toEqual([0x1c, 0x1c, 0x1c, 0xf0, 0x1c]);
    made.keyboard(0xf8);
    expect(press("KeyA")).toEqual([0x1c, 0xf0, 0x1c]);
    made.keyboard(0xf9);
    expect(press("KeyA")).toEqual([0x1c]);
    made.keyboard(0xfb, 0x1c, 0xf4); // F4 ends the list of keys
    expect(press("KeyA")).toEqual([0x1c, 0x1c, 0x1c]);
    expect(press("KeyS")).toEqual([0x1b]);
    made.keyboard(0xfa);
    expect(press("KeyS")).toEqual([0x1b, 0x1b, 0x1b, 0xf0, 0x1b]);
  });

  it("bounds its buffer and leaves no key stuck", () => {
    const { controller, drain } = plugged();
    const keys = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => `Key${letter}`);
    const taken = keys.filter((code) => controller.keyboard.key(code, true));
    expect(taken.length).toBeLessThan(20);
    const released = keys.filter((code) => controller.keyboard.key(code, false));
    expect(released).toEqual(taken);
    expect(drain()).toHaveLength(taken.length * 3);
  });
});

describe("Ps2Mouse", () => {
  it("resets and becomes a wheel mouse, then one with five buttons", () => {
    const { mouse } = plugged();
    expect(mouse(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    mouse(0xf3, 200, 0xf3, 100, 0xf3, 80);
    expect(mouse(0xf2)).toEqual([0xfa, 3]);
    mouse(0xf3, 200, 0xf3, 200, 0xf3, 80);
    expect(mouse(0xf2)).toEqual([0xfa, 4]);
    expect(mouse(0xf3, 60, 0xe8, 3, 0xe9)).toEqual([0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0x00, 3, 60]);
  });

  it("reports movement with the y axis upwards", () => {
    const { controller, mouse, drain } = plugged();
    mouse(0xf4);
    controller.mouse.move(3, 5, 0, 1);
    expect(drain()).toEqual([0x29, 3, 0xfb]);
    controller.mouse.move(0, 0, 0, 0);
    expect(drain()).toEqual([0x08, 0, 0]);
  });

  it("splits long movement over packets and adds up fractions", () => {
    const { controller, mouse, drain } = plugged();
    mouse(0xf4);
    controller.mouse.move(300, 0, 0, 0);
    for (let i = 0; i < 4; i++) drain();
    controller.mouse.move(0.5, 0, 0, 0);
    expect(drain()).toEqual([]);
    controller.mouse.move(0.5, 0, 0, 0);
    const bytes = [...drain(), ...drain(), ...drain()];
    expect(bytes).toEqual([0x08, 1, 0]);
  });

  it("sends wheel and extra buttons", () => {
    const { controller, mouse, drain } = plugged();
    mouse(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf4);
    controller.mouse.move(0, 0, -1, 8);
    expect(drain()).toEqual([0x08, 0, 0, 0x1f]);
  });

  it("sends an empty packet when nudged, while it reports", () => {
    const { controller, mouse, drain } = plugged();
    controller.mouse.nudge();
    mouse(0xf4);
    expect(drain()).toEqual([]);
    controller.mouse.nudge();
    controller.mouse.nudge();
    expect(drain()).toEqual([0x08, 0, 0]);
    expect([...drain(), ...drain(), ...drain(), ...drain()]).toEqual([0x08, 0, 0]);
  });

  it("waits to be asked in remote mode and echoes in wrap mode", () => {
    const { controller, mouse, drain } = plugged();
    mouse(0xf4, 0xf0);
    controller.mouse.move(1, 0, 0, 0);
    expect(drain()).toEqual([]);
    expect(mouse(0xeb)).toEqual([0xfa, 0x08, 1, 0]);
    expect(mouse(0xee, 0x42, 0xec)).toEqual([0xfa, 0x42, 0xfa]);
  });
});
