/** GET FEATURES and SET FEATURES. Document: NVM Express 1.4, 5.21. */
import { list, u32 } from "../../bus/savedState.ts";
import { MAX_IO_QUEUES } from "./nvmeRegisters.ts";

export const Feature = {
  Arbitration: 0x01,
  PowerManagement: 0x02,
  TemperatureThreshold: 0x04,
  ErrorRecovery: 0x05,
  VolatileWriteCache: 0x06,
  NumberOfQueues: 0x07,
  InterruptCoalescing: 0x08,
  InterruptVectorConfiguration: 0x09,
  WriteAtomicity: 0x0a,
  AsyncEventConfiguration: 0x0b,
} as const;

const COUNT = 0x0c;
const SELECT_CURRENT = 0;
const SELECT_DEFAULT = 1;
const SELECT_CAPABILITIES = 3;
/** Capabilities: changeable, not saveable. */
const CHANGEABLE = 4;
const QUEUES = ((MAX_IO_QUEUES - 1) << 16) | (MAX_IO_QUEUES - 1);

/** Values after reset; undefined ones are no features. */
const DEFAULTS: readonly (number | undefined)[] = Array.from({ length: COUNT }, (_unused, id) => {
  if (id === Feature.TemperatureThreshold) return 343;
  if (id === Feature.VolatileWriteCache) return 1;
  if (id === Feature.NumberOfQueues) return QUEUES;
  return Object.values<number>(Feature).includes(id) ? 0 : undefined;
});

export const FEATURES_SHAPE = list(u32, COUNT);

export class NvmeFeatures {
  private readonly values = new Uint32Array(COUNT);

  constructor() {
    this.reset();
  }

  /** Writes count as done only when they are on the medium. */
  get isWriteThrough(): boolean {
    return (this.values[Feature.VolatileWriteCache] & 1) === 0;
  }

  /** Undefined for what is no feature. */
  get(id: number, select: number): number | undefined {
    const initial = DEFAULTS[id];
    if (initial === undefined || select > SELECT_CAPABILITIES) return undefined;
    if (select === SELECT_CURRENT) return this.values[id];
    return select === SELECT_CAPABILITIES ? CHANGEABLE : select === SELECT_DEFAULT ? initial : this.values[id];
  }

  /** The completion's result; undefined for what is no feature. As many queues as there can be are granted, whatever is asked for. */
  set(id: number, value: number): number | undefined {
    if (DEFAULTS[id] === undefined) return undefined;
    if (id === Feature.NumberOfQueues) return QUEUES;
    this.values[id] = value;
    return 0;
  }

  reset(): void {
    for (const [id, value] of DEFAULTS.entries()) this.values[id] = value ?? 0;
  }

  save(): number[] {
    return [...this.values];
  }

  restore(values: readonly number[]): void {
    this.values.set(values);
  }
}
