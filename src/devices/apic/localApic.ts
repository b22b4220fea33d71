/**
 * The xAPIC of one CPU: the register page at FEE00000h, acceptance and priority of interrupts, local vector table, timer,
 * and the wires LINT0 (the 8259 pair, "virtual wire") and LINT1 (NMI). Document: Intel SDM vol. 3A chapter 11.
 *
 * Departures: after reset the BSP's LINT0 is unmasked ExtINT although the APIC is software-disabled, as QEMU leaves it for
 * SeaBIOS. Not modelled: x2APIC, TSC-deadline, focus processor, lowest-priority arbitration (there is one CPU), SMI.
 */
import type { Claim, IoHandler } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import { parseState } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import { type ApicBus, type ApicMessage, DeliveryMode } from "./apicMessage.ts";
import { ApicTimer } from "./apicTimer.ts";
import {
  BASE_BSP,
  BASE_ENABLE,
  DEFAULT_BASE,
  Esr,
  LVT_DELIVERY_STATUS,
  LVT_LEVEL,
  LVT_MASKED,
  LVT_PERIODIC,
  LVT_REMOTE_IRR,
  LVT_RESET,
  LVT_WRITABLE,
  Lvt,
  Reg,
  SVR_ENABLE,
  VERSION_REGISTER,
} from "./localApicRegisters.ts";
import { LOCAL_APIC_KIND, LOCAL_APIC_STATE, LOCAL_APIC_VERSION, type LocalApicOptions } from "./localApicState.ts";
import { VectorSet } from "./vectorSet.ts";

export type { LocalApicOptions } from "./localApicState.ts";

export class LocalApic extends PassiveDevice implements ApicBus {
  readonly name: string;
  /** LINT0: connect the PIC's INTR here. */
  readonly lint0: IrqLine;
  /** LINT1: the board's NMI. */
  readonly lint1: IrqLine;
  /** The IA32_APIC_BASE MSR, as an exact number. */
  private base = 0;
  private id = 0;
  private tpr = 0;
  private ldr = 0;
  private dfr = 0xffffffff;
  private svr = 0xff;
  private esr = 0;
  private pendingErrors = 0;
  private icrLow = 0;
  private icrHigh = 0;
  private readonly lvt = new Uint32Array(6);
  private readonly isr = new VectorSet();
  private readonly tmr = new VectorSet();
  private readonly irr = new VectorSet();
  private intr = false;
  private readonly timer: ApicTimer;
  private claim: Claim | undefined;
  private readonly handler: IoHandler = {
    read: (offset) => this.readRegister(offset),
    write: (offset, value) => this.writeRegister(offset, value),
  };

  constructor(private readonly options: LocalApicOptions) {
    super();
    this.name = `lapic${options.apicId ?? 0}`;
    this.timer = new ApicTimer(options.clock, options.busHz ?? 1e9, () => this.raiseLocal(Lvt.Timer));
    this.lint0 = new IrqLine((asserted) => this.lintChanged(Lvt.Lint0, asserted));
    this.lint1 = new IrqLine((asserted) => this.lintChanged(Lvt.Lint1, asserted));
    this.resetRegisters();
  }

  // --- The CPU's side ---

  /** The value of IA32_APIC_BASE. */
  getBase(): number {
    return this.base;
  }

  /** Guest write of IA32_APIC_BASE (page address, bit 11 global enable); moves or unmaps the register page. */
  setBase(msrValue: number): void {
    const wasEnabled = this.enabled;
    const page = Math.floor(msrValue / 0x1000) * 0x1000;
    this.base = page + ((msrValue & BASE_ENABLE) | (this.options.isBsp === false ? 0 : BASE_BSP));
    if (wasEnabled && !this.enabled) this.clearToSoftwareDisabled();
    this.mapPage();
    this.update();
  }

  /** CR8 as the CPU sees it: bits 7-4 of TPR. */
  get cr8(): number {
    return this.tpr >>> 4;
  }

  set cr8(value: number) {
    this.tpr = (value & 0xf) << 4;
    this.update();
  }

  /** The level of "interrupt to take"; after a restore the CPU reads it here. */
  get intrAsserted(): boolean {
    return this.intr;
  }

  /** The vector in IRR that would be taken now, or -1; does not count the PIC's. */
  get highestPending(): number {
    if (!this.enabled) return -1;
    const vector = this.irr.highest();
    return vector >= 0 && vector >>> 4 > this.ppr >>> 4 ? vector : -1;
  }

  /** Takes the interrupt: moves it to ISR and returns the vector; the PIC's where LINT0 passes it; -1 where none is left. */
  acknowledge(): number {
    const vector = this.highestPending;
    if (vector < 0) return this.picPasses() ? this.options.acknowledgePic() : -1;
    this.irr.clear(vector);
    this.isr.set(vector);
    this.update();
    return vector;
  }

