/**
 * What every virtio device has whatever bus it is on: status, feature negotiation, queues, configuration generation.
 * Document: virtio 1.2, chapters 2 and 3.
 */
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { GuestWords } from "../../bus/guestWords.ts";
import { anything, bool, list, object, SavedStateError, text, u8 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import type { RingFeatures } from "./ring.ts";
import type { VirtioDevice, VirtioPort } from "./virtioDevice.ts";
import { Feature, featureSet, Status } from "./virtioRegisters.ts";
import { VIRT_QUEUE_SHAPE, VirtQueue, type VirtQueueHost } from "./virtQueue.ts";

export interface VirtioCoreOptions {
  name: string;
  memory: GuestMemory;
  device: VirtioDevice;
  /** Drivers of before virtio 1.0 are served too. */
  legacy: boolean;
  /** Offers packed rings. */
  packed: boolean;
  /** A queue, or the configuration, has something for the driver. */
  onQueueInterrupt: (queue: VirtQueue) => void;
  onConfigInterrupt: () => void;
}

const SHAPE = object({
  status: u8,
  isLegacy: bool,
  driverFeatures: text,
  generation: u8,
  isBroken: bool,
  queues: list(VIRT_QUEUE_SHAPE),
  device: anything,
});
const U32_BITS = 32n;
const U32 = 0xffff_ffffn;
const MODERN_ONLY = featureSet(Feature.Version1, Feature.RingPacked);
const HEX = 16;

export class VirtioCore implements VirtioPort, VirtQueueHost {
  readonly words: GuestWords;
  readonly queues: readonly VirtQueue[];
  private readonly offered: bigint;
  private driverFeatures = 0n;
  private deviceStatus = 0;
  /** The driver uses the legacy interface: known from the first thing it does there. */
  private isLegacy = false;
  private isBroken = false;
  private generation = 0;

  constructor(private readonly options: VirtioCoreOptions) {
    const { memory, device, legacy, packed } = options;
    this.words = new GuestWords(memory);
    this.queues = device.queueSizes.map((size, index) => new VirtQueue(index, size, this));
    this.offered =
      device.features |
      featureSet(Feature.Version1, Feature.IndirectDesc, Feature.EventIdx) |
      (legacy ? featureSet(Feature.NotifyOnEmpty, Feature.AnyLayout) : 0n) |
      (packed ? featureSet(Feature.RingPacked) : 0n);
    device.connect(this);
  }

  get memory(): GuestMemory {
    return this.words.memory;
  }

  get status(): number {
    return this.deviceStatus;
  }

  get configGeneration(): number {
    return this.generation;
  }

  // --- The device's side ---

  queue(index: number): VirtQueue {
    return this.queues[index];
  }

  hasFeature(bit: number): boolean {
    return (this.driverFeatures & (1n << BigInt(bit))) !== 0n;
  }

  configChanged(): void {
    this.generation = (this.generation + 1) & 0xff;
    if ((this.deviceStatus & Status.DriverOk) !== 0) this.options.onConfigInterrupt();
  }

  broken(reason: string): void {
    this.onBroken(reason);
  }

  // --- The queues' side ---

  get packed(): boolean {
    return this.hasFeature(Feature.RingPacked);
  }

  ringFeatures(): RingFeatures {
    return {
      indirect: this.hasFeature(Feature.IndirectDesc),
      eventIdx: this.hasFeature(Feature.EventIdx),
      notifyOnEmpty: this.hasFeature(Feature.NotifyOnEmpty),
    };
  }

  /** Legacy drivers may use queues before they say that they are ready (3.1.2). */
  isLive(): boolean {
    return !this.isBroken && (this.isLegacy || (this.deviceStatus & Status.DriverOk) !== 0);
  }

  interrupt(queue: VirtQueue): void {
    this.options.onQueueInterrupt(queue);
  }

  /** DEVICE_NEEDS_RESET (2.1.2) is not for drivers that do not know it. */
  onBroken(reason: string): void {
    trace(this.options.name, reason);
    if (this.isBroken) return;
    this.isBroken = true;
    if (!this.hasFeature(Feature.Version1)) return;
    this.deviceStatus |= Status.NeedsReset;
    if ((this.deviceStatus & Status.DriverOk) !== 0) this.options.onConfigInterrupt();
  }

  // --- The driver's side ---

  /** 32 of the offered feature bits; word 0 has bits 0 to 31. */
  deviceFeatureWord(word: number, legacy = false): number {
    const offered = legacy ? this.offered & ~MODERN_ONLY : this.offered & ~LEGACY_ONLY;
    return word > 3 ? 0 : Number((offered >> (BigInt(word) * U32_BITS)) & U32);
  }

  driverFeatureWord(word: number): number {
    return word > 3 ? 0 : Number((this.driverFeatures >> (BigInt(word) * U32_BITS)) & U32);
  }

  /** Features are settled with FEATURES_OK, for legacy drivers with DRIVER_OK (2.2, 3.1). */
  setDriverFeatureWord(word: number, value: number, legacy = false): void {
    if (word > 3 || (this.deviceStatus & (Status.FeaturesOk | Status.DriverOk)) !== 0) return;
    const shift = BigInt(word) * U32_BITS;
    this.driverFeatures = (this.driverFeatures & ~(U32 << shift)) | (BigInt(value >>> 0) << shift);
    if (legacy) this.driverFeatures &= this.offered;
  }

  /** The driver uses the legacy interface from here to the next reset. */
  useLegacy(): void {
    this.isLegacy = true;
  }

  /** Zero resets; the driver cannot clear other bits one by one, nor set those that are the device's to give. */
  setStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    const added = value & ~this.deviceStatus & ~Status.NeedsReset;
    this.deviceStatus |= added & ~Status.FeaturesOk;
    if ((added & Status.FeaturesOk) !== 0 && this.featuresAreGood()) this.deviceStatus |= Status.FeaturesOk;
  }

  notify(index: number): void {
    if (index < this.queues.length && this.isLive()) this.options.device.notified(index);
    else trace(this.options.name, `notification of queue ${index} ignored`);
  }

  readConfig(offset: number, size: number): number {
    let value = 0;
    for (let at = offset + size - 1; at >= offset; at--) value = value * 256 + (this.options.device.config[at] ?? 0);
    return value;
  }

  writeConfig(offset: number, value: number, size: number): void {
    for (let index = 0; index < size; index++)
      this.options.device.writeConfig(offset + index, (value >>> (8 * index)) & 0xff);
  }

  reset(): void {
    this.deviceStatus = 0;
    this.driverFeatures = 0n;
    this.isLegacy = false;
    this.isBroken = false;
    this.generation = 0;
    for (const queue of this.queues) queue.reset();
    this.options.device.reset();
  }

  /** The machine's reset. */
  powerOn(): void {
    this.reset();
    this.options.device.powerOn();
  }

  save() {
    const { deviceStatus: status, isLegacy, driverFeatures, generation, isBroken } = this;
    return {
      ...{ status, isLegacy, driverFeatures: driverFeatures.toString(HEX), generation, isBroken },
      queues: this.queues.map((queue) => queue.save()),
      device: this.options.device.save(),
    };
  }

  /** Checks a state, throwing; returns what puts it in force. */
  parse(saved: unknown): () => void {
    const { name, device } = this.options;
    const state = SHAPE(saved, name);
    if (!/^[\da-f]{1,32}$/.test(state.driverFeatures)) throw new SavedStateError(`${name}: no set of features`);
    const fits = ({ size }: { size: number }, index: number) => size > 0 && size <= this.queues[index].maxSize;
    if (state.queues.length !== this.queues.length || !state.queues.every(fits))
      throw new SavedStateError(`${name}: the saved queues are not those of this device`);
    const applyDevice = device.parse(state.device);
    return () => {
      this.deviceStatus = state.status;
      this.isLegacy = state.isLegacy;
      this.driverFeatures = BigInt(`0x${state.driverFeatures}`);
      this.generation = state.generation;
      this.isBroken = state.isBroken;
      for (const [index, queue] of this.queues.entries()) queue.restore(state.queues[index]);
      applyDevice();
    };
  }

  /** What the driver accepts was offered, and it is no legacy driver that uses the modern interface (6.1). */
  private featuresAreGood(): boolean {
    const unknown = this.driverFeatures & ~this.offered;
    if (unknown === 0n && this.hasFeature(Feature.Version1)) return true;
    trace(this.options.name, `features ${this.driverFeatures.toString(HEX)} refused`);
    return false;
  }
}

const LEGACY_ONLY = featureSet(Feature.NotifyOnEmpty, Feature.AnyLayout);
