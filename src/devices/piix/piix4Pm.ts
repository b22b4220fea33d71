/**
 * The power management function of the PIIX4 at 00:01.3: ACPI registers at PMBA, GPE0 at AFE0h (as in QEMU), APM ports
 * B2h-B3h, SMBus base register. Document: Intel 82371AB datasheet (290562).
 *
 * SMIs are not delivered: APMC_EN reads as set after reset, by which SeaBIOS takes SMM as set up already (QEMU without SMM
 * does the same). ACPI enable and disable, elsewhere done by the SMI handler, happen at the write to B2h. The SMBus host
 * and device-activity monitors are not modelled.
 */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import { object, u8 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import { ACPI_PM_STATE, AcpiPm, type AcpiPmOptions, GPE0_LENGTH } from "../acpi/acpiPm.ts";
import { PciBar } from "../pci/pciBar.ts";
import { PciDevice, type PciSpaces } from "../pci/pciDevice.ts";
import { PciReg } from "../pci/pciRegisters.ts";

/** Where SeaBIOS puts the PM registers, and where our ACPI tables say they are. */
export const PM_BASE = 0x600;
export const GPE0_BASE = 0xafe0;
/** What the FADT tells the guest to write to port B2h. */
export const ACPI_ENABLE = 0xf1;
export const ACPI_DISABLE = 0xf0;
export const SMI_COMMAND_PORT = 0xb2;

const PMBA = 0x40;
const DEVACTB = 0x58;
const APMC_EN = 1 << 25;
const PMREGMISC = 0x80;
const PM_IO_ENABLE = 1;
const PM_IO_LENGTH = 64;
const SHAPE = object({ pm: ACPI_PM_STATE, apmControl: u8, apmStatus: u8 });
/** SLP_TYP values of the board's _S5 and (not offered) _S3 and _S4 packages. */
const SLEEP_TYPE_S5 = 0;

export interface Piix4PmOptions extends Omit<AcpiPmOptions, "onSleep"> {
  /** The guest went to S5. */
  onPowerOff: () => void;
}

export class Piix4Pm extends PciDevice {
  /** The register model: power button, GPEs. */
  readonly pm: AcpiPm;
  private apmControl = 0;
  private apmStatus = 0;
  private readonly pmRange: PciBar;

  constructor(
    spaces: PciSpaces,
    private readonly pmOptions: Piix4PmOptions,
  ) {
    const identity = { vendorId: 0x8086, deviceId: 0x7113, classCode: 0x068000, revision: 0x03, interruptPin: 1 };
    super("piix4pm", "piix4-pm", 1, identity, spaces);
    this.pm = new AcpiPm({ ...pmOptions, onSleep: (sleepType) => this.sleep(sleepType) });
    this.config.define(PciReg.Status, 2, 0x0280, 0, 0xf900);
    this.config.define(PMBA, 4, 1, 0xffc0);
    this.config.define(0x44, 4, 0, 0xffffffff);
    this.config.define(0x48, 4, 0, 0xffffffff);
    this.config.define(0x4c, 4, 0, 0xffffffff);
    this.config.define(0x50, 4, 0, 0xffffffff);
    this.config.define(0x54, 4, 0, 0xffffffff);
    this.config.define(DEVACTB, 4, APMC_EN, 0xffffffff);
    for (let offset = 0x5c; offset < PMREGMISC; offset += 4) this.config.define(offset, 4, 0, 0xffffffff);
    this.config.define(PMREGMISC, 1, 0, 0x01);
    this.config.define(0x90, 4, 1, 0xfff0); // SMBus base
    this.config.define(0xd2, 1, 0, 0x1f); // SMBus host configuration
    const handler: IoHandler = {
      read: (offset, size) => this.readPm(offset, size),
      write: (offset, value, size) => this.writePm(offset, value, size),
    };
    this.pmRange = new PciBar("piix4 pm", spaces.ports, { kind: "io", sizeBytes: PM_IO_LENGTH, handler });
    this.claimFixedPorts();
  }

  /** Sets PMBA and enables the registers as firmware would; for the direct kernel boot, which has none. */
  enablePm(base = PM_BASE): void {
    this.writeConfig(PMBA, base | 1, 4);
    this.writeConfig(PMREGMISC, PM_IO_ENABLE, 1);
  }

  override writeConfig(offset: number, value: number, size: AccessSize): void {
    super.writeConfig(offset, value, size);
    if (offset < PMBA + 4 || (offset <= PMREGMISC && offset + size > PMREGMISC)) this.movePm();
  }

  protected resetDevice(): void {
    this.movePm();
    this.pm.reset();
    this.apmControl = 0;
    this.apmStatus = 0;
  }

  protected saveDevice(): unknown {
    return { pm: this.pm.save(), apmControl: this.apmControl, apmStatus: this.apmStatus };
  }

  protected parseDevice(state: unknown): () => void {
    const { pm, apmControl, apmStatus } = SHAPE(state, "piix4-pm.device");
    return () => {
      this.pm.restore(pm);
      this.apmControl = apmControl;
      this.apmStatus = apmStatus;
      this.movePm();
    };
  }

  private claimFixedPorts(): void {
    const gpe: IoHandler = {
      read: (offset) => this.pm.readGpe(offset),
      write: (offset, value) => this.pm.writeGpe(offset, value),
    };
    const apm: IoHandler = {
      read: (offset) => (offset === 0 ? this.apmControl : this.apmStatus),
      write: (offset, value) => this.writeApm(offset, value),
    };
    this.spaces.ports.claim(GPE0_BASE, GPE0_LENGTH, gpe, { name: "acpi gpe0" });
    this.spaces.ports.claim(SMI_COMMAND_PORT, 2, apm, { name: "apm" });
  }

  private movePm(): void {
    const enabled = (this.config.bytes[PMREGMISC] & PM_IO_ENABLE) !== 0;
    this.pmRange.moveTo(enabled ? this.config.read(PMBA, 4) & 0xffc0 : undefined);
  }

  private writeApm(offset: number, value: number): void {
    if (offset === 1) {
      this.apmStatus = value;
      return;
    }
    this.apmControl = value;
    if (value === ACPI_ENABLE || value === ACPI_DISABLE) this.pm.setAcpiEnabled(value === ACPI_ENABLE);
    else trace(this.name, `SMI command ${value.toString(16)} ignored`);
  }

  /** The PM block: 00h PM1a_EVT, 04h PM1a_CNT, 08h PM_TMR; the rest of the PIIX4's registers read as zero. */
  private readPm(offset: number, size: AccessSize): number {
    const within = offset & 3;
    const register = offset & ~3;
    const value =
      register === 0
        ? this.pm.readEvent()
        : register === 4
          ? this.pm.readControl()
          : register === 8
            ? this.pm.readTimer()
            : 0;
    return (value >>> (within * 8)) & (size === 4 ? -1 : size === 2 ? 0xffff : 0xff);
  }

  private writePm(offset: number, value: number, size: AccessSize): void {
    const shift = (offset & 3) * 8;
    const mask = (size === 4 ? -1 : size === 2 ? 0xffff : 0xff) << shift;
    const shifted = value << shift;
    if ((offset & ~3) === 0) {
      this.pm.clearStatus(shifted & 0xffff);
      const enable = (this.pm.readEvent() & ~mask) | (shifted & mask);
      if (mask >>> 16 !== 0) this.pm.writeEnable(enable >>> 16);
    } else if ((offset & ~3) === 4 && (mask & 0xffff) !== 0) {
      this.pm.writeControl(((this.pm.readControl() & ~mask) | (shifted & mask)) & 0xffff);
    }
  }

  private sleep(sleepType: number): void {
    if (sleepType === SLEEP_TYPE_S5) this.pmOptions.onPowerOff();
    else trace(this.name, `sleep type ${sleepType} is not offered`);
  }
}