  // --- The bus's side ---

  /** Sets `vector` in IRR. False when the APIC is disabled or the vector is illegal. */
  acceptInterrupt(vector: number, trigger: "level" | "edge"): boolean {
    if (!this.enabled || (this.svr & SVR_ENABLE) === 0) return false;
    if (vector < 16) {
      this.recordError(Esr.ReceivedIllegalVector);
      return false;
    }
    this.irr.set(vector);
    if (trigger === "level") this.tmr.set(vector);
    else this.tmr.clear(vector);
    this.update();
    return true;
  }

  deliver(message: ApicMessage): boolean {
    if (!this.enabled || !this.matches(message.destination, message.logical)) return false;
    return this.accept(message.deliveryMode, message.vector, message.level);
  }

  // --- Device ---

  reset(): void {
    this.resetRegisters();
    this.lint0.restoreLevel(false);
    this.lint1.restoreLevel(false);
    this.update();
  }

  save(): DeviceState {
    const { base, id, tpr, ldr, dfr, svr, esr, pendingErrors, icrLow, icrHigh, intr } = this;
    const registers = { base, id, tpr, ldr, dfr, svr, esr, pendingErrors, icrLow, icrHigh, intr };
    return {
      kind: LOCAL_APIC_KIND,
      version: LOCAL_APIC_VERSION,
      state: {
        ...registers,
        lvt: [...this.lvt],
        isr: this.isr.save(),
        tmr: this.tmr.save(),
        irr: this.irr.save(),
        lint0: this.lint0.level,
        lint1: this.lint1.level,
        timer: this.timer.save(),
      },
    };
  }

  restore(saved: DeviceState): void {
    const { lvt, isr, tmr, irr, lint0, lint1, timer, ...registers } = parseState(
      saved,
      LOCAL_APIC_KIND,
      LOCAL_APIC_VERSION,
      LOCAL_APIC_STATE,
    );
    Object.assign(this, registers);
    this.lvt.set(lvt);
    this.isr.restore(isr);
    this.tmr.restore(tmr);
    this.irr.restore(irr);
    this.lint0.restoreLevel(lint0);
    this.lint1.restoreLevel(lint1);
    this.timer.restore(timer);
    this.mapPage();
  }

  private get enabled(): boolean {
    return (this.base & BASE_ENABLE) !== 0;
  }

  private get ppr(): number {
    const inService = this.isr.highest();
    const serviceClass = inService < 0 ? 0 : inService & 0xf0;
    return this.tpr >>> 4 >= serviceClass >>> 4 ? this.tpr : serviceClass;
  }

  private resetRegisters(): void {
    const isBsp = this.options.isBsp !== false;
    this.base = DEFAULT_BASE + (BASE_ENABLE | (isBsp ? BASE_BSP : 0));
    this.id = this.options.apicId ?? 0;
    this.clearToSoftwareDisabled();
    if (isBsp) this.lvt[Lvt.Lint0] = DeliveryMode.ExtInt << 8;
    this.mapPage();
  }

  private clearToSoftwareDisabled(): void {
    this.tpr = 0;
    this.ldr = 0;
    this.dfr = 0xffffffff;
    this.svr = 0xff;
    this.esr = 0;
    this.pendingErrors = 0;
    this.icrLow = 0;
    this.icrHigh = 0;
    this.lvt.fill(LVT_RESET);
    this.isr.clearAll();
    this.tmr.clearAll();
    this.irr.clearAll();
    this.timer.reset();
  }

  /** Puts the register page where the base MSR says. */
  private mapPage(): void {
    const page = Math.floor(this.base / 0x1000) * 0x1000;
    const wanted = this.enabled ? page : undefined;
    if (this.claim?.base === wanted) return;
    this.claim?.release();
    this.claim = undefined;
    if (wanted === undefined) return;
    if (wanted + 0x1000 > 2 ** 40 || this.options.mmio.overlaps(wanted, 0x1000)) {
      trace(this.name, `base ${wanted.toString(16)} is taken; the page stays unmapped`);
      return;
    }
    this.claim = this.options.mmio.claim(wanted, 0x1000, this.handler, { name: this.name, sizes: [4] });
  }

  /** LINT0 carries the PIC's interrupt: through the virtual wire, or straight when the APIC is hardware-disabled. */
  private picPasses(): boolean {
    if (!this.lint0.level) return false;
    if (!this.enabled) return true;
    const entry = this.lvt[Lvt.Lint0];
    return (entry & LVT_MASKED) === 0 && modeOf(entry) === DeliveryMode.ExtInt;
  }

  private update(): void {
    const asserted = this.highestPending >= 0 || this.picPasses();
    if (asserted === this.intr) return;
    this.intr = asserted;
    this.options.setIntr(asserted);
  }

