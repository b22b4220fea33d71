import { beforeEach, describe, expect, it } from "vitest";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { FakeClock } from "../../bus/timerQueue.ts";
import { PciBus } from "../pci/pciBus.ts";
import { I440Fx, PAM_SEGMENTS } from "./i440fx.ts";
import { Piix3 } from "./piix3.ts";
import { Piix4Pm } from "./piix4Pm.ts";

let ports: PortSpace;
let clock: FakeClock;
let sci: IrqLine;
let events: string[];
let bridge: I440Fx;
let isa: Piix3;
let power: Piix4Pm;

const select = (fn: number, slot: number, offset: number): number => {
  ports.write(0xcf8, (0x80000000 | (slot << 11) | (fn << 8) | (offset & 0xfc)) >>> 0, 4);
  return 0xcfc + (offset & 3);
};
const at = (address: string, offset: number): number => {
  const [slot, fn] = address.split(".").map(Number);
  return select(fn, slot, offset);
};

beforeEach(() => {
  ports = new PortSpace();
  clock = new FakeClock();
  sci = new IrqLine(() => {});
  events = [];
  const spaces = { ports, mmio: new MmioSpace() };
  const bus = new PciBus(ports, () => new IrqLine(() => {}));
  bridge = new I440Fx(spaces, {
    onPam: (segment, read, write) => events.push(`pam${segment}${read ? "r" : ""}${write ? "w" : ""}`),
    onSmram: (value) => events.push(`smram ${value.toString(16)}`),
  });
  isa = new Piix3(spaces, bus, { onReset: () => events.push("reset"), onPirqChange: () => events.push("pirq") });
  power = new Piix4Pm(spaces, { clock, sci, onPowerOff: () => events.push("off") });
  bus.attach(bridge, 0);
  bus.attach(isa, 1, 0);
  bus.attach(power, 1, 3);
});

describe("I440Fx", () => {
  it("is what SeaBIOS takes for QEMU", () => {
    expect(ports.read(at("0.0", 0), 4)).toBe(0x12378086);
    expect(ports.read(at("0.0", 0x2c), 4)).toBe(0x11001af4);
  });

  it("switches shadow RAM as SeaBIOS does", () => {
    for (let register = 0x5a; register <= 0x5f; register++) ports.write(at("0.0", register), 0x33, 1);
    ports.write(at("0.0", 0x59), 0x30, 1);
    expect(events.length).toBe(13);
    expect(events).toContain("pam0rw");
    expect(bridge.pam(12)).toEqual({ readEnable: true, writeEnable: true });
    events.length = 0;
    ports.write(at("0.0", 0x59), 0x10, 1);
    ports.write(at("0.0", 0x5a), 0x31, 1);
    expect(events).toEqual(["pam0r", "pam1r"]);
    expect(PAM_SEGMENTS[1].base).toBe(0xc0000);
    bridge.reset();
    expect(bridge.pam(0)).toEqual({ readEnable: false, writeEnable: false });
  });

  it("locks SMRAM", () => {
    ports.write(at("0.0", 0x72), 0x4a, 1);
    ports.write(at("0.0", 0x72), 0x1a, 1);
    ports.write(at("0.0", 0x72), 0x4a, 1);
    expect(ports.read(at("0.0", 0x72), 1)).toBe(0x1a);
    expect(events).toEqual(["smram 4a", "smram 1a"]);
  });
});

describe("Piix3", () => {
  it("routes PIRQs", () => {
    expect(ports.read(at("1.0", 0x60), 4)).toBe(0x80808080);
    expect(isa.pirqTarget(0)).toBe(-1);
    ports.write(at("1.0", 0x60), 0x0b0a0b0a, 4);
    expect([0, 1, 2, 3].map((pirq) => isa.pirqTarget(pirq))).toEqual([10, 11, 10, 11]);
    ports.write(at("1.0", 0x61), 0x08, 1);
    expect(isa.pirqTarget(1)).toBe(-1);
    expect(events).toEqual(["pirq", "pirq"]);
  });

  it("resets the board through CF9h", () => {
    ports.write(0xcf9, 0x02, 1);
    expect(ports.read(0xcf9, 1)).toBe(0x02);
    ports.write(0xcf9, 0x06, 1);
    expect(events).toEqual(["reset"]);
  });
});

describe("Piix4Pm", () => {
  const enable = (): void => {
    ports.write(at("1.3", 0x40), 0x601, 4);
    ports.write(at("1.3", 0x80), 1, 1);
  };

  it("shows its registers at PMBA once enabled", () => {
    expect(ports.read(0x608, 4)).toBe(0xffffffff);
    enable();
    clock.advance(1e9);
    expect(ports.read(0x608, 4)).toBe(3579545);
    clock.advance(4e9);
    expect(ports.read(0x608, 4)).toBe((5 * 3579545) % 2 ** 24);
    expect(ports.read(at("1.3", 0x40), 4)).toBe(0x601);
  });

  it("takes SMM as set up and switches ACPI on by APM", () => {
    expect(ports.read(at("1.3", 0x58), 4) & (1 << 25)).not.toBe(0);
    enable();
    ports.write(0xb3, 0x5a, 1);
    ports.write(0xb2, 0xf1, 1);
    expect([ports.read(0xb2, 1), ports.read(0xb3, 1), ports.read(0x604, 2)]).toEqual([0xf1, 0x5a, 1]);
    ports.write(0xb2, 0xf0, 1);
    expect(ports.read(0x604, 2)).toBe(0);
  });

  it("raises SCI for the power button until its status is cleared", () => {
    enable();
    ports.write(0xb2, 0xf1, 1);
    ports.write(0x602, 0x100, 2);
    power.pm.pressPowerButton();
    expect(sci.level).toBe(true);
    expect(ports.read(0x600, 2)).toBe(0x100);
    ports.write(0x600, 0x100, 2);
    expect([sci.level, ports.read(0x600, 2)]).toEqual([false, 0]);
  });

  it("raises SCI when the timer's top bit changes", () => {
    enable();
    ports.write(0xb2, 0xf1, 1);
    ports.write(0x602, 0x0001, 2);
    clock.advance(2.34e9);
    expect(sci.level).toBe(false);
    clock.advance(0.01e9);
    expect(sci.level).toBe(true);
    ports.write(0x600, 1, 2);
    expect(sci.level).toBe(false);
    clock.advance(2.35e9);
    expect(sci.level).toBe(true);
  });

  it("sets TMR_STS for those who poll", () => {
    enable();
    clock.advance(3e9);
    expect(ports.read(0x600, 2)).toBe(1);
  });

  it("raises SCI for general-purpose events", () => {
    enable();
    ports.write(0xb2, 0xf1, 1);
    ports.write(0xafe2, 0x02, 1);
    power.pm.raiseGpe(1);
    expect([sci.level, ports.read(0xafe0, 4)]).toEqual([true, 0x00020002]);
    ports.write(0xafe0, 0x02, 1);
    expect(sci.level).toBe(false);
  });

  it("powers off at S5", () => {
    enable();
    ports.write(0x604, 0x3401, 2);
    expect(events).toEqual([]);
    ports.write(0x604, 0x2001, 2);
    expect(events).toEqual(["off"]);
  });

  it("is set up without firmware", () => {
    power.enablePm();
    expect(ports.read(0x604, 2)).toBe(0);
  });
});
