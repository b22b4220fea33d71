/** The common configuration structure of a virtio PCI function. Document: virtio 1.2, 4.1.4.3. */
import type { AccessSize } from "../../bus/addressSpace.ts";
import type { VirtioCore } from "./virtioCore.ts";
import { COMMON_BYTES, Common, NO_VECTOR } from "./virtioRegisters.ts";
import type { VirtQueue } from "./virtQueue.ts";

const U32 = 2 ** 32;
const MAX_SPLIT_SIZE = 0x8000;

/** What of the structure is state of its own. */
export interface CommonConfigState {
  configVector: number;
  queueSelect: number;
  deviceFeatureSelect: number;
  driverFeatureSelect: number;
}

export class CommonConfig {
  configVector = NO_VECTOR;
  queueSelect = 0;
  private deviceFeatureSelect = 0;
  private driverFeatureSelect = 0;

  constructor(
    private readonly core: VirtioCore,
    private readonly vectors: number,
  ) {}

  /** The queue that the driver has selected, if there is one of that number. */
  get selected(): VirtQueue | undefined {
    return this.core.queues[this.queueSelect];
  }

  /** A driver that asks for a vector beyond the table reads back that it has none. */
  vectorOf(value: number): number {
    return value < this.vectors ? value : NO_VECTOR;
  }

  read(offset: number, size: AccessSize): number {
    // Registers are read in their own width; parts of wider ones are cut out of them.
    const register = registerAt(offset);
    if (register === undefined) return 0;
    const value = this.readRegister(register.offset);
    return Math.floor(value / 2 ** (8 * (offset - register.offset))) % 2 ** (8 * size);
  }

  write(offset: number, value: number, size: AccessSize, setStatus: (status: number) => void): void {
    const register = registerAt(offset);
    if (register === undefined || register.bytes < size) return;
    if (offset !== register.offset) this.writeUpperHalf(offset, value, size);
    else this.writeRegister(offset, value, size, setStatus);
  }

  reset(): void {
    this.configVector = NO_VECTOR;
    this.queueSelect = 0;
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
  }

  save(): CommonConfigState {
    const { configVector, queueSelect, deviceFeatureSelect, driverFeatureSelect } = this;
    return { configVector, queueSelect, deviceFeatureSelect, driverFeatureSelect };
  }

  restore(state: CommonConfigState): void {
    Object.assign(this, state);
  }

  private readRegister(offset: number): number {
    const { core, selected } = this;
    switch (offset) {
      case Common.DeviceFeatureSelect:
        return this.deviceFeatureSelect;
      case Common.DeviceFeature:
        return core.deviceFeatureWord(this.deviceFeatureSelect);
      case Common.DriverFeatureSelect:
        return this.driverFeatureSelect;
      case Common.DriverFeature:
        return core.driverFeatureWord(this.driverFeatureSelect);
      case Common.ConfigMsixVector:
        return this.configVector;
      case Common.NumQueues:
        return core.queues.length;
      case Common.DeviceStatus:
        return core.status;
      case Common.ConfigGeneration:
        return core.configGeneration;
      case Common.QueueSelect:
        return this.queueSelect;
      default:
        return selected === undefined ? 0 : readQueue(selected, offset);
    }
  }

  private writeRegister(offset: number, value: number, size: AccessSize, setStatus: (status: number) => void): void {
    switch (offset) {
      case Common.DeviceFeatureSelect:
        this.deviceFeatureSelect = value;
        break;
      case Common.DriverFeatureSelect:
        this.driverFeatureSelect = value;
        break;
      case Common.DriverFeature:
        this.core.setDriverFeatureWord(this.driverFeatureSelect, value);
        break;
      case Common.ConfigMsixVector:
        this.configVector = this.vectorOf(value);
        break;
      case Common.DeviceStatus:
        setStatus(value);
        break;
      case Common.QueueSelect:
        this.queueSelect = value;
        break;
      default:
        if (this.selected) this.writeQueue(this.selected, offset, value, size);
    }
  }

  /** A queue that is enabled cannot be changed, but for its vector (4.1.4.3.2). */
  private writeQueue(queue: VirtQueue, offset: number, value: number, size: AccessSize): void {
    if (offset === Common.QueueMsixVector) queue.vector = this.vectorOf(value);
    if (queue.enabled) return;
    if (offset === Common.QueueSize) queue.size = isQueueSize(value, queue.maxSize) ? value : queue.size;
    else if (offset === Common.QueueEnable) queue.enabled = value === 1;
    else if (offset === Common.QueueDesc && size === 4) queue.desc = withLow(queue.desc, value);
    else if (offset === Common.QueueDriver && size === 4) queue.driver = withLow(queue.driver, value);
    else if (offset === Common.QueueDevice && size === 4) queue.device = withLow(queue.device, value);
  }

  /** Queue addresses are written as two dwords. */
  private writeUpperHalf(offset: number, value: number, size: AccessSize): void {
    const { selected } = this;
    if (selected === undefined || selected.enabled || size !== 4) return;
    if (offset === Common.QueueDesc + 4) selected.desc = withHigh(selected.desc, value);
    else if (offset === Common.QueueDriver + 4) selected.driver = withHigh(selected.driver, value);
    else if (offset === Common.QueueDevice + 4) selected.device = withHigh(selected.device, value);
  }
}

const REGISTERS = Object.values(Common).sort((a, b) => a - b);

/** The register that holds the byte at `offset`. */
function registerAt(offset: number): { offset: number; bytes: number } | undefined {
  if (offset >= COMMON_BYTES) return undefined;
  const index = REGISTERS.findLastIndex((start) => start <= offset);
  return { offset: REGISTERS[index], bytes: (REGISTERS[index + 1] ?? COMMON_BYTES) - REGISTERS[index] };
}

function readQueue(queue: VirtQueue, offset: number): number {
  switch (offset) {
    case Common.QueueSize:
      return queue.size;
    case Common.QueueMsixVector:
      return queue.vector;
    case Common.QueueEnable:
      return queue.enabled ? 1 : 0;
    case Common.QueueNotifyOff:
      return queue.index;
    case Common.QueueDesc:
      return queue.desc;
    case Common.QueueDriver:
      return queue.driver;
    default:
      return queue.device;
  }
}

/** Split rings want powers of two; no driver uses other sizes in packed ones. */
function isQueueSize(value: number, max: number): boolean {
  return value > 0 && value <= max && value <= MAX_SPLIT_SIZE && (value & (value - 1)) === 0;
}

function withLow(address: number, value: number): number {
  return Math.floor(address / U32) * U32 + value;
}

function withHigh(address: number, value: number): number {
  return value * U32 + (address % U32);
}