  private lintChanged(index: number, asserted: boolean): void {
    if (!this.enabled) {
      // Hardware-disabled, the pins are INTR and NMI.
      if (index === Lvt.Lint1 && asserted) this.options.onNmi?.();
      this.update();
      return;
    }
    if (modeOf(this.lvt[index]) === DeliveryMode.ExtInt) this.update();
    else if (asserted) this.raiseLocal(index);
  }

  /** A local source asserts its LVT entry. */
  private raiseLocal(index: number): void {
    const entry = this.lvt[index];
    if ((entry & LVT_MASKED) !== 0 || !this.enabled) return;
    const isLint = index === Lvt.Lint0 || index === Lvt.Lint1;
    const mode = index === Lvt.Timer || index === Lvt.Error ? DeliveryMode.Fixed : modeOf(entry);
    const level = isLint && mode === DeliveryMode.Fixed && (entry & LVT_LEVEL) !== 0;
    if (level && (entry & LVT_REMOTE_IRR) !== 0) return;
    if (this.accept(mode, entry & 0xff, level) && level) this.lvt[index] |= LVT_REMOTE_IRR;
  }

  private accept(deliveryMode: number, vector: number, level: boolean): boolean {
    switch (deliveryMode) {
      case DeliveryMode.Fixed:
      case DeliveryMode.LowestPriority:
        return this.acceptInterrupt(vector, level ? "level" : "edge");
      case DeliveryMode.Nmi:
        this.options.onNmi?.();
        return true;
      case DeliveryMode.Init:
        this.options.onInit?.();
        return true;
      case DeliveryMode.Startup:
        this.options.onStartup?.(vector);
        return true;
      case DeliveryMode.ExtInt:
        // From the IOAPIC: the PIC is on LINT0 of this board.
        return this.lint0.level;
      default:
        trace(this.name, `delivery mode ${deliveryMode} ignored`);
        return true;
    }
  }

  /** SDM 11.6.2: physical ID or broadcast; logical flat (DFR all ones in bits 31-28) or cluster. */
  private matches(destination: number, logical: boolean): boolean {
    if (destination === 0xff) return true;
    if (!logical) return destination === this.id;
    if (this.dfr >>> 28 === 0xf) return (destination & this.ldr) !== 0;
    return destination >>> 4 === this.ldr >>> 4 && (destination & this.ldr & 0xf) !== 0;
  }

  private eoi(): void {
    const vector = this.isr.highest();
    if (vector < 0) return;
    this.isr.clear(vector);
    if (this.tmr.has(vector)) {
      this.endLevelLint(Lvt.Lint0, vector);
      this.endLevelLint(Lvt.Lint1, vector);
      this.options.onEoi?.(vector);
    }
    this.update();
  }

  private endLevelLint(index: number, vector: number): void {
    const entry = this.lvt[index];
    if ((entry & LVT_REMOTE_IRR) === 0 || (entry & 0xff) !== vector) return;
    this.lvt[index] &= ~LVT_REMOTE_IRR;
    if ((index === Lvt.Lint0 ? this.lint0 : this.lint1).level) this.raiseLocal(index);
  }

  /** Accumulates an error for the next write of ESR and signals it through the error LVT. */
  private recordError(bit: number): void {
    if ((this.pendingErrors & bit) !== 0) return;
    this.pendingErrors |= bit;
    // An illegal vector in the error LVT itself must not come back here.
    if ((this.lvt[Lvt.Error] & 0xff) >= 16) this.raiseLocal(Lvt.Error);
  }

  private readRegister(offset: number): number {
    const register = offset >>> 4;
    if (register >= Reg.Isr && register < Reg.Tmr) return this.isr.words[register - Reg.Isr];
    if (register >= Reg.Tmr && register < Reg.Irr) return this.tmr.words[register - Reg.Tmr];
    if (register >= Reg.Irr && register < Reg.Esr) return this.irr.words[register - Reg.Irr];
    if (register >= Reg.LvtTimer && register <= Reg.LvtError) return this.lvt[register - Reg.LvtTimer];
    switch (register) {
      case Reg.Id:
        return (this.id << 24) >>> 0;
      case Reg.Version:
        return VERSION_REGISTER;
      case Reg.Tpr:
        return this.tpr;
      case Reg.Apr:
      case Reg.Ppr:
        return this.ppr;
      case Reg.Ldr:
        return (this.ldr << 24) >>> 0;
      case Reg.Dfr:
        return this.dfr;
      case Reg.Svr:
        return this.svr;
      case Reg.Esr:
        return this.esr;
      case Reg.IcrLow:
        return this.icrLow;
      case Reg.IcrHigh:
        return this.icrHigh;
      case Reg.InitialCount:
        return this.timer.readInitialCount();
      case Reg.CurrentCount:
        return this.timer.readCurrentCount();
      case Reg.DivideConfig:
        return this.timer.readDivideConfig();
      case Reg.LvtCmci:
        return 0;
      default:
        return this.illegalRegister(register);
    }
  }

