/** Physical Region Pages: where the data of a command lies. Document: NVM Express 1.4, 4.3. */
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { getUint64 } from "../../bus/guestWords.ts";
import { ScatterList } from "../../bus/scatterList.ts";

const ENTRY_BYTES = 8;
const DWORD_MASK = 3;

/** A PRP entry has an offset into its page where it must have none, or is not dword aligned. */
export class PrpError extends Error {}

/**
 * The `length` bytes that two PRP entries stand for. Lists are followed for as many pages as the length needs, so their length is
 * bounded by that of transfers. Throws a PrpError.
 */
export function resolvePrps(
  memory: GuestMemory,
  prps: { prp1: number; prp2: number },
  length: number,
  pageBytes: number,
): ScatterList {
  const { prp1, prp2 } = prps;
  if ((prp1 & DWORD_MASK) !== 0) throw new PrpError("PRP 1 is not dword aligned");
  const list = new ScatterList(memory);
  const first = Math.min(length, pageBytes - (prp1 % pageBytes));
  list.add(prp1, first);
  const rest = length - first;
  if (rest > pageBytes) addList(memory, list, prp2, rest, pageBytes);
  else if (rest > 0) addPage(list, prp2, rest, pageBytes);
  return list;
}

/** The last entry of a list page leads to the next one, where there is more than fits. */
function addList(memory: GuestMemory, list: ScatterList, start: number, length: number, pageBytes: number): void {
  if (start % ENTRY_BYTES !== 0) throw new PrpError("the PRP list is not aligned");
  let [at, left] = [start, length];
  while (left > 0) {
    const room = (pageBytes - (at % pageBytes)) / ENTRY_BYTES;
    const wanted = Math.ceil(left / pageBytes);
    const count = Math.min(room, wanted);
    const entries = new DataView(new ArrayBuffer(count * ENTRY_BYTES));
    memory.read(at, new Uint8Array(entries.buffer));
    const isChained = wanted > room;
    for (let index = 0; index < count - (isChained ? 1 : 0); index++) {
      const bytes = Math.min(left, pageBytes);
      addPage(list, getUint64(entries, index * ENTRY_BYTES), bytes, pageBytes);
      left -= bytes;
    }
    if (!isChained) return;
    at = getUint64(entries, (count - 1) * ENTRY_BYTES);
    if (at % pageBytes !== 0) throw new PrpError("the next PRP list has an offset");
  }
}

function addPage(list: ScatterList, address: number, length: number, pageBytes: number): void {
  if (address % pageBytes !== 0) throw new PrpError("a PRP entry has an offset");
  list.add(address, length);
}
