/**
 * The board's interrupt wires: each ISA IRQ goes to the PIC and to an IOAPIC pin (IRQ0 to pin 2); each PCI wire PIRQA-D goes
 * through the PIIX3's PIRQ registers to an ISA IRQ (GSI 5, 9, 10, 11 as SeaBIOS and the DSDT program them, on i440FX as in
 * QEMU) and, whatever those say, to IOAPIC pin 16-19. Wires are shared: any number of sources, asserted when one is.
 *
 * The router has no state of its own: it looks at the levels of its sources, which the devices restore, and drives lines
 * whose levels the controllers restore.
 */
import { IrqLine } from "../../bus/irqLine.ts";

const ISA_IRQS = 16;
const PIRQS = 4;
const FIRST_PIRQ_PIN = 16;
const TIMER_PIN = 2;
const CASCADE_IRQ = 2;

export interface IrqRouterOptions {
  pic: { irqLine(irq: number): IrqLine };
  ioApic: { irqLine(pin: number): IrqLine };
  /** The ISA IRQ that PIIX3 routes PIRQ 0-3 (A-D) to, or -1. */
  pirqTarget: (pirq: number) => number;
}

export class IrqRouter {
  private readonly isaSources: IrqLine[][] = Array.from({ length: ISA_IRQS }, () => []);
  private readonly pirqSources: IrqLine[][] = Array.from({ length: PIRQS }, () => []);
  private readonly pinSources = new Map<number, IrqLine[]>();

  constructor(private readonly options: IrqRouterOptions) {}

  /** A new source on ISA IRQ 0-15 (not 2, the cascade). */
  isaIrq(irq: number): IrqLine {
    return addSource(this.isaSources[irq], () => this.updateIsa(irq));
  }

  /** A new source on PIRQ 0-3 (A-D). */
  pirq(pirq: number): IrqLine {
    return addSource(this.pirqSources[pirq], () => this.updatePirq(pirq));
  }

  /** A new source on a global system interrupt; below 16 (and for pin 2) that is the ISA wire. */
  gsi(gsi: number): IrqLine {
    if (gsi === TIMER_PIN) return this.isaIrq(0);
    if (gsi < ISA_IRQS) return this.isaIrq(gsi);
    let sources = this.pinSources.get(gsi);
    if (sources === undefined) {
      sources = [];
      this.pinSources.set(gsi, sources);
    }
    return addSource(sources, () => this.updatePin(gsi));
  }

  /** PIIX3 tells that the guest wrote a PIRQ register. */
  rerouted(): void {
    for (let irq = 0; irq < ISA_IRQS; irq++) this.updateIsa(irq);
  }

  private updatePirq(pirq: number): void {
    const irq = this.options.pirqTarget(pirq);
    if (irq >= 0) this.updateIsa(irq);
    this.updatePin(FIRST_PIRQ_PIN + pirq);
  }

  private updatePin(pin: number): void {
    const pirq = this.pirqSources[pin - FIRST_PIRQ_PIN];
    const level = (pirq !== undefined && anyAsserted(pirq)) || anyAsserted(this.pinSources.get(pin) ?? []);
    this.options.ioApic.irqLine(pin).set(level);
  }

  private updateIsa(irq: number): void {
    if (irq === CASCADE_IRQ) return;
    let level = anyAsserted(this.isaSources[irq]);
    for (let pirq = 0; pirq < PIRQS && !level; pirq++) {
      level = this.options.pirqTarget(pirq) === irq && anyAsserted(this.pirqSources[pirq]);
    }
    this.options.pic.irqLine(irq).set(level);
    this.options.ioApic.irqLine(irq === 0 ? TIMER_PIN : irq).set(level);
  }
}

function addSource(sources: IrqLine[], update: () => void): IrqLine {
  const line = new IrqLine(update);
  sources.push(line);
  return line;
}

function anyAsserted(sources: readonly IrqLine[]): boolean {
  for (const source of sources) if (source.level) return true;
  return false;
}
