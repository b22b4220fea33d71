import { describe, expect, it } from "vitest";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { fuzzRounds } from "../conformance/fuzzRounds.ts";
import { IsaParallel } from "./isaParallel.ts";
import { ParallelControl, ParallelStatus } from "./parallelPort.ts";

const BASE = 0x378;
const [DATA, STATUS, CONTROL] = [BASE, BASE + 1, BASE + 2];
const { STROBE, NOT_INIT, SELECT_IN, INTERRUPT, DIRECTION } = ParallelControl;
const READY = NOT_INIT | SELECT_IN;
const { NOT_BUSY, NOT_ACK } = ParallelStatus;

function makePort(env: ConformanceEnv, printed: number[] = []) {
  return new IsaParallel({
    name: "lpt1",
    clock: env.clock,
    ports: env.ports,
    basePort: BASE,
    irq: env.irq("irq7"),
    onByte: (byte) => printed.push(byte),
  });
}

function plugged() {
  const env = new ConformanceEnv();
  const printed: number[] = [];
  const port = makePort(env, printed);
  const write = (register: number, value: number) => env.ports.write(register, value, 1);
  const read = (register: number) => env.ports.read(register, 1);
  const strobe = (byte: number, control: number = READY) => {
    write(DATA, byte);
    write(CONTROL, control | STROBE);
    write(CONTROL, control);
  };
  const lines = () => read(STATUS) & (NOT_BUSY | NOT_ACK);
  return { env, port, printed, write, read, strobe, lines };
}

describeDevice("IsaParallel", makePort, (_port, env) => {
  env.ports.write(DATA, 0x41, 1);
  env.ports.write(CONTROL, READY | INTERRUPT | STROBE, 1);
});

describe("IsaParallel", () => {
  it("keeps what is written to data and control, as probes expect", () => {
    const { write, read } = plugged();
    for (const value of [0xaa, 0x55]) {
      write(DATA, value);
      expect(read(DATA)).toBe(value);
    }
    write(CONTROL, 0x0c);
    expect(read(CONTROL)).toBe(0xcc);
    write(CONTROL, DIRECTION | READY);
    expect(read(DATA)).toBe(0xff);
    write(STATUS, 0);
    expect(read(STATUS)).toBe(0xdf);
    expect(read(BASE + 3)).toBe(0xff);
  });

  it("takes a byte at the strobe, is busy, acknowledges", () => {
    const { env, strobe, printed, lines } = plugged();
    env.ports.write(CONTROL, READY, 1);
    expect(lines()).toBe(NOT_BUSY | NOT_ACK);
    strobe(0x48);
    expect(printed).toEqual([0x48]);
    expect(lines()).toBe(NOT_ACK);
    env.clock.advance(6_000);
    expect(lines()).toBe(0);
    env.clock.advance(5_000);
    expect(lines()).toBe(NOT_BUSY | NOT_ACK);
    strobe(0x69);
    expect(printed).toEqual([0x48, 0x69]);
    expect(env.edges).toEqual([]);
  });

  it("interrupts at the end of the acknowledgement, if that is wanted", () => {
    const { env, strobe } = plugged();
    strobe(0x48, READY | INTERRUPT);
    env.clock.advance(9_000);
    expect(env.edges).toEqual([]);
    env.clock.advance(2_000);
    expect(env.edges).toEqual(["irq7+", "irq7-"]);
  });

  it("loses what is sent to a busy printer, or to one that is not selected or starting", () => {
    const { env, strobe, printed, lines } = plugged();
    strobe(1);
    strobe(2);
    env.clock.advance(20_000);
    strobe(3, NOT_INIT);
    strobe(4, SELECT_IN);
    expect(lines()).toBe(NOT_ACK);
    strobe(5);
    expect(printed).toEqual([1, 5]);
  });

  it("prints no more bytes than there were strobes, whatever else happens", () => {
    fuzzRounds("parallel", 100, (random) => {
      const { env, port, printed, write, read } = plugged();
      let strobes = 0;
      let control = 0;
      for (let step = 0; step < 500; step++) {
        const value = random.below(256);
        const register = BASE + random.below(3);
        if (register === CONTROL) {
          if (value & ~control & STROBE) strobes++;
          control = value;
        }
        write(register, value);
        read(BASE + random.below(3));
        if (random.below(3) === 0) env.clock.advance(random.below(20_000));
        if (random.below(20) === 0) port.restore(structuredClone(port.save()));
      }
      expect(printed.length).toBeLessThanOrEqual(strobes);
      port.reset();
      env.clock.advance(1_000_000);
      expect(read(STATUS) & NOT_ACK).toBe(NOT_ACK);
    });
  });
});
