/**
 * Where a random program's pages lie. Linear addresses are offsets from the environment's base; physical pages are scattered, so that
 * linear neighbours never are physical ones (but in real mode, where both are the same).
 *
 *   2_0000  code: 3 pages, then one that is not mapped
 *   3_0000  data: a page of each kind, see DATA_PAGES
 *   4_0000  stack: not mapped, 2 pages, not mapped
 */
export const PAGE = 0x1000;

export const CODE = 0x2_0000;
export const CODE_PAGES = 3;
export const DATA = 0x3_0000;
export const STACK = 0x4_0000;
export const STACK_TOP = STACK + 0x2800;

/** Data pages by their offset from DATA. */
export const OFFSET = {
  D0: 0x1000,
  D1: 0x2000,
  READ_ONLY: 0x3000,
  /** Ring 0 programs change what it shows. */
  WINDOW: 0x4000,
  UNMAPPED: 0x5000,
  CONTROL: 0x6000,
  MMIO: 0x7000,
  ALIAS_D0: 0x9000,
  /** The code pages once more, to write to. */
  ALIAS_CODE: 0xb000,
} as const;

/** In the control page: what programs need to come to an end, which random accesses leave alone. */
export const CONTROL = {
  COUNTER: 0x000,
  GUARDS: 0x010,
  GUARD_COUNT: 16,
  TABLES: 0x080,
  TABLE_BYTES: 0x100,
  CONSTANTS: 0x180,
  FX_OUT: 0x200,
  FX_IN: 0x400,
} as const;

/** Physical pages of a program, in the order in which they are numbered. */
export const FRAMES = [
  "C0",
  "C1",
  "C2",
  "C1_OTHER",
  "D0",
  "D1",
  "READ_ONLY",
  "D2",
  "D3",
  "CONTROL",
  "S0",
  "S1",
] as const;
export type Frame = (typeof FRAMES)[number];

export interface Mapping {
  /** Offset of the page from the environment's linear base. */
  offset: number;
  frame: Frame | "MMIO";
  writable: boolean;
  executable: boolean;
}

const data = (offset: number, frame: Frame | "MMIO", writable = true): Mapping => ({
  offset: DATA + offset,
  frame,
  writable,
  executable: false,
});

/** The pages a program starts with. */
export function mappings(codeWritable: boolean): Mapping[] {
  const code = (["C0", "C1", "C2"] as const).map((frame, n) => ({
    offset: CODE + n * PAGE,
    frame,
    writable: codeWritable,
    executable: true,
  }));
  return [
    ...code,
    data(OFFSET.D0, "D0"),
    data(OFFSET.D1, "D1"),
    data(OFFSET.READ_ONLY, "READ_ONLY", false),
    data(OFFSET.WINDOW, "D2"),
    data(OFFSET.CONTROL, "CONTROL"),
    data(OFFSET.MMIO, "MMIO"),
    data(OFFSET.ALIAS_D0, "D0"),
    ...(["C0", "C1", "C2"] as const).map((frame, n) => data(OFFSET.ALIAS_CODE + n * PAGE, frame)),
    { offset: STACK + PAGE, frame: "S0", writable: true, executable: false },
    { offset: STACK + 2 * PAGE, frame: "S1", writable: true, executable: false },
  ];
}

/** Where the machine's own things lie in physical memory; with paging they are also at KERNEL + that. */
export const KERNEL = 0x3000_0000;
export const PHYSICAL = {
  TABLES: 0x1000,
  POINTERS: 0x2000,
  DIRECTORY: 0x3000,
  PROGRAM_TABLE: 0x4000,
  KERNEL_TABLE: 0x5000,
  GDT: 0x6000,
  TSS: 0x6800,
  IDT: 0x7000,
  HANDLERS: 0x8000,
  ENTRY: 0x9000,
  KERNEL_STACK: 0xb000,
  KERNEL_PAGES: 16,
} as const;

/** Physical address that no RAM answers; the MMIO page. */
export const MMIO_PHYSICAL = 0xf000_0000;

/** Programs on one engine take turns with their physical pages: a page whose code keeps changing is treated differently. */
export const FRAME_SETS = 12;
const FRAME_SET_BYTES = 0x4_0000;

/** Physical address of a frame: of each set in another order, with gaps. */
export function frameAddress(frame: Frame, set: number): number {
  const index = FRAMES.indexOf(frame);
  return 0x10_0000 + (set % FRAME_SETS) * FRAME_SET_BYTES + ((index * 7 + 3) % FRAMES.length) * 3 * PAGE;
}
