import type { GuestMemory } from "../../bus/guestMemory.ts";
import { IrqLine } from "../../bus/irqLine.ts";
import { MmioSpace } from "../../bus/mmioSpace.ts";
import { PortSpace } from "../../bus/portSpace.ts";
import { FakeClock } from "../../bus/timerQueue.ts";

/** A small guest RAM for device tests; outside it reads are all ones and writes are swallowed. */
export class FakeMemory implements GuestMemory {
  readonly bytes: Uint8Array;

  constructor(readonly sizeBytes = 1 << 20) {
    this.bytes = new Uint8Array(sizeBytes);
  }

  read(physicalAddress: number, target: Uint8Array): void {
    target.fill(0xff);
    if (physicalAddress < this.sizeBytes) {
      target.set(this.bytes.subarray(physicalAddress, physicalAddress + target.length));
    }
  }

  write(physicalAddress: number, source: Uint8Array): void {
    if (physicalAddress >= this.sizeBytes) return;
    this.bytes.set(source.subarray(0, this.sizeBytes - physicalAddress), physicalAddress);
  }
}

/** What a device under test is plugged into. */
export class ConformanceEnv {
  readonly clock = new FakeClock();
  readonly ports = new PortSpace();
  readonly mmio = new MmioSpace();
  readonly memory = new FakeMemory();
  /** Every change of every line of {@link irq}, oldest first: "name+" rose, "name-" fell. */
  readonly edges: string[] = [];
  private readonly lines = new Map<string, IrqLine>();

  /** The line of that name, made at its first use, whose edges are recorded. */
  irq(name: string): IrqLine {
    let line = this.lines.get(name);
    if (line === undefined) {
      line = new IrqLine((asserted) => {
        this.edges.push(`${name}${asserted ? "+" : "-"}`);
      });
      this.lines.set(name, line);
    }
    return line;
  }
}
