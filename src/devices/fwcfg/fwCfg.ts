/**
 * QEMU's firmware configuration device: selector 510h, data 511h, DMA address 514h (big-endian), named files.
 * Document: QEMU docs/specs/fw_cfg.rst. Items cannot be written by the guest (a DMA write gives the error bit).
 *
 * Items are the machine's configuration, set again when it is built, so only the position is saved.
 */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import type { DeviceState } from "../../bus/device.ts";
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import type { PortSpace } from "../../bus/portSpace.ts";
import { object, parseState, u16, u32, uint } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";

const KIND = "fw-cfg";
const VERSION = 1;
const SHAPE = object({ selector: u16, offset: uint, dmaHigh: u32 });

/** Item keys (QEMU include/standard-headers/linux/qemu_fw_cfg.h and hw/i386/fw_cfg.h). */
export const FwCfgItem = {
  Signature: 0x00,
  Id: 0x01,
  Uuid: 0x02,
  RamSize: 0x03,
  NoGraphic: 0x04,
  CpuCount: 0x05,
  KernelAddress: 0x07,
  KernelSize: 0x08,
  KernelCmdline: 0x09,
  InitrdAddress: 0x0a,
  InitrdSize: 0x0b,
  BootDevice: 0x0c,
  BootMenu: 0x0e,
  MaxCpus: 0x0f,
  KernelEntry: 0x10,
  KernelData: 0x11,
  InitrdData: 0x12,
  CmdlineAddress: 0x13,
  CmdlineSize: 0x14,
  CmdlineData: 0x15,
  SetupAddress: 0x16,
  SetupSize: 0x17,
  SetupData: 0x18,
  FileDirectory: 0x19,
  Irq0Override: 0x8002,
} as const;

const FIRST_FILE = 0x20;
const MAX_FILES = 0x100;
const DIRECTORY_ENTRY_BYTES = 64;
const FILE_NAME_BYTES = 56;
/** The key without the write-channel bit. */
const KEY_MASK = 0xbfff;
const ID_TRADITIONAL = 1;
const ID_DMA = 2;

const DMA_ERROR = 0x01;
const DMA_READ = 0x02;
const DMA_SKIP = 0x04;
const DMA_SELECT = 0x08;
const DMA_WRITE = 0x10;
const DMA_CHUNK_BYTES = 1 << 16;
const EMPTY = new Uint8Array(0);

export interface FwCfgOptions {
  /** RAM in bytes, as item 3. */
  ramBytes: number;
  /** CPUs present (default 1). */
  cpuCount?: number;
}

export class FwCfg extends PassiveDevice {
  readonly name = "fwcfg";
  private readonly items = new Map<number, Uint8Array>();
  private readonly files: { name: string; key: number; sizeBytes: number }[] = [];
  private selector = 0;
  private offset = 0;
  private dmaHigh = 0;

  constructor(
    ports: PortSpace,
    private readonly memory: GuestMemory,
    options: FwCfgOptions,
  ) {
    super();
    this.set(FwCfgItem.Signature, new TextEncoder().encode("QEMU"));
    this.set(FwCfgItem.Id, littleEndian(ID_TRADITIONAL | ID_DMA, 4));
    this.set(FwCfgItem.Uuid, new Uint8Array(16));
    this.set(FwCfgItem.RamSize, littleEndian(options.ramBytes, 8));
    this.set(FwCfgItem.NoGraphic, littleEndian(0, 2));
    this.set(FwCfgItem.CpuCount, littleEndian(options.cpuCount ?? 1, 2));
    this.set(FwCfgItem.MaxCpus, littleEndian(options.cpuCount ?? 1, 2));
    this.set(FwCfgItem.BootMenu, littleEndian(0, 2));
    // The PIT is on IOAPIC pin 2.
    this.set(FwCfgItem.Irq0Override, littleEndian(1, 4));
    this.writeDirectory();
    const io: IoHandler = {
      read: (offset, size) => this.readData(offset, size),
      write: (offset, value, size) => this.writeSelector(offset, value, size),
    };
    const dma: IoHandler = {
      // "QEMU CFG", most significant byte first.
      read: (offset) => (offset === 0 ? 0x554d4551 : 0x47464320),
      write: (offset, value) => this.writeDmaAddress(offset, swap32(value)),
    };
    ports.claim(0x510, 2, io, { name: "fw_cfg", sizes: [1, 2] });
    ports.claim(0x514, 8, dma, { name: "fw_cfg dma", sizes: [4] });
  }

  /** Sets a numbered item. The bytes are not copied. */
  set(item: number, bytes: Uint8Array): void {
    this.items.set(item & KEY_MASK, bytes);
  }

