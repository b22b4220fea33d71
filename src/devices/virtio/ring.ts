/** What split and packed rings have in common: how they are set up, and how a chain of descriptors becomes a buffer. */
import { type GuestWords, getUint64 } from "../../bus/guestWords.ts";
import { ScatterList } from "../../bus/scatterList.ts";
import type { Chain } from "./chain.ts";
import { DESC_BYTES, DESC_INDIRECT, DESC_WRITE } from "./virtioRegisters.ts";

/** A queue's size and the physical addresses of its three areas (2.6). */
export interface RingLayout {
  size: number;
  desc: number;
  driver: number;
  device: number;
}

/** Negotiated features that change how a ring works. */
export interface RingFeatures {
  indirect: boolean;
  eventIdx: boolean;
  notifyOnEmpty: boolean;
}

export interface RingOptions {
  layout: RingLayout;
  features: RingFeatures;
  words: GuestWords;
  /** The driver broke the rules: nothing of the ring makes sense any more. */
  onBroken: (reason: string) => void;
}

export interface Ring {
  /** Takes the next buffer that the driver made available; where there is none, asks to be notified of the next. */
  pop(): Chain | undefined;
  /** Gives a buffer back with `written` bytes in it; true when the driver wants an interrupt. */
  push(chain: Chain, written: number): boolean;
  save(): RingState;
  restore(state: RingState): void;
}

/** Split: indices that only count up. Packed: places in the ring, with the wrap counter as bit 15. */
export interface RingState {
  nextAvailable: number;
  nextUsed: number;
}

/** As in Linux and QEMU: more descriptors than any driver uses. */
export const MAX_CHAIN_DESCRIPTORS = 1024;

export interface Descriptor {
  address: number;
  length: number;
  flags: number;
  /** Split: the next descriptor's index. */
  next: number;
  /** Packed: the buffer ID. */
  id: number;
}

/** Reads descriptors from guest memory, a whole indirect table at a time. */
export class DescriptorReader {
  private readonly one = new Uint8Array(DESC_BYTES);
  private readonly oneView = new DataView(this.one.buffer);
  private readonly table = new Uint8Array(MAX_CHAIN_DESCRIPTORS * DESC_BYTES);
  private readonly tableView = new DataView(this.table.buffer);

  constructor(private readonly words: GuestWords) {}

  /** The descriptor at a physical address, in a split ring. */
  readSplit(address: number): Descriptor {
    this.words.memory.read(address, this.one);
    return splitDescriptor(this.oneView, 0);
  }

  /** The descriptor at a physical address, in a packed ring. */
  readPacked(address: number): Descriptor {
    this.words.memory.read(address, this.one);
    return packedDescriptor(this.oneView, 0);
  }

  /** Takes an indirect table in; its descriptors are then to be had by index. False when its length makes no sense (2.7.5.3). */
  loadTable({ address, length }: Descriptor): boolean {
    if (length === 0 || length % DESC_BYTES !== 0 || length > this.table.length) return false;
    this.words.memory.read(address, this.table.subarray(0, length));
    return true;
  }

  splitInTable(index: number): Descriptor {
    return splitDescriptor(this.tableView, index * DESC_BYTES);
  }

  packedInTable(index: number): Descriptor {
    return packedDescriptor(this.tableView, index * DESC_BYTES);
  }
}

function splitDescriptor(view: DataView, at: number): Descriptor {
  const flags = view.getUint16(at + 12, true);
  const next = view.getUint16(at + 14, true);
  return { address: getUint64(view, at), length: view.getUint32(at + 8, true), flags, next, id: 0 };
}

function packedDescriptor(view: DataView, at: number): Descriptor {
  const id = view.getUint16(at + 12, true);
  const flags = view.getUint16(at + 14, true);
  return { address: getUint64(view, at), length: view.getUint32(at + 8, true), flags, next: 0, id };
}

/** Gathers the data descriptors of one chain. */
export class ChainBuilder {
  readonly readable: ScatterList;
  readonly writable: ScatterList;

  constructor(words: GuestWords) {
    this.readable = new ScatterList(words.memory);
    this.writable = new ScatterList(words.memory);
  }

  /** Adds a buffer descriptor; what is wrong with it, if anything. */
  add({ address, length, flags }: Descriptor): string | undefined {
    if ((flags & DESC_INDIRECT) !== 0) return "an indirect table in an indirect table";
    if ((flags & DESC_WRITE) !== 0) this.writable.add(address, length);
    else if (this.writable.length > 0) return "a readable descriptor after a writable one";
    else this.readable.add(address, length);
    return undefined;
  }
}

/** The driver's event index lies in what was passed from `old` (not included) to `now` (2.7.10). */
export function passesEvent(event: number, now: number, old: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - old) & 0xffff);
}
