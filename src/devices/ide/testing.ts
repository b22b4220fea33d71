/** An IDE function as its driver sees it, for tests: ports at their places, drives on memory. */
import { Disk } from "../../bus/disk.ts";
import { IoScheduler } from "../../bus/ioScheduler.ts";
import type { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { PciBus } from "../pci/pciBus.ts";
import type { TestMedium } from "../testMedium.ts";
import { Command, Status } from "./ataRegisters.ts";
import { type IdeDriveOptions, Piix3Ide } from "./piix3Ide.ts";

export { pattern, TestMedium } from "../testMedium.ts";

const SLOT = 1;
const FUNCTION = 1;
export const BUS_MASTER = 0xc000;
export const PRIMARY = { block: 0x1f0, control: 0x3f6, busMaster: BUS_MASTER };
export const SECONDARY = { block: 0x170, control: 0x376, busMaster: BUS_MASTER + 8 };
export type ChannelPlace = typeof PRIMARY;

export function newIde(env: ConformanceEnv, drives: readonly Omit<IdeDriveOptions, "disk">[], media: TestMedium[]) {
  const scheduler = new IoScheduler(env.clock);
  const bus = new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`));
  const disks = drives.map(({ index }, at) => new Disk(`ide${index}`, scheduler, media[at]));
  const ide = new Piix3Ide(env, {
    memory: env.memory,
    irqs: [env.irq("irq14"), env.irq("irq15")],
    drives: drives.map((drive, at) => ({ ...drive, disk: disks[at] })),
  });
  bus.attach(ide, SLOT, FUNCTION);
  return { ide, disks, scheduler };
}

/** Decodes both channels and lets the function master the bus, as firmware does. */
export function enableIde(env: ConformanceEnv): void {
  const write = (register: number, value: number) => {
    env.ports.write(0xcf8, 0x8000_0000 + (((SLOT << 11) | (FUNCTION << 8)) + register), 4);
    env.ports.write(0xcfc, value, 4);
  };
  write(0x40, 0x8000_8000);
  write(0x20, BUS_MASTER);
  write(0x04, 0x0005);
}

/** A driver of one channel. */
export class IdeDriver {
  constructor(
    readonly env: ConformanceEnv,
    readonly place: ChannelPlace = PRIMARY,
  ) {}

  out(register: number, ...values: number[]): void {
    for (const value of values) this.env.ports.write(this.place.block + register, value, 1);
  }

  in(register: number): number {
    return this.env.ports.read(this.place.block + register, 1);
  }

  control(value: number): void {
    this.env.ports.write(this.place.control, value, 1);
  }

  get alternateStatus(): number {
    return this.env.ports.read(this.place.control, 1);
  }

  /** Lets operations of the medium end. */
  wait(): void {
    this.env.clock.advance(1000);
  }

  /** A 28-bit LBA command. */
  command28(code: number, lba = 0, count = 1, slave = false): void {
    this.out(6, 0xe0 | (slave ? 0x10 : 0) | (lba >>> 24));
    this.out(2, count);
    for (let byte = 0; byte < 3; byte++) this.out(3 + byte, (lba >>> (8 * byte)) & 0xff);
    this.out(7, code);
    this.wait();
  }

  /** A 48-bit command. */
  command48(code: number, lba: number, count: number): void {
    this.out(6, 0x40);
    this.out(2, count >>> 8, count & 0xff);
    for (let byte = 0; byte < 3; byte++) {
      const shift = (value: number, bits: number) => Math.floor(value / 2 ** bits) & 0xff;
      this.out(3 + byte, shift(lba, 24 + 8 * byte), shift(lba, 8 * byte));
    }
    this.out(7, code);
    this.wait();
  }

  /** Reads `bytes` through the data register while the drive asks for it. */
  readData(bytes: number, size: 2 | 4 = 2): Uint8Array {
    const data = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += size) {
      if ((this.alternateStatus & Status.DataRequest) === 0) this.wait();
      const value = this.env.ports.read(this.place.block, size);
      for (let byte = 0; byte < size; byte++) data[at + byte] = value >>> (8 * byte);
    }
    return data;
  }

  /** What one REP INS of up to `bytes` bytes gets in one piece. */
  readBlock(bytes: number, size: 1 | 2 | 4 = 2): Uint8Array {
    const target = new Uint8Array(bytes);
    return target.subarray(0, this.env.ports.readBlock(this.place.block, size, target));
  }

  /** How much of one REP OUTS is taken in one piece. */
  writeBlock(data: Uint8Array, size: 1 | 2 | 4 = 2): number {
    return this.env.ports.writeBlock(this.place.block, size, data);
  }

  writeData(data: Uint8Array, size: 2 | 4 = 2): void {
    for (let at = 0; at < data.length; at += size) {
      if ((this.alternateStatus & Status.DataRequest) === 0) this.wait();
      let value = 0;
      for (let byte = 0; byte < size; byte++) value |= (data[at + byte] ?? 0) << (8 * byte);
      this.env.ports.write(this.place.block, value >>> 0, size);
    }
    this.wait();
  }

  /** Sets up descriptors at `table` and starts the bus master. */
  startDma(table: number, pieces: readonly [address: number, bytes: number][], toMemory: boolean): void {
    const view = new DataView(this.env.memory.bytes.buffer);
    for (const [index, [address, bytes]] of pieces.entries()) {
      view.setUint32(table + 8 * index, address, true);
      view.setUint32(table + 8 * index + 4, (bytes & 0xffff) + (index === pieces.length - 1 ? 0x8000_0000 : 0), true);
    }
    const { busMaster } = this.place;
    this.env.ports.write(busMaster + 4, table, 4);
    this.env.ports.write(busMaster, toMemory ? 0x08 : 0, 1);
    this.env.ports.write(busMaster + 2, 0x06, 1);
    this.env.ports.write(busMaster, toMemory ? 0x09 : 0x01, 1);
    this.wait();
  }

  stopDma(): void {
    this.env.ports.write(this.place.busMaster, 0, 1);
  }

  get dmaStatus(): number {
    return this.env.ports.read(this.place.busMaster + 2, 1);
  }

  /** PACKET with data through the data register; `features` 1 for DMA. */
  packet(bytes: readonly number[], features = 0, byteLimit = 0xfffe): void {
    this.out(1, features);
    this.out(4, byteLimit & 0xff);
    this.out(5, byteLimit >>> 8);
    this.out(7, Command.Packet);
    this.writeData(Uint8Array.from({ length: 12 }, (_, at) => bytes[at] ?? 0));
  }
}
