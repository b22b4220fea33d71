/** A small virtio driver for tests: finds a function's structures, negotiates, and keeps a split or packed ring in guest memory. */
import type { FakeMemory } from "../conformance/conformanceEnv.ts";
import { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { PciBus } from "../pci/pciBus.ts";
import type { PciHost } from "../pci/pciDevice.ts";
import { PciReg } from "../pci/pciRegisters.ts";
import type { VirtioDevice } from "./virtioDevice.ts";
import { VirtioPci, type VirtioPciOptions } from "./virtioPci.ts";
import { Common, DESC_AVAIL, DESC_INDIRECT, DESC_NEXT, DESC_USED, DESC_WRITE, Status } from "./virtioRegisters.ts";

/** Where the test maps BAR 4, BAR 1 and BAR 0. */
export const MODERN_BASE = 0xfe00_0000;
export const MSIX_BASE = 0xfe10_0000;
export const LEGACY_BASE = 0xc000;
export const ISR_AT = MODERN_BASE + 0x1000;
export const CONFIG_AT = MODERN_BASE + 0x2000;
export const NOTIFY_AT = MODERN_BASE + 0x3000;

const RING_BASE = 0x1000;
const RING_STRIDE = 0x4000;
const DRIVER_AREA = 0x2000;
const DEVICE_AREA = 0x3000;
const INDIRECT_AREA = 0x20000;
const BUFFERS = 0x40000;

export interface Piece {
  bytes?: Uint8Array;
  /** Room for the device to write. */
  room?: number;
}

export interface Used {
  id: number;
  written: number;
}

/** Plugs a device into an environment, as slot 4 of a bus. */
export function plugVirtio<D extends VirtioDevice>(
  env: ConformanceEnv,
  device: D,
  options: Partial<VirtioPciOptions> & { onMessage?: (data: number) => void } = {},
): VirtioPci {
  const sendMsi = (_address: number, data: number) => options.onMessage?.(data);
  const host: PciHost = { ports: env.ports, mmio: env.mmio, memory: env.memory, sendMsi };
  const card = new VirtioPci(device, host, { name: "card", ...options });
  new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`)).attach(card, 4);
  return card;
}

/** Maps the BARs and lets the function master the bus. */
export function mapBars(card: VirtioPci): void {
  card.writeConfig(PciReg.Bar0, LEGACY_BASE, 4);
  card.writeConfig(PciReg.Bar0 + 4, MSIX_BASE, 4);
  card.writeConfig(PciReg.Bar0 + 16, MODERN_BASE, 4);
  card.writeConfig(PciReg.Command, 0x0007, 2);
}

export class TestDriver {
  readonly env: ConformanceEnv;
  readonly card: VirtioPci;
  readonly memory: FakeMemory;
  /** Data of the interrupt messages that were sent. */
  readonly messages: number[] = [];
  private readonly rings: TestRing[] = [];
  private nextBuffer = BUFFERS;

  constructor(
    device: VirtioDevice,
    readonly packed: boolean,
    env = new ConformanceEnv(),
  ) {
    this.env = env;
    this.memory = env.memory;
    this.card = plugVirtio(env, device, { packed, onMessage: (data) => this.messages.push(data) });
    mapBars(this.card);
  }

  read(offset: number, size: 1 | 2 | 4): number {
    return this.env.mmio.read(MODERN_BASE + offset, size);
  }

  write(offset: number, value: number, size: 1 | 2 | 4): void {
    this.env.mmio.write(MODERN_BASE + offset, value, size);
  }

  get status(): number {
    return this.read(Common.DeviceStatus, 1);
  }

  /** Initializes the device as 3.1.1 says, accepting all that is offered but the bits of `without`. */
  start(without = 0n, queueSize = 8): void {
    this.negotiate(without);
    const queues = this.read(Common.NumQueues, 2);
    for (let index = 0; index < queues; index++) this.setUpQueue(index, queueSize);
    this.write(Common.DeviceStatus, Status.Acknowledge | Status.Driver | Status.FeaturesOk | Status.DriverOk, 1);
  }

  negotiate(without = 0n): void {
    this.write(Common.DeviceStatus, 0, 1);
    this.write(Common.DeviceStatus, Status.Acknowledge | Status.Driver, 1);
    for (let word = 0; word < 2; word++) {
      this.write(Common.DeviceFeatureSelect, word, 4);
      this.write(Common.DriverFeatureSelect, word, 4);
      const refused = Number((without >> BigInt(32 * word)) & 0xffff_ffffn);
      this.write(Common.DriverFeature, (this.read(Common.DeviceFeature, 4) & ~refused) >>> 0, 4);
    }
    this.write(Common.DeviceStatus, Status.Acknowledge | Status.Driver | Status.FeaturesOk, 1);
  }

  setUpQueue(index: number, size: number): void {
    const base = RING_BASE + index * RING_STRIDE;
    this.write(Common.QueueSelect, index, 2);
    this.write(Common.QueueSize, size, 2);
    for (const [register, address] of [
      [Common.QueueDesc, base],
      [Common.QueueDriver, base + DRIVER_AREA],
      [Common.QueueDevice, base + DEVICE_AREA],
    ]) {
      this.write(register, address, 4);
      this.write(register + 4, 0, 4);
    }
    this.write(Common.QueueEnable, 1, 2);
    this.memory.bytes.fill(0, base, base + RING_STRIDE);
    this.rings[index] = this.packed
      ? new PackedTestRing(this.memory, base, size)
      : new SplitTestRing(this.memory, base, size);
  }

  ring(index = 0): TestRing {
    return this.rings[index];
  }

  /** Makes a buffer available and notifies; returns the addresses of its pieces. */
  submit(pieces: readonly Piece[], options: { queue?: number; indirect?: boolean } = {}): number[] {
    const { queue = 0, indirect = false } = options;
    const placed = pieces.map((piece) => this.place(piece));
    this.rings[queue].add(placed, indirect);
    this.notify(queue);
    return placed.map(({ address }) => address);
  }

  notify(queue: number): void {
    this.env.mmio.write(NOTIFY_AT + 4 * queue, queue, 2);
  }

  /** Buffers that the device has given back since the last call. */
  used(queue = 0): Used[] {
    return this.rings[queue].used();
  }

  bytesAt(address: number, length: number): Uint8Array {
    return this.memory.bytes.slice(address, address + length);
  }

  private place({ bytes, room = 0 }: Piece): PlacedPiece {
    const address = this.nextBuffer;
    const length = bytes?.length ?? room;
    this.nextBuffer += length + 0x10;
    if (bytes) this.memory.bytes.set(bytes, address);
    return { address, length, flags: bytes ? 0 : DESC_WRITE };
  }
}

export interface PlacedPiece {
  address: number;
  length: number;
  flags: number;
}

export interface TestRing {
  add(pieces: readonly PlacedPiece[], indirect: boolean): void;
  used(): Used[];
}

abstract class RingMemory {
  protected readonly view: DataView;

  constructor(
    memory: FakeMemory,
    protected readonly base: number,
    protected readonly size: number,
  ) {
    this.view = new DataView(memory.bytes.buffer);
  }

  protected writeData(at: number, { address, length }: PlacedPiece): void {
    this.view.setUint32(at, address % 2 ** 32, true);
    this.view.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
    this.view.setUint32(at + 8, length, true);
  }
}

export class SplitTestRing extends RingMemory implements TestRing {
  private nextDescriptor = 0;
  private available = 0;
  private seen = 0;

  add(pieces: readonly PlacedPiece[], indirect: boolean): void {
    const head = this.nextDescriptor;
    if (indirect) {
      const table = INDIRECT_AREA + head * 0x400;
      for (const [index, piece] of pieces.entries())
        this.writeDescriptor(table + index * 16, piece, index + 1 < pieces.length, index + 1);
      this.writeDescriptor(
        this.base + head * 16,
        { address: table, length: pieces.length * 16, flags: DESC_INDIRECT },
        false,
        0,
      );
      this.nextDescriptor = (head + 1) % this.size;
    } else {
      for (const [index, piece] of pieces.entries()) {
        const at = (head + index) % this.size;
        this.writeDescriptor(this.base + at * 16, piece, index + 1 < pieces.length, (at + 1) % this.size);
      }
      this.nextDescriptor = (head + pieces.length) % this.size;
    }
    this.makeAvailable(head);
  }

  makeAvailable(head: number): void {
    this.view.setUint16(this.base + DRIVER_AREA + 4 + (this.available % this.size) * 2, head, true);
    this.available = (this.available + 1) & 0xffff;
    this.view.setUint16(this.base + DRIVER_AREA + 2, this.available, true);
  }

  used(): Used[] {
    const index = this.view.getUint16(this.base + DEVICE_AREA + 2, true);
    const found: Used[] = [];
    for (; this.seen !== index; this.seen = (this.seen + 1) & 0xffff) {
      const at = this.base + DEVICE_AREA + 4 + (this.seen % this.size) * 8;
      found.push({ id: this.view.getUint32(at, true), written: this.view.getUint32(at + 4, true) });
    }
    return found;
  }

  private writeDescriptor(at: number, piece: PlacedPiece, more: boolean, next: number): void {
    this.writeData(at, piece);
    this.view.setUint16(at + 12, piece.flags | (more ? DESC_NEXT : 0), true);
    this.view.setUint16(at + 14, next, true);
  }
}

export class PackedTestRing extends RingMemory implements TestRing {
  private at = 0;
  private wrap = true;
  private usedAt = 0;
  private usedWrap = true;
  private nextId = 0;
  private readonly slots = new Map<number, number>();

  add(pieces: readonly PlacedPiece[], indirect: boolean): void {
    const id = this.nextId++;
    const table = INDIRECT_AREA + (id % 16) * 0x400;
    for (const [index, piece] of indirect ? pieces.entries() : [])
      this.writeDescriptor(table + index * 16, piece, 0, piece.flags);
    const direct = indirect ? [{ address: table, length: pieces.length * 16, flags: DESC_INDIRECT }] : pieces;
    this.slots.set(id, direct.length);
    for (const [index, piece] of direct.entries()) {
      const flags = piece.flags | (index + 1 < direct.length ? DESC_NEXT : 0) | (this.wrap ? DESC_AVAIL : DESC_USED);
      this.writeDescriptor(this.base + this.at * 16, piece, id, flags);
      this.at = (this.at + 1) % this.size;
      if (this.at === 0) this.wrap = !this.wrap;
    }
  }

  used(): Used[] {
    const found: Used[] = [];
    for (;;) {
      const at = this.base + this.usedAt * 16;
      const flags = this.view.getUint16(at + 14, true);
      if (((flags & DESC_AVAIL) !== 0) !== this.usedWrap || ((flags & DESC_USED) !== 0) !== this.usedWrap) return found;
      const id = this.view.getUint16(at + 12, true);
      found.push({ id, written: this.view.getUint32(at + 8, true) });
      this.usedAt += this.slots.get(id) ?? 1;
      if (this.usedAt >= this.size) {
        this.usedAt -= this.size;
        this.usedWrap = !this.usedWrap;
      }
    }
  }

  private writeDescriptor(at: number, piece: PlacedPiece, id: number, flags: number): void {
    this.writeData(at, piece);
    this.view.setUint16(at + 12, id, true);
    this.view.setUint16(at + 14, flags, true);
  }
}
