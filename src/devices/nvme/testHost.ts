/** A small NVMe host for tests: enables a controller and keeps its queues in guest memory. */

import type { Disk } from "../../bus/disk.ts";
import { ConformanceEnv } from "../conformance/conformanceEnv.ts";
import { PciBus } from "../pci/pciBus.ts";
import { PciReg } from "../pci/pciRegisters.ts";
import { NvmePci as Nvme, type NvmePci } from "./nvmePci.ts";
import { Admin, Reg } from "./nvmeRegisters.ts";

export const BAR = 0xfe00_0000;
const ASQ = 0x1000;
const ACQ = 0x2000;
const IO_SQ = 0x3000;
const IO_CQ = 0x4000;
export const BUFFER = 0x1_0000;
const ENTRIES = 8;
const ENABLE = 0x0046_0001;

export interface TestCommand {
  opcode: number;
  flags?: number;
  nsid?: number;
  prp1?: number;
  prp2?: number;
  /** From dword 10 on. */
  cdw?: readonly number[];
}

export interface TestCompletion {
  cid: number;
  status: number;
  result: number;
}

export function plugNvme(env: ConformanceEnv, disk: Disk, onMessage: (data: number) => void = () => {}): NvmePci {
  const sendMsi = (_address: number, data: number) => onMessage(data);
  const card = new Nvme({ ports: env.ports, mmio: env.mmio, memory: env.memory, sendMsi }, { name: "nvme0", disk });
  new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`)).attach(card, 4);
  return card;
}

export function mapBar(card: NvmePci): void {
  card.writeConfig(PciReg.Bar0, BAR, 4);
  card.writeConfig(PciReg.Command, 0x0006, 2);
}

interface Ring {
  sq: number;
  cq: number;
  entries: number;
  tail: number;
  head: number;
  phase: number;
}

export class TestHost {
  readonly env: ConformanceEnv;
  readonly card: NvmePci;
  readonly messages: number[] = [];
  private readonly view: DataView;
  private readonly rings = new Map<number, Ring>();
  private nextCid = 1;

  constructor(makeDisk: (env: ConformanceEnv) => Disk) {
    this.env = new ConformanceEnv();
    this.card = plugNvme(this.env, makeDisk(this.env), (data) => this.messages.push(data));
    this.view = new DataView(this.env.memory.bytes.buffer);
    mapBar(this.card);
  }

  read(register: number): number {
    return this.env.mmio.read(BAR + register, 4);
  }

  write(register: number, value: number): void {
    this.env.mmio.write(BAR + register, value, 4);
  }

  /** Disables, then enables with fresh admin queues. */
  enable(): void {
    this.write(Reg.Cc, 0);
    this.env.memory.bytes.fill(0, ASQ, IO_CQ + 0x1000);
    this.write(Reg.Aqa, ((ENTRIES - 1) << 16) | (ENTRIES - 1));
    this.write(Reg.Asq, ASQ);
    this.write(Reg.Acq, ACQ);
    this.write(Reg.Cc, ENABLE);
    this.rings.clear();
    this.rings.set(0, { sq: ASQ, cq: ACQ, entries: ENTRIES, tail: 0, head: 0, phase: 1 });
  }

  /** Enables, and makes I/O queue 1 with this interrupt vector. */
  start(vector = 0): void {
    this.enable();
    const size = (ENTRIES - 1) * 0x1_0000 + 1;
    this.admin({ opcode: Admin.CreateCq, prp1: IO_CQ, cdw: [size, vector * 0x1_0000 + 3] });
    this.admin({ opcode: Admin.CreateSq, prp1: IO_SQ, cdw: [size, 0x1_0001] });
    this.rings.set(1, { sq: IO_SQ, cq: IO_CQ, entries: ENTRIES, tail: 0, head: 0, phase: 1 });
  }

  /** Puts a command into a queue and rings; returns its identifier. */
  submit(command: TestCommand, queue = 0): number {
    const ring = this.ring(queue);
    const at = ring.sq + ring.tail * 64;
    const cid = this.nextCid++;
    const words = new Array<number>(16).fill(0);
    words[0] = (command.opcode | ((command.flags ?? 0) << 8) | (cid << 16)) >>> 0;
    words[1] = command.nsid ?? (queue === 0 ? 0 : 1);
    [words[6], words[7]] = split(command.prp1 ?? BUFFER);
    [words[8], words[9]] = split(command.prp2 ?? 0);
    for (const [index, value] of (command.cdw ?? []).entries()) words[10 + index] = value;
    for (const [index, word] of words.entries()) this.view.setUint32(at + index * 4, word, true);
    ring.tail = (ring.tail + 1) % ring.entries;
    this.write(0x1000 + queue * 8, ring.tail);
    return cid;
  }

  /** Takes what has been completed since the last call. */
  completions(queue = 0): TestCompletion[] {
    const ring = this.ring(queue);
    const found: TestCompletion[] = [];
    for (;;) {
      const at = ring.cq + ring.head * 16;
      const status = this.view.getUint16(at + 14, true);
      if ((status & 1) !== ring.phase) break;
      // Without the bit that tells not to retry.
      found.push({
        cid: this.view.getUint16(at + 12, true),
        status: (status >>> 1) & 0x7ff,
        result: this.view.getUint32(at, true),
      });
      ring.head = (ring.head + 1) % ring.entries;
      if (ring.head === 0) ring.phase ^= 1;
    }
    if (found.length > 0) this.write(0x1000 + queue * 8 + 4, ring.head);
    return found;
  }

  /** Submits an admin command and gives its outcome. */
  admin(command: TestCommand): TestCompletion {
    this.submit(command);
    return this.only(0);
  }

  /** Submits an I/O command, waits, and gives its outcome. */
  io(command: TestCommand): TestCompletion {
    this.submit(command, 1);
    this.env.clock.advance(10_000_000);
    return this.only(1);
  }

  bytesAt(address: number, length: number): Uint8Array {
    return this.env.memory.bytes.slice(address, address + length);
  }

  private only(queue: number): TestCompletion {
    const found = this.completions(queue);
    if (found.length !== 1) throw new Error(`${found.length} completions`);
    return found[0];
  }

  private ring(queue: number): Ring {
    const ring = this.rings.get(queue);
    if (ring === undefined) throw new Error(`no queue ${queue}`);
    return ring;
  }
}

function split(address: number): [number, number] {
  return [address % 2 ** 32, Math.floor(address / 2 ** 32)];
}
