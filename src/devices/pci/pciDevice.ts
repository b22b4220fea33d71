/**
 * A function on the PCI bus: configuration header, base address registers, expansion ROM, INTx. Devices derive from it and
 * define their own registers. Document: PCI Local Bus Specification 3.0, chapter 6. Not modelled: bus mastering being
 * switched off by the command register (devices look at `busMaster` themselves, interrupt messages do), power management.
 */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { IrqLine } from "../../bus/irqLine.ts";
import type { MmioSpace } from "../../bus/mmioSpace.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { anything, bool, list, nullable, object, parseState, SavedStateError, u8 } from "../../bus/savedState.ts";
import { ConfigSpace } from "./configSpace.ts";
import { MSI_CAPABILITY, MSI_CAPABILITY_BYTES, Msi } from "./msi.ts";
import {
  MSIX_CAPABILITY,
  MSIX_CAPABILITY_BYTES,
  MSIX_CONTROL,
  MSIX_ENABLE,
  MSIX_FUNCTION_MASK,
  MSIX_PENDING,
  MSIX_SHAPE,
  MSIX_TABLE,
  Msix,
  type SendMsi,
} from "./msix.ts";
import { PciBar, type PciBarOptions } from "./pciBar.ts";
import {
  COMMAND_INTX_DISABLE,
  COMMAND_IO,
  COMMAND_MASTER,
  COMMAND_MEMORY,
  COMMAND_WRITABLE,
  MULTIFUNCTION,
  PciReg,
  STATUS_CAPABILITIES,
  STATUS_CLEARABLE,
  STATUS_INTX,
} from "./pciRegisters.ts";

export interface PciIdentity {
  vendorId: number;
  deviceId: number;
  /** Class, subclass and programming interface: 0x010180 is an IDE controller. */
  classCode: number;
  revision?: number;
  subsystemVendorId?: number;
  subsystemId?: number;
  /** Function 0 of a device with several. */
  multifunction?: boolean;
  /** 1-4 for INTA#-INTD#, 0 (default) for none. */
  interruptPin?: number;
}

export interface PciSpaces {
  ports: PortSpace;
  mmio: MmioSpace;
}

/** What a function that masters the bus is plugged into. */
export interface PciHost extends PciSpaces {
  memory: GuestMemory;
  sendMsi: SendMsi;
}

/** Where a function shows its MSI-X structures: offsets (multiples of 8) in BAR `bar`. */
export interface MsixPlace {
  bar: number;
  tableOffset: number;
  pendingOffset: number;
}

const SHAPE = object({
  config: list(u8, 256),
  intx: bool,
  intxLevel: bool,
  msix: nullable(MSIX_SHAPE),
  device: anything,
});
const ROM_ENABLE = 1;
/** Six BARs and an expansion ROM, rounded up. */
const MOST_RANGES = 8;
/** A BAR for MSI-X alone: the table in its first half, pending bits in its second. */
const MSIX_BAR_BYTES = 0x1000;

export abstract class PciDevice extends PassiveDevice {
  /** Configuration registers; subclasses define theirs in the constructor. */
  protected readonly config = new ConfigSpace();
  private readonly bars: { register: number; bar: PciBar }[] = [];
  private nextCapability = 0x40;
  private msi: Msi | undefined;
  private msix: Msix | undefined;
  private msixOffset = 0;
  private intxRequested = false;
  /** The INTx wire; the bus connects it. */
  private intxLine = new IrqLine(() => {});

  /** `kind` and `version` name the saved state of the whole function, with what {@link saveDevice} adds. */
  constructor(
    readonly name: string,
    private readonly kind: string,
    private readonly version: number,
    readonly identity: PciIdentity,
    protected readonly spaces: PciSpaces,
  ) {
    super();
    const { config } = this;
    config.define(PciReg.VendorId, 2, identity.vendorId);
    config.define(PciReg.DeviceId, 2, identity.deviceId);
    config.define(PciReg.Command, 2, 0, COMMAND_WRITABLE);
    config.define(PciReg.Status, 2, 0, 0, STATUS_CLEARABLE);
    config.define(PciReg.Revision, 1, identity.revision ?? 0);
    config.define(PciReg.ClassCode, 3, identity.classCode);
    config.define(PciReg.CacheLineSize, 1, 0, 0xff);
    config.define(PciReg.LatencyTimer, 1, 0, 0xff);
    config.define(PciReg.HeaderType, 1, identity.multifunction ? MULTIFUNCTION : 0);
    config.define(PciReg.SubsystemVendorId, 2, identity.subsystemVendorId ?? 0x1af4);
    config.define(PciReg.SubsystemId, 2, identity.subsystemId ?? 0x1100);
    config.define(PciReg.InterruptLine, 1, 0, 0xff);
    config.define(PciReg.InterruptPin, 1, identity.interruptPin ?? 0);
  }

