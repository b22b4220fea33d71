import { describe, expect, it } from "vitest";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { IsaUart } from "./isaUart.ts";

const RBR = 0x3f8;
const IER = 0x3f9;
const IIR = 0x3fa;
const FCR = 0x3fa;
const LCR = 0x3fb;
const MCR = 0x3fc;
const LSR = 0x3fd;
const MSR = 0x3fe;
const CHARACTER_NS = 86_806;

function makeUart(env: ConformanceEnv, sent: number[] = []) {
  return new IsaUart({
    name: "uart0",
    clock: env.clock,
    ports: env.ports,
    basePort: 0x3f8,
    irq: env.irq("irq4"),
    backend: { write: (byte) => sent.push(byte) },
  });
}

function plugged() {
  const env = new ConformanceEnv();
  const sent: number[] = [];
  const uart = makeUart(env, sent);
  const inb = (port: number) => env.ports.read(port, 1);
  const outb = (port: number, value: number) => env.ports.write(port, value, 1);
  return { env, uart, sent, inb, outb, irq: env.irq("irq4") };
}

const text = (value: string) => [...value].map((character) => character.charCodeAt(0));

describeDevice("IsaUart", makeUart, (uart, env) => {
  for (const [port, value] of [
    [LCR, 3],
    [FCR, 0x81],
    [IER, 3],
    [MCR, 0x0b],
    [0x3ff, 0x55],
  ]) {
    env.ports.write(port, value, 1);
  }
  uart.receive(text("hello, world, this is longer than a FIFO"));
  env.ports.read(RBR, 1);
  env.clock.advance(100_000);
});

describe("Uart16550", () => {
  it("sends what is written to THR unless DLAB is set", () => {
    const { sent, inb, outb } = plugged();
    outb(RBR, 0x41);
    outb(LCR, 0x83);
    outb(RBR, 1);
    outb(IER, 2);
    expect([inb(RBR), inb(IER)]).toEqual([1, 2]);
    outb(LCR, 3);
    expect(sent).toEqual([0x41]);
    expect(inb(LSR)).toBe(0x60);
  });

  it("is found as a 16550A by Linux's autoconfig", () => {
    const { inb, outb } = plugged();
    outb(IER, 0);
    expect(inb(IER)).toBe(0);
    outb(IER, 0x0f);
    expect(inb(IER)).toBe(0x0f);
    outb(IER, 0);
    outb(MCR, 0x1a);
    expect(inb(MSR) & 0xf0).toBe(0x90);
    outb(MCR, 0);
    outb(FCR, 1);
    expect(inb(IIR) >> 6).toBe(3);
    // Not a 16650 (EFR), not a 16750 (64-byte FIFO), no extended IER bits.
    outb(LCR, 0xbf);
    expect(inb(IIR)).not.toBe(0);
    outb(LCR, 0x80);
    outb(FCR, 0x21);
    expect(inb(IIR) >> 5).toBe(6);
    outb(LCR, 0);
    outb(IER, 0x40);
    expect(inb(IER)).toBe(0);
  });

  it("passes Linux's THRE and TXEN tests", () => {
    const { inb, outb } = plugged();
    for (const _ of [1, 2]) {
      outb(IER, 2);
      expect(inb(IIR) & 0x0f).toBe(2);
      expect(inb(IIR) & 0x0f).toBe(1);
      outb(IER, 0);
    }
  });

  it("gives a fresh edge for each THR write, as an edge-triggered PIC needs", () => {
    const { env, outb } = plugged();
    outb(IER, 2);
    outb(RBR, 0x61);
    outb(RBR, 0x62);
    expect(env.edges).toEqual(["irq4+", "irq4-", "irq4+", "irq4-", "irq4+"]);
  });

  it("names interrupt sources by priority", () => {
    const { uart, inb, outb } = plugged();
    outb(IER, 0x0f);
    uart.receive([0x41]);
    expect(inb(IIR)).toBe(4);
    expect(inb(RBR)).toBe(0x41);
    expect(inb(IIR)).toBe(2);
    outb(MCR, 0x10);
    expect(inb(IIR)).toBe(0);
    expect(inb(MSR)).toBe(0x0b);
    expect(inb(IIR)).toBe(1);
  });

  it("interrupts at the trigger level, and after four character times below it", () => {
    const { env, uart, inb, outb, irq } = plugged();
    outb(LCR, 3);
    outb(FCR, 0x81);
    outb(IER, 1);
    uart.receive(text("1234567"));
    expect(irq.level).toBe(false);
    env.clock.advance(4 * CHARACTER_NS);
    expect(inb(IIR)).toBe(0xcc);
    inb(RBR);
    expect(irq.level).toBe(false);
    env.clock.advance(4 * CHARACTER_NS);
    expect(irq.level).toBe(true);
    for (let i = 0; i < 6; i++) inb(RBR);
    uart.receive(text("12345678"));
    env.clock.advance(10 * CHARACTER_NS);
    expect(inb(IIR)).toBe(0xc4);
  });

  it("never loses pasted text, however slowly the guest reads", () => {
    const { env, uart, inb, outb } = plugged();
    outb(LCR, 3);
    outb(FCR, 0xc1);
    const pasted = Array.from({ length: 1000 }, (_, i) => i & 0xff);
    uart.receive(pasted);
    const got: number[] = [];
    for (let turn = 0; got.length < 1000 && turn < 10_000; turn++) {
      while (inb(LSR) & 1) got.push(inb(RBR));
      env.clock.advance(1_000_000);
    }
    expect(got).toEqual(pasted);
    expect(uart.inputDrained).toBe(true);
    expect(inb(LSR) & 2).toBe(0);
  });

  it("holds input while the guest has dropped RTS", () => {
    const { env, uart, inb, outb } = plugged();
    outb(MCR, 0x0b);
    outb(MCR, 0x09);
    uart.receive([0x41]);
    env.clock.advance(1e9);
    expect(inb(LSR) & 1).toBe(0);
    outb(MCR, 0x0b);
    expect(inb(RBR)).toBe(0x41);
  });

  it("loops back and overruns", () => {
    const { sent, inb, outb } = plugged();
    outb(MCR, 0x10);
    outb(RBR, 0x33);
    outb(RBR, 0x34);
    expect(inb(LSR)).toBe(0x63);
    expect(inb(RBR)).toBe(0x34);
    expect(inb(LSR)).toBe(0x60);
    expect(sent).toEqual([]);
  });
});
