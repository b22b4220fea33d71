/** Names for the engine addresses in translated code, so that golden files do not change whenever something moves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";

const SIZES: Readonly<Record<string, number>> = { bool: 1, u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8 };
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs", "tr", "ldtr"];
const SEGMENT_FIELDS: Readonly<Record<number, string>> = { 0: "base", 8: "limit", 12: "attributes", 16: "selector" };

/** Offsets of the areas of the vCPU struct (SEGMENTS_OFFSET and its like in cpu/state.ts). */
const AREA = { segments: 0x400, x87: 0x600, xmm: 0x800, end: 0xa00 } as const;

const STATE = readFileSync(join(import.meta.dirname, "../../assembly/cpu/state.ts"), "utf8");

/** Name of each field of class Vcpu by its offset; the struct is laid out with natural alignment. */
export const VCPU_FIELDS: ReadonlyMap<number, string> = readFields(STATE);

function readFields(source: string): Map<number, string> {
  const body = /class Vcpu \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? "";
  const fields = new Map<number, string>();
  let offset = 0;
  for (const [, name, type] of body.matchAll(/^ {2}(\w+): (\w+);$/gm)) {
    const size = SIZES[type as string];
    if (size === undefined) throw new Error(`the size of ${type} is not known`);
    offset = Math.ceil(offset / size) * size;
    fields.set(offset, name as string);
    offset += size;
  }
  return fields;
}

function vcpuName(offset: number): string {
  if (offset >= AREA.end) return `cpu+0x${offset.toString(16)}`;
  if (offset >= AREA.xmm) return `cpu.xmm${(offset - AREA.xmm) >> 4}${plus(offset & 15)}`;
  if (offset >= AREA.x87) return `cpu.x87[${(offset - AREA.x87) >> 4}]${plus(offset & 15)}`;
  if (offset >= AREA.segments) {
    const segment = SEGMENTS[(offset - AREA.segments) >> 5];
    return `cpu.${segment}.${SEGMENT_FIELDS[offset & 31] ?? offset & 31}`;
  }
  for (let back = 0; back < 8; back++) {
    const name = VCPU_FIELDS.get(offset - back);
    if (name !== undefined) return `cpu.${name}${plus(back)}`;
  }
  return `cpu+0x${offset.toString(16)}`;
}

function plus(bytes: number): string {
  return bytes === 0 ? "" : `+${bytes}`;
}

/** Small numbers in decimal, others in hexadecimal. */
export function hexNumber(value: bigint): string {
  if (value > -1024n && value < 1024n) return value.toString();
  return `${value < 0n ? "-" : ""}0x${(value < 0n ? -value : value).toString(16)}`;
}

/** Names of one region's addresses. */
export class AddressNames {
  private readonly known = new Map<number, string>();
  private records = 0;

  /** @param links lines "address name" */
  constructor(links: string) {
    for (const line of links.split("\n")) {
      const [address, name] = line.split(" ");
      if (name !== undefined) this.known.set(Number(address), name);
    }
  }

  /** The name of an address in the vCPU struct or in the code cache; undefined for any other number. */
  name(address: number): string | undefined {
    if (address >= MemoryMap.VCPU && address < MemoryMap.VCPU + MemoryMap.VCPU_SIZE)
      return vcpuName(address - MemoryMap.VCPU);
    if (address < MemoryMap.JIT || address >= MemoryMap.JIT + MemoryMap.JIT_SIZE) return undefined;
    this.callTable(address, this.known.has(address) ? "" : `record${this.records++}`);
    return this.known.get(address);
  }

  /** An address in the code cache that has no name yet is called `name`. */
  callTable(address: number, name: string): void {
    if (address >= MemoryMap.JIT && !this.known.has(address)) this.known.set(address, name);
  }
}