  /** Sets a numbered item to a little-endian integer of `sizeBytes`. */
  setInteger(item: number, value: number, sizeBytes: 2 | 4 | 8 = 4): void {
    this.set(item, littleEndian(value, sizeBytes));
  }

  /** Adds or replaces a named file ("etc/e820"). Throws on a name over 55 bytes or too many files. */
  addFile(name: string, bytes: Uint8Array): void {
    if (name.length >= FILE_NAME_BYTES) throw new RangeError(`fw_cfg: file name ${name} is too long`);
    let file = this.files.find((known) => known.name === name);
    if (file === undefined) {
      if (this.files.length === MAX_FILES) throw new RangeError("fw_cfg: too many files");
      file = { name, key: FIRST_FILE + this.files.length, sizeBytes: 0 };
      this.files.push(file);
    }
    file.sizeBytes = bytes.length;
    this.items.set(file.key, bytes);
    this.writeDirectory();
  }

  reset(): void {
    this.selector = 0;
    this.offset = 0;
    this.dmaHigh = 0;
  }

  save(): DeviceState {
    const { selector, offset, dmaHigh } = this;
    return { kind: KIND, version: VERSION, state: { selector, offset, dmaHigh } };
  }

  restore(saved: DeviceState): void {
    Object.assign(this, parseState(saved, KIND, VERSION, SHAPE));
  }

  private writeDirectory(): void {
    const directory = new Uint8Array(4 + this.files.length * DIRECTORY_ENTRY_BYTES);
    const view = new DataView(directory.buffer);
    view.setUint32(0, this.files.length);
    this.files.forEach((file, index) => {
      const at = 4 + index * DIRECTORY_ENTRY_BYTES;
      view.setUint32(at, file.sizeBytes);
      view.setUint16(at + 4, file.key);
      directory.set(new TextEncoder().encode(file.name), at + 8);
    });
    this.items.set(FwCfgItem.FileDirectory, directory);
  }

  private get item(): Uint8Array {
    return this.items.get(this.selector & KEY_MASK) ?? EMPTY;
  }

  private select(key: number): void {
    this.selector = key;
    this.offset = 0;
    if (!this.items.has(key & KEY_MASK)) trace(this.name, `no item ${key.toString(16)}`);
  }

  private readData(_offset: number, size: AccessSize): number {
    const low = this.nextByte();
    return size === 1 ? low : low | (this.nextByte() << 8);
  }

  private nextByte(): number {
    const { item } = this;
    return this.offset < item.length ? item[this.offset++] : 0;
  }

  private writeSelector(offset: number, value: number, size: AccessSize): void {
    if (offset === 0 && size === 2) this.select(value);
    else trace(this.name, `write of ${size} at ${offset} ignored`);
  }

  /** The low half starts the operation. */
  private writeDmaAddress(offset: number, value: number): void {
    if (offset === 0) {
      this.dmaHigh = value;
      return;
    }
    const address = this.dmaHigh * 0x100000000 + value;
    this.dmaHigh = 0;
    this.runDma(address);
  }

  /** The control block, big-endian: control u32, length u32, address u64. */
  private runDma(blockAddress: number): void {
    const block = new Uint8Array(16);
    this.memory.read(blockAddress, block);
    const view = new DataView(block.buffer);
    const control = view.getUint32(0);
    const length = view.getUint32(4);
    const address = view.getUint32(8) * 0x100000000 + view.getUint32(12);
    if ((control & DMA_SELECT) !== 0) this.select(control >>> 16);
    let result = 0;
    if ((control & DMA_READ) !== 0) this.dmaRead(address, length);
    else if ((control & DMA_WRITE) !== 0) result = DMA_ERROR;
    else if ((control & DMA_SKIP) !== 0) this.offset = Math.min(this.offset + length, this.item.length);
    view.setUint32(0, result);
    this.memory.write(blockAddress, block.subarray(0, 4));
  }

  /** Copies from the item; what lies past its end reads as zeros, as far as there is RAM. */
  private dmaRead(address: number, length: number): void {
    const { item } = this;
    const available = Math.min(length, item.length - this.offset);
    if (available > 0) this.memory.write(address, item.subarray(this.offset, this.offset + available));
    this.offset += Math.max(0, available);
    const zeros = new Uint8Array(Math.min(DMA_CHUNK_BYTES, length - Math.max(0, available)));
    const end = Math.min(address + length, this.memory.sizeBytes);
    for (let at = address + Math.max(0, available); at < end; at += zeros.length) {
      this.memory.write(at, zeros.subarray(0, Math.min(zeros.length, end - at)));
    }
  }
}

function littleEndian(value: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = value;
  for (let index = 0; index < sizeBytes; index++) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function swap32(value: number): number {
  return ((value << 24) | ((value << 8) & 0xff0000) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
