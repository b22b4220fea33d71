/**
 * PCI bus 0 behind configuration mechanism #1 (ports CF8h-CFFh), with the i440FX board's INTx swizzle.
 * Document: PCI Local Bus Specification 3.0, 3.2.2.3.2. Other buses and empty slots read as all ones.
 */
import { type AccessSize, type IoHandler, Layer } from "../../bus/addressSpace.ts";
import { allOnes } from "../../bus/claimedRange.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { object, parseState, u32 } from "../../bus/savedState.ts";
import type { PciDevice } from "./pciDevice.ts";

const KIND = "pci-bus";
const VERSION = 1;
const SHAPE = object({ address: u32 });
const CONFIG_ENABLE = 0x80000000;
/** Reserved bits read as zero. */
const ADDRESS_WRITABLE = 0x80fffffc;
const RESET_CONTROL_OFFSET = 1;

export class PciBus extends PassiveDevice {
  readonly name = "pci";
  private address = 0;
  private readonly functions = new Map<number, PciDevice>();
  /** Port CF9h, which shares the address register's ports: the PIIX3 sets it. */
  resetControl: IoHandler | undefined;

  /** `pirqSource` makes a new source on PIRQ 0-3 (A-D). */
  constructor(
    ports: PortSpace,
    private readonly pirqSource: (pirq: number) => IrqLine,
  ) {
    super();
    const handler: IoHandler = {
      read: (offset, size) => this.read(offset, size),
      write: (offset, value, size) => this.write(offset, value, size),
    };
    ports.claim(0xcf8, 8, handler, { name: this.name, sizes: [1, 2, 4], layer: Layer.HOST_BRIDGE });
  }

  /** Plugs a function in. Its INTx goes to PIRQ (pin + slot - 1) mod 4, as on QEMU's i440FX board. */
  attach(device: PciDevice, slot: number, fn = 0): void {
    const key = slot * 8 + fn;
    const taken = this.functions.get(key);
    if (taken !== undefined) throw new Error(`pci: ${device.name} at ${slot}.${fn}, where ${taken.name} is`);
    this.functions.set(key, device);
    const pin = device.identity.interruptPin ?? 0;
    if (pin > 0) device.connectIntx(this.pirqSource((pin - 1 + slot + 3) & 3));
    device.setPlace(key);
  }

  function(slot: number, fn = 0): PciDevice | undefined {
    return this.functions.get(slot * 8 + fn);
  }

  reset(): void {
    this.address = 0;
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: { address: this.address } };
  }

  restore(saved: DeviceState): void {
    this.address = parseState(saved, KIND, VERSION, SHAPE).address;
  }

  private read(offset: number, size: AccessSize): number {
    if (offset >= 4) return this.selected()?.readConfig((this.address & 0xfc) + offset - 4, size) ?? allOnes(size);
    if (offset === 0 && size === 4) return this.address;
    if (offset === RESET_CONTROL_OFFSET && size === 1) return this.resetControl?.read(0, 1) ?? 0xff;
    return allOnes(size);
  }

  private write(offset: number, value: number, size: AccessSize): void {
    if (offset >= 4) this.selected()?.writeConfig((this.address & 0xfc) + offset - 4, value, size);
    // "Anything other than a DWORD write to CONFIG_ADDRESS" is an ordinary I/O access.
    else if (offset === 0 && size === 4) this.address = (value & ADDRESS_WRITABLE) >>> 0;
    else if (offset === RESET_CONTROL_OFFSET && size === 1) this.resetControl?.write(0, value, 1);
  }

  private selected(): PciDevice | undefined {
    if ((this.address & CONFIG_ENABLE) === 0 || ((this.address >>> 16) & 0xff) !== 0) return undefined;
    return this.functions.get((this.address >>> 8) & 0xff);
  }
}
