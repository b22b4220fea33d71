/** A random program before it has addresses: instructions in a row, and labels between them. */
import type { Environment } from "./environment.ts";
import type { Frame } from "./layout.ts";

/** A place in a program: the instruction with this number, or whatever comes where it stood. */
export interface Label {
  index: number;
}

/** What an encoding may ask for in a program that is being given its addresses. */
export interface Context {
  /** IP of a label. */
  ip(label: Label): number;
  /** Physical address of a page. */
  frame(frame: Frame): number;
}

export interface Insn {
  /** For the listing. */
  text: string;
  /** The encoding at IP `at`. Its length may not depend on where labels are. */
  encode(at: number, context: Context): number[];
  /** Basic block it belongs to, for the listing and for shrinking. */
  block: number;
  /** Without it the program would not come to an end. */
  structural: boolean;
  /** Bytes that a self-modifying store may change, counted from the instruction's end: 1 is the last. */
  patches: Patch[];
}

export interface Patch {
  fromEnd: number;
  /** What may be written; any byte if empty. */
  values: readonly number[];
}

export interface Program {
  seed: number;
  environment: Environment;
  insns: Insn[];
  /** The loop's start, where execution goes on after it went astray. */
  head: Label;
  /** The HLT at the end. */
  halt: Label;
  /** Pointers to code in the control page. */
  tables: Label[];
  /** IP of the first instruction, from the start of the code pages. */
  start: number;
  /** How often the main loop runs. */
  iterations: number;
  codeWritable: boolean;
  /** Seed of the initial registers and memory; 0: all zero. */
  contents: number;
}

/** A program with some of its instructions left out; labels keep their numbers. */
export interface Variant {
  program: Program;
  dropped: ReadonlySet<number>;
  iterations: number;
  contents: number;
}

export function whole(program: Program): Variant {
  return { program, dropped: new Set(), iterations: program.iterations, contents: program.contents };
}
