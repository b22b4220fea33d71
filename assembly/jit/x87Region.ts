// What the blocks of a region have to do with each other as to the x87: where TOP is, and how numbers may be kept.
import { INSN_SIZE, Insn } from "../decode/insn";
import { Block } from "../interp/blocks";
import { afterFirst, difference, firstOf, isEmpty, only } from "./blockSet";
import { RegionBlock, UNKNOWN_DELTA, region, regionBlock } from "./region";
import { takesSingle } from "./x87";
import { x87State } from "./x87State";

/** Whether some instruction of the region takes a single from memory for the x87. */
export function hasSingles(): bool {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const block = changetype<Block>(<usize>regionBlock(i).block);
    for (let k: u32 = 0; k < block.count; k++)
      if (takesSingle(changetype<Insn>(block.first + <usize>k * INSN_SIZE))) return true;
  }
  return false;
}

/** The blocks that `from` leads to go on with TOP where it is; an edge to one that others enter with another TOP leaves the region. */
export function passX87(from: RegionBlock): void {
  if (!beginsWith(from.taken)) from.taken = -1;
  if (!beginsWith(from.next)) from.next = -1;
  for (let left = from.targets; !isEmpty(left); left = afterFirst(left))
    if (!beginsWith(<i32>firstOf(left))) from.targets = difference(from.targets, only(firstOf(left)));
}

/** Whether block `index` (-1: none) begins with ST(0) in the present slot. */
function beginsWith(index: i32): bool {
  if (index < 0) return true;
  const block = regionBlock(index);
  if (block.x87Delta == UNKNOWN_DELTA) block.x87Delta = <u8>x87State().delta;
  return block.x87Delta == x87State().delta;
}
