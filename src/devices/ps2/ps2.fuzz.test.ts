// A host that types and points while a guest sends the controller, keyboard and mouse anything: buffers stay bounded, nothing throws,
// nothing repeats once all keys are up, and a reset heals.
import { expect, it } from "vitest";
import { ConformanceEnv } from "../conformance/describeDevice.ts";
import { fuzzRounds, hostileNumber } from "../conformance/fuzzRounds.ts";
import { IsaKeyboardController } from "./isaKeyboardController.ts";
import { KEY_CODES } from "./scanCodes.ts";

const BUFFER_BYTES = 16;
/** No release is lost, so that no key sticks: they may go beyond the buffer, each once. */
const MOST_SCAN_BYTES = BUFFER_BYTES + 8 * KEY_CODES.length;
const STEPS = 600;
/** Longer than the slowest repeat, in ns. */
const LONG_NS = 2_000_000_000;
const [DATA, COMMAND] = [0x60, 0x64];
const COMMANDS = [0x20, 0x60, 0xa7, 0xa8, 0xad, 0xae, 0xd2, 0xd3, 0xd4] as const;
const DEVICE_BYTES = [
  0xed, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
] as const;

interface SavedParts {
  controller: { replies: number[] };
  keyboard: { scans: number[]; replies: number[] };
  mouse: { packets: number[]; replies: number[] };
}

function checkBuffers({ controller, keyboard, mouse }: SavedParts): void {
  const longest = Math.max(...[controller, keyboard, mouse].map(({ replies }) => replies.length), mouse.packets.length);
  if (longest > BUFFER_BYTES || keyboard.scans.length > MOST_SCAN_BYTES) throw new Error("a buffer has run over");
}

it("stands any traffic from both sides", () => {
  fuzzRounds("ps2", 60, (random) => {
    const env = new ConformanceEnv();
    const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
    const { clock, ports } = env;
    const controller = new IsaKeyboardController({
      name: "i8042",
      clock,
      ports,
      keyboardIrq: env.irq("irq1"),
      mouseIrq: env.irq("irq12"),
      onA20: () => {},
      onReset: () => {},
    });
    const { keyboard, mouse } = controller;
    const distance = () => hostileNumber(random, 300) - hostileNumber(random, 300);
    const acts = [
      () => keyboard.key(pick(KEY_CODES), random.below(2) === 0, random.below(4) > 0),
      () => keyboard.key("no such key", true),
      () => mouse.move(distance(), distance() / 3, distance(), random.below(64)),
      () => mouse.nudge(),
      () => ports.write(COMMAND, random.below(3) ? pick(COMMANDS) : random.below(0xf0), 1),
      () => ports.write(DATA, random.below(3) ? pick(DEVICE_BYTES) : random.below(256), 1),
      () => ports.read(DATA, 1),
      () => ports.read(COMMAND, 1),
      () => clock.advance(random.below(40) ? random.below(3_000_000) : LONG_NS),
      () => controller.restore(structuredClone(controller.save())),
    ];
    for (let step = 0; step < STEPS; step++) {
      pick(acts)();
      checkBuffers(controller.save().state as SavedParts);
    }
    keyboard.releaseAll();
    const before = controller.save();
    clock.advance(LONG_NS);
    expect((controller.save().state as SavedParts).keyboard.scans.length).toBeLessThanOrEqual(
      (before.state as SavedParts).keyboard.scans.length,
    );
    controller.reset();
    ports.write(DATA, 0xee, 1);
    expect(ports.read(DATA, 1)).toBe(0xee);
  });
});