  private writeRegister(offset: number, value: number): void {
    const register = offset >>> 4;
    if (register >= Reg.LvtTimer && register <= Reg.LvtError) {
      this.writeLvt(register - Reg.LvtTimer, value);
      return;
    }
    switch (register) {
      case Reg.Id:
        this.id = value >>> 24;
        break;
      case Reg.Tpr:
        this.tpr = value & 0xff;
        this.update();
        break;
      case Reg.Eoi:
        this.eoi();
        break;
      case Reg.Ldr:
        this.ldr = value >>> 24;
        break;
      case Reg.Dfr:
        this.dfr = (value | 0x0fffffff) >>> 0;
        break;
      case Reg.Svr:
        this.writeSvr(value);
        break;
      case Reg.Esr:
        this.esr = this.pendingErrors;
        this.pendingErrors = 0;
        break;
      case Reg.IcrLow:
        this.icrLow = (value & 0x000ccfff) >>> 0;
        this.sendIpi();
        break;
      case Reg.IcrHigh:
        this.icrHigh = (value & 0xff000000) >>> 0;
        break;
      case Reg.InitialCount:
        this.timer.writeInitialCount(value);
        break;
      case Reg.DivideConfig:
        this.timer.writeDivideConfig(value);
        break;
      case Reg.LvtCmci:
        break;
      default:
        if (!isReadOnly(register)) this.illegalRegister(register);
    }
  }

  private illegalRegister(register: number): number {
    trace(this.name, `access to reserved register ${(register << 4).toString(16)}`);
    this.recordError(Esr.IllegalRegister);
    return 0;
  }

  /** SDM 11.4.7.2: software-disabled, all LVT mask bits are set and cannot be cleared. */
  private writeSvr(value: number): void {
    this.svr = value & 0x3ff;
    if ((value & SVR_ENABLE) === 0) {
      for (let index = 0; index < this.lvt.length; index++) this.lvt[index] |= LVT_MASKED;
    }
    this.update();
  }

  private writeLvt(index: number, value: number): void {
    const kept = this.lvt[index] & (LVT_DELIVERY_STATUS | LVT_REMOTE_IRR);
    const masked = (this.svr & SVR_ENABLE) === 0 ? LVT_MASKED : 0;
    this.lvt[index] = (value & LVT_WRITABLE[index]) | kept | masked;
    if ((this.lvt[index] & LVT_LEVEL) === 0) this.lvt[index] &= ~LVT_REMOTE_IRR;
    if (index === Lvt.Timer) this.timer.setPeriodic((value & LVT_PERIODIC) !== 0);
    if (index === Lvt.Lint0 || index === Lvt.Lint1) this.relint(index);
  }

  /** A level-triggered LINT entry that was just unmasked sees its line's level. */
  private relint(index: number): void {
    const entry = this.lvt[index];
    const line = index === Lvt.Lint0 ? this.lint0 : this.lint1;
    if (line.level && (entry & LVT_LEVEL) !== 0 && modeOf(entry) === DeliveryMode.Fixed) this.raiseLocal(index);
    this.update();
  }

  /** ICR (SDM 11.6.1): destination shorthand in bits 19-18: 0 none, 1 self, 2 all with self, 3 all but self. */
  private sendIpi(): void {
    const vector = this.icrLow & 0xff;
    const deliveryMode = modeOf(this.icrLow);
    const level = (this.icrLow & 0x8000) !== 0;
    // INIT level de-assert only synchronises arbitration IDs, on CPUs long gone.
    if (deliveryMode === DeliveryMode.Init && level && (this.icrLow & 0x4000) === 0) return;
    if (deliveryMode <= DeliveryMode.LowestPriority && vector < 16) {
      this.recordError(Esr.SendIllegalVector);
      return;
    }
    const shorthand = (this.icrLow >>> 18) & 3;
    const destination = shorthand === 0 ? this.icrHigh >>> 24 : 0xff;
    const logical = shorthand === 0 && (this.icrLow & 0x800) !== 0;
    const reachesSelf = shorthand === 0 ? this.matches(destination, logical) : shorthand !== 3;
    if (reachesSelf) this.accept(deliveryMode, vector, false);
    if (shorthand !== 1) this.options.bus?.deliver({ vector, deliveryMode, destination, logical, level: false });
  }
}

function modeOf(entry: number): number {
  return (entry >>> 8) & 7;
}

function isReadOnly(register: number): boolean {
  return (
    (register >= Reg.Isr && register < Reg.Esr) ||
    [Reg.Version, Reg.Apr, Reg.Ppr, Reg.CurrentCount].some((readOnly) => readOnly === register)
  );
}
