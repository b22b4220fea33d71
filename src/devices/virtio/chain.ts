import type { GuestMemory } from "../../bus/guestMemory.ts";
import { type Checked, object, u16 } from "../../bus/savedState.ts";
import { SCATTER_LIST_SHAPE, ScatterList } from "../../bus/scatterList.ts";

export const CHAIN_SHAPE = object({
  id: u16,
  slots: u16,
  readable: SCATTER_LIST_SHAPE,
  writable: SCATTER_LIST_SHAPE,
});
export type ChainState = Checked<typeof CHAIN_SHAPE>;

/** A buffer that the driver made available: what the device may read, and what it may write, both in the driver's order. */
export class Chain {
  constructor(
    /** How the driver knows it: the head's index in a split ring, the buffer ID in a packed one. */
    readonly id: number,
    /** Places that it takes in a packed ring. */
    readonly slots: number,
    readonly readable: ScatterList,
    readonly writable: ScatterList,
  ) {}

  /** Where the data lies is part of the state: a packed ring's descriptors may be overwritten while the device has the buffer. */
  save(): ChainState {
    const { id, slots, readable, writable } = this;
    return { id, slots, readable: readable.save(), writable: writable.save() };
  }

  static restore(memory: GuestMemory, { id, slots, readable, writable }: ChainState): Chain {
    return new Chain(id, slots, ScatterList.restore(memory, readable), ScatterList.restore(memory, writable));
  }
}