  /** Adds BAR `index` (0-5; a 64-bit one takes two). */
  protected addBar(index: number, options: PciBarOptions): PciBar {
    const register = PciReg.Bar0 + 4 * index;
    const { kind, sizeBytes } = options;
    const mask = (0x100000000 - Math.min(sizeBytes, 0x100000000)) >>> 0;
    const flags = kind === "io" ? 1 : (kind === "memory64" ? 4 : 0) | (options.prefetchable ? 8 : 0);
    this.config.define(register, 4, flags, mask & (kind === "io" ? 0xfffffffc : 0xfffffff0));
    if (kind === "memory64") this.config.define(register + 4, 4, 0, 0xffffffff);
    return this.newBar(`${this.name} bar${index}`, register, options);
  }

  /** Adds an expansion ROM; its size is rounded up to a power of two of at least 2 KiB. */
  protected addRom(rom: Uint8Array): void {
    const sizeBytes = Math.max(2048, 2 ** Math.ceil(Math.log2(Math.max(1, rom.length))));
    this.config.define(PciReg.RomBar, 4, 0, ((0x100000000 - sizeBytes) | ROM_ENABLE) >>> 0);
    const handler = { read: (offset: number) => rom[offset] ?? 0xff, write: () => {} };
    this.newBar(`${this.name} rom`, PciReg.RomBar, { kind: "memory", sizeBytes, handler, sizes: [1] });
  }

  /** Adds a capability of `length` bytes (with its two header bytes) and returns its offset. */
  protected addCapability(id: number, length: number): number {
    const offset = this.nextCapability;
    const next = this.config.bytes[PciReg.CapabilityPointer];
    this.nextCapability = (offset + length + 3) & ~3;
    if (this.nextCapability > 0x100) throw new RangeError(`${this.name}: no room for capability ${id}`);
    this.config.define(offset, 2, id | (next << 8));
    this.config.define(PciReg.CapabilityPointer, 1, offset);
    this.config.define(PciReg.Status, 2, STATUS_CAPABILITIES, 0, STATUS_CLEARABLE);
    return offset;
  }

  /** Adds MSI with `vectors` vectors, a power of two up to 32. */
  protected addMsi(vectors: number, send: SendMsi): void {
    const offset = this.addCapability(MSI_CAPABILITY, MSI_CAPABILITY_BYTES);
    this.msi = new Msi(this.config, offset, vectors, (address, data) => this.sendMessage(send, address, data));
  }

  /** Adds the MSI-X capability; the subclass shows the table and the pending bits of what is returned at `place`. */
  protected addMsix(vectors: number, place: MsixPlace, send: SendMsi): Msix {
    const offset = this.addCapability(MSIX_CAPABILITY, MSIX_CAPABILITY_BYTES);
    this.config.define(offset + MSIX_CONTROL, 2, vectors - 1, MSIX_ENABLE | MSIX_FUNCTION_MASK);
    this.config.define(offset + MSIX_TABLE, 4, place.tableOffset | place.bar);
    this.config.define(offset + MSIX_PENDING, 4, place.pendingOffset | place.bar);
    this.msixOffset = offset;
    this.msix = new Msix(vectors, (address, data) => this.sendMessage(send, address, data));
    return this.msix;
  }

  /** Adds MSI-X in a memory BAR of its own. */
  protected addMsixBar(bar: number, vectors: number, send: SendMsi): void {
    const msix = this.addMsix(vectors, { bar, tableOffset: 0, pendingOffset: MSIX_BAR_BYTES / 2 }, send);
    const part = (offset: number) => (offset < MSIX_BAR_BYTES / 2 ? msix.table : msix.pendingBits);
    const handler: IoHandler = {
      read: (offset, size) => part(offset).read(offset % (MSIX_BAR_BYTES / 2), size),
      write: (offset, value, size) => part(offset).write(offset % (MSIX_BAR_BYTES / 2), value, size),
    };
    this.addBar(bar, { kind: "memory", sizeBytes: MSIX_BAR_BYTES, handler });
  }

  /** The guest has switched interrupt messages on: INTx is silent. */
  protected get messagesEnabled(): boolean {
    return this.msix?.enabled === true || this.msi?.enabled === true;
  }

  /** Signals a vector by MSI-X or MSI, whichever is on; nothing where neither is. */
  protected notifyVector(vector: number): void {
    if (this.msix?.enabled) this.msix.notify(vector);
    else this.msi?.notify(vector);
  }

  /** A guest write of configuration bytes was done; `offset` and `size` as written. */
  protected configWritten(_offset: number, _size: number): void {
    // For subclasses with registers that act.
  }

