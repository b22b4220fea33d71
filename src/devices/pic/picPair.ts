/**
 * The PC/AT's two cascaded 8259As: master at ports 20h-21h, slave at A0h-A1h on the master's IR2, edge/level control
 * registers at 4D0h-4D1h. Document: Intel 82371SB (PIIX3) datasheet, "Interrupt Controller".
 */
import type { IoHandler } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { object, parseState } from "../../bus/savedState.ts";
import { PIC_STATE, Pic8259 } from "./pic8259.ts";

const KIND = "pic8259-pair";
const VERSION = 1;
const SHAPE = object({ master: PIC_STATE, slave: PIC_STATE });

/** IRQ0-2, 8 and 13 are always edge triggered (PIIX3 ELCR1/ELCR2). */
const ELCR_MASK_MASTER = 0xf8;
const ELCR_MASK_SLAVE = 0xde;
const CASCADE_LEVEL = 2;
const SPURIOUS_LEVEL = 7;

export class PicPair extends PassiveDevice {
  readonly name = "pic";
  private readonly master: Pic8259;
  private readonly slave: Pic8259;
  private readonly inputs: IrqLine[];

  /** `setIntr` hears changes of the INTR pin to the CPU (or to the local APIC's LINT0). */
  constructor(ports: PortSpace, setIntr: (asserted: boolean) => void) {
    super();
    this.master = new Pic8259("pic master", true, ELCR_MASK_MASTER, setIntr);
    this.slave = new Pic8259("pic slave", false, ELCR_MASK_SLAVE, (asserted) =>
      this.master.setLine(CASCADE_LEVEL, asserted),
    );
    this.inputs = Array.from({ length: 16 }, (_unused, irq) => {
      const chip = irq < 8 ? this.master : this.slave;
      return new IrqLine((asserted) => chip.setLine(irq & 7, asserted));
    });
    ports.claim(0x20, 2, registerHandler(this.master), { name: "pic master" });
    ports.claim(0xa0, 2, registerHandler(this.slave), { name: "pic slave" });
    ports.claim(0x4d0, 2, elcrHandler(this.master, this.slave), { name: "pic elcr" });
  }

  /** The input of IRQ 0-15; IRQ 2 is the cascade and leads nowhere. */
  irqLine(irq: number): IrqLine {
    return irq === CASCADE_LEVEL ? new IrqLine(() => {}) : this.inputs[irq];
  }

  /** The level of the INTR output; after a restore the CPU side reads it here. */
  get intr(): boolean {
    return this.master.intOutput;
  }

  /** The CPU's interrupt acknowledge: the vector to take. With nothing pending it is that of IRQ7 or IRQ15. */
  acknowledge(): number {
    const level = this.master.acknowledge();
    if (level !== CASCADE_LEVEL) return this.master.vectorOf(level < 0 ? SPURIOUS_LEVEL : level);
    const slaveLevel = this.slave.acknowledge();
    return this.slave.vectorOf(slaveLevel < 0 ? SPURIOUS_LEVEL : slaveLevel);
  }

  reset(): void {
    this.slave.reset();
    this.master.reset();
    for (const line of this.inputs) line.restoreLevel(false);
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: { master: this.master.save(), slave: this.slave.save() } };
  }

  restore(saved: DeviceState): void {
    const state = parseState(saved, KIND, VERSION, SHAPE);
    this.master.restore(state.master);
    this.slave.restore(state.slave);
    this.inputs.forEach((line, irq) => {
      line.restoreLevel((irq < 8 ? this.master : this.slave).lineLevel(irq & 7));
    });
  }
}

function registerHandler(chip: Pic8259): IoHandler {
  return {
    read: (offset) => (offset === 0 ? chip.readCommand() : chip.readData()),
    write: (offset, value) => (offset === 0 ? chip.writeCommand(value) : chip.writeData(value)),
  };
}

function elcrHandler(master: Pic8259, slave: Pic8259): IoHandler {
  return {
    read: (offset) => (offset === 0 ? master : slave).elcr,
    write: (offset, value) => (offset === 0 ? master : slave).writeElcr(value),
  };
}
