/** The modes random programs run in: word size, privilege, segments (SDM vol. 3A ch. 2 and 3). */
import { CODE, DATA, STACK } from "./layout.ts";

export type Bits = 16 | 32 | 64;

export interface SegmentSpec {
  selector: number;
  base: number;
  limit: number;
  /** As Engine.setSegment wants them. */
  attributes: number;
}

export interface Environment {
  name: string;
  bits: Bits;
  cpl: 0 | 3;
  paging: "none" | "legacy" | "long";
  v86: boolean;
  /** Linear base of the program's pages. */
  base: number;
  cs: SegmentSpec;
  ds: SegmentSpec;
  es: SegmentSpec;
  ss: SegmentSpec;
  fs: SegmentSpec;
  gs: SegmentSpec;
}

/** GDT slots; the program's own descriptors follow the kernel's. */
export const SELECTOR = { KERNEL_CODE: 0x08, KERNEL_DATA: 0x10, TSS: 0x48 } as const;
export const PROGRAM_SELECTORS = { cs: 0x18, ds: 0x20, ss: 0x28, es: 0x30, fs: 0x38, gs: 0x40 } as const;
export type SegmentName = keyof typeof PROGRAM_SELECTORS;
export const SEGMENT_NAMES = Object.keys(PROGRAM_SELECTORS) as SegmentName[];

const HIGH_BASE = 0x2000_0000;
const FLAT = 0xffff_ffff;
const SMALL = 0xffff;
const CODE_TYPE = 0x9b;
const DATA_TYPE = 0x93;
/** Attribute bits above the type: G, D/B, L. */
const GRANULAR = 0x8000;
const BIG = 0x4000;
const LONG = 0x2000;

interface Shape {
  bits: Bits;
  cpl: 0 | 3;
  paging: "legacy" | "long";
  segmented: boolean;
}

/** A protected-mode environment. FS and GS always have a base: DATA and CODE. */
function protectedMode(name: string, { bits, cpl, paging, segmented }: Shape): Environment {
  const base = HIGH_BASE;
  const dpl = cpl << 5;
  const size = bits === 16 ? 0 : BIG;
  const at = (segment: SegmentName, segmentBase: number, type: number): SegmentSpec => {
    const flat = !segmented && segment !== "fs" && segment !== "gs";
    const long = bits === 64 && segment === "cs";
    return {
      selector: PROGRAM_SELECTORS[segment] | cpl,
      base: flat ? 0 : base + segmentBase,
      limit: flat ? FLAT : SMALL,
      attributes: type | dpl | (flat ? GRANULAR : 0) | (long ? LONG : size),
    };
  };
  return {
    name,
    bits,
    cpl,
    paging,
    v86: false,
    base,
    cs: at("cs", CODE, CODE_TYPE),
    ds: at("ds", DATA, DATA_TYPE),
    es: at("es", DATA, DATA_TYPE),
    ss: at("ss", STACK, DATA_TYPE),
    fs: at("fs", DATA, DATA_TYPE),
    gs: at("gs", CODE, DATA_TYPE),
  };
}

/** Real mode and virtual-8086 mode: a segment's base is 16 times its selector. */
function realMode(name: string, v86: boolean): Environment {
  const at = (offset: number): SegmentSpec => ({
    selector: offset >> 4,
    base: offset,
    limit: SMALL,
    attributes: v86 ? 0xf3 : DATA_TYPE,
  });
  return {
    name,
    bits: 16,
    cpl: v86 ? 3 : 0,
    paging: v86 ? "legacy" : "none",
    v86,
    base: 0,
    cs: at(CODE),
    ds: at(DATA),
    es: at(DATA),
    ss: at(STACK),
    fs: at(DATA),
    gs: at(CODE),
  };
}

export const ENVIRONMENTS: readonly Environment[] = [
  protectedMode("long64-user", { bits: 64, cpl: 3, paging: "long", segmented: false }),
  protectedMode("long64-kernel", { bits: 64, cpl: 0, paging: "long", segmented: false }),
  protectedMode("compat32-user", { bits: 32, cpl: 3, paging: "long", segmented: false }),
  protectedMode("flat32-user", { bits: 32, cpl: 3, paging: "legacy", segmented: false }),
  protectedMode("flat32-kernel", { bits: 32, cpl: 0, paging: "legacy", segmented: false }),
  protectedMode("segmented32-user", { bits: 32, cpl: 3, paging: "legacy", segmented: true }),
  protectedMode("segmented16-user", { bits: 16, cpl: 3, paging: "legacy", segmented: true }),
  protectedMode("segmented16-kernel", { bits: 16, cpl: 0, paging: "legacy", segmented: true }),
  realMode("v86", true),
  realMode("real", false),
];

export function environmentNamed(name: string): Environment {
  const found = ENVIRONMENTS.find((environment) => environment.name === name);
  if (!found)
    throw new Error(
      `no environment "${name}"; there are ${ENVIRONMENTS.map((environment) => environment.name).join(", ")}`,
    );
  return found;
}

/** Offset in a segment of the byte at `offset` from the environment's linear base. */
export function offsetIn(environment: Environment, segment: SegmentName, offset: number): number {
  return environment.base + offset - environment[segment].base;
}
