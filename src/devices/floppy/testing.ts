/** A floppy controller as its driver sees it, for tests. */
import { Disk } from "../../bus/disk.ts";
import { IoScheduler } from "../../bus/ioScheduler.ts";
import type { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { IsaDma } from "../dma/isaDma.ts";
import type { TestMedium } from "../testMedium.ts";
import { Msr } from "./fdcCommands.ts";
import { IsaFloppy } from "./isaFloppy.ts";

export { pattern, TestMedium } from "../testMedium.ts";

const BUFFER = 0x2_0000;
const MODE_READ = 0x46;
const MODE_WRITE = 0x4a;

export function newFloppy(env: ConformanceEnv, media: readonly (TestMedium | undefined)[]) {
  const scheduler = new IoScheduler(env.clock);
  const disks = media.map((medium, index) => new Disk(`floppy${index}`, scheduler, medium));
  const dma = new IsaDma(env.ports, env.memory);
  const drives = disks.map((disk, index) => ({ index, disk }));
  const floppy = new IsaFloppy({ ports: env.ports, clock: env.clock, irq: env.irq("irq6"), dma, drives });
  return { floppy, disks, scheduler };
}

export class FloppyDriver {
  constructor(private readonly env: ConformanceEnv) {}

  in(register: number): number {
    return this.env.ports.read(0x3f0 + register, 1);
  }

  out(register: number, value: number): void {
    this.env.ports.write(0x3f0 + register, value, 1);
  }

  get status(): number {
    return this.in(4);
  }

  wait(ns = 2_000_000): void {
    this.env.clock.advance(ns);
  }

  /** Resets, and takes the four interrupts that follow; motor 0 on, 500 kbit/s. */
  start(rate = 0): void {
    this.out(2, 0x18);
    this.out(2, 0x1c);
    this.wait();
    for (let drive = 0; drive < 4; drive++) this.command(0x08);
    this.out(7, rate);
    this.command(0x03, 0xdf, 0x02);
  }

  /** Sends a command and gives its result, waiting for the execution phase where there is one. */
  command(...bytes: number[]): number[] {
    this.send(...bytes);
    this.wait();
    return this.result();
  }

  send(...bytes: number[]): void {
    for (const byte of bytes) this.out(5, byte);
  }

  result(): number[] {
    const result: number[] = [];
    while ((this.status & (Msr.Request | Msr.ToHost | Msr.Busy)) === (Msr.Request | Msr.ToHost | Msr.Busy))
      result.push(this.in(5));
    return result;
  }

  seek(cylinder: number, drive = 0): number[] {
    this.send(0x0f, drive, cylinder);
    this.wait();
    return this.command(0x08);
  }

  /** Programs channel 2 for `bytes` at the buffer. */
  dma(bytes: number, toMemory: boolean): void {
    const { ports } = this.env;
    const write = (port: number, ...values: number[]) => {
      for (const value of values) ports.write(port, value, 1);
    };
    ports.read(0x08, 1);
    write(0x0a, 0x06);
    write(0x0c, 0);
    write(0x0b, toMemory ? MODE_READ : MODE_WRITE);
    write(0x04, BUFFER & 0xff, (BUFFER >> 8) & 0xff);
    write(0x81, BUFFER >> 16);
    write(0x05, (bytes - 1) & 0xff, (bytes - 1) >> 8);
    write(0x0a, 0x02);
  }

  buffer(bytes: number): Uint8Array {
    return this.env.memory.bytes.slice(BUFFER, BUFFER + bytes);
  }

  fill(data: Uint8Array): void {
    this.env.memory.bytes.set(data, BUFFER);
  }
}