  /** The subclass's own power-on reset; the configuration is reset already. */
  protected abstract resetDevice(): void;
  /** The subclass's own state, null where it has none beyond the configuration. */
  protected abstract saveDevice(): unknown;
  /** Checks the subclass's state, throwing, and returns what puts it in force (after the configuration is restored). */
  protected abstract parseDevice(state: unknown): () => void;

  /** The guest lets this function read and write memory. */
  protected get busMaster(): boolean {
    return (this.command & COMMAND_MASTER) !== 0;
  }

  /** Drives INTx, as far as the command register lets it. */
  protected setIntx(asserted: boolean): void {
    this.intxRequested = asserted;
    this.driveIntx();
  }

  /** The bus connects the wire that this function's INTx pin leads to. */
  connectIntx(line: IrqLine): void {
    this.intxLine = line;
  }

  readConfig(offset: number, size: AccessSize): number {
    return this.config.read(offset, size);
  }

  writeConfig(offset: number, value: number, size: AccessSize): void {
    this.config.write(offset, value, size);
    this.updateMessages();
    if (touches(offset, size, PciReg.Command, 2)) this.driveIntx();
    if (
      touches(offset, size, PciReg.Command, 2) ||
      touches(offset, size, PciReg.Bar0, 24) ||
      touches(offset, size, PciReg.RomBar, 4)
    ) {
      this.remap();
    }
    this.configWritten(offset, size);
  }

  /** The bus says where this function sits: that decides whose range answers where several overlap. */
  setPlace(place: number): void {
    for (const [index, { bar }] of this.bars.entries()) bar.order = place * MOST_RANGES + index;
  }

  reset(): void {
    this.config.reset();
    this.msix?.reset();
    this.intxRequested = false;
    this.driveIntx();
    this.remap();
    this.resetDevice();
  }

  save(): DeviceState {
    const { intxRequested: intx, intxLine } = this;
    const header = { config: [...this.config.bytes], intx, intxLevel: intxLine.level };
    const state = { ...header, msix: this.msix?.save() ?? null, device: this.saveDevice() };
    return { kind: this.kind, version: this.version, state };
  }

  restore(saved: DeviceState): void {
    const state = parseState(saved, this.kind, this.version, SHAPE);
    const { msix } = state;
    if ((msix === null) !== (this.msix === undefined) || (msix !== null && !this.msix?.fits(msix)))
      throw new SavedStateError(`${this.kind}.msix: not of this function's table`);
    const apply = this.parseDevice(state.device);
    this.config.bytes.set(state.config);
    if (msix !== null) this.msix?.restore(msix, this.msixControl);
    this.intxRequested = state.intx;
    this.intxLine.restoreLevel(state.intxLevel);
    this.remap();
    apply();
  }

  protected get command(): number {
    return this.config.read(PciReg.Command, 2);
  }

  private newBar(name: string, register: number, options: PciBarOptions): PciBar {
    const bar = new PciBar(name, options.kind === "io" ? this.spaces.ports : this.spaces.mmio, options);
    this.bars.push({ register, bar });
    return bar;
  }

  private driveIntx(): void {
    const status = this.config.read(PciReg.Status, 2);
    this.config.set(PciReg.Status, this.intxRequested ? status | STATUS_INTX : status & ~STATUS_INTX, 2);
    const silent = (this.command & COMMAND_INTX_DISABLE) !== 0 || this.messagesEnabled;
    this.intxLine.set(this.intxRequested && !silent);
  }

  private get msixControl(): number {
    return this.config.read(this.msixOffset + MSIX_CONTROL, 2);
  }

  /** The guest may have enabled or unmasked messages. */
  private updateMessages(): void {
    if (this.msi === undefined && this.msix === undefined) return;
    this.msix?.setControl(this.msixControl);
    this.msi?.configWritten();
    this.driveIntx();
  }

  /** A message is a write to memory, which only a bus master does (6.2.2). */
  private sendMessage(send: SendMsi, address: number, data: number): void {
    if (this.busMaster) send(address, data);
  }

  private remap(): void {
    for (const { register, bar } of this.bars) bar.moveTo(this.wantedBase(register, bar));
  }

  private wantedBase(register: number, bar: PciBar): number | undefined {
    const value = this.config.read(register, 4);
    if (bar.options.kind === "io") return (this.command & COMMAND_IO) !== 0 ? (value & 0xfffffffc) >>> 0 : undefined;
    if ((this.command & COMMAND_MEMORY) === 0) return undefined;
    if (register === PciReg.RomBar) return (value & ROM_ENABLE) !== 0 ? (value & 0xfffff800) >>> 0 : undefined;
    const low = (value & 0xfffffff0) >>> 0;
    return bar.options.kind === "memory64" ? this.config.read(register + 4, 4) * 0x100000000 + low : low;
  }
}

function touches(offset: number, size: number, start: number, length: number): boolean {
  return offset < start + length && offset + size > start;
}
