/** What traps, faults or belongs to ring 0: software interrupts, single steps, changes of mappings under the running program. */
import { le } from "../../instructions/encoder.ts";
import { CODE, DATA, type Frame, KERNEL, OFFSET, PAGE, PHYSICAL } from "../layout.ts";
import type { Choice } from "../weighted.ts";
import { RAX, RBX, RCX, RDX, RSP, type Writer } from "../writer.ts";

/** A vector that programs may call: its gate has DPL 3. */
export const SOFTWARE_VECTOR = 0x21;
/** Ports that no trap stub uses. */
const PORT = 0x70;

function softwareInterrupt(w: Writer): void {
  const kind = w.random.below(6);
  if (kind < 2) w.raw(`int 0x${SOFTWARE_VECTOR.toString(16)}`, 0xcd, SOFTWARE_VECTOR);
  else if (kind === 2) w.raw("int3", 0xcc);
  else if (kind === 3) w.raw("ud2", 0x0f, 0x0b);
  else if (kind === 4) w.raw("int1", 0xf1);
  else if (w.bits !== 64) w.raw("into", 0xce);
}

function bound(w: Writer): void {
  if (w.bits === 64) return;
  const size = w.wideSize();
  const operand = w.memory(2 * size);
  const reg = w.source(size);
  w.emit(`bound ${w.name(reg, size)}, ${w.operandName(operand, size)}`, { size, op: [0x62], reg }, operand);
}

/** Turns single-stepping or alignment checks on: the handler of #DB turns it off again, sooner or later. */
function flagByte(w: Writer): void {
  const trap = w.bits === 16 || w.random.below(3) > 0;
  w.raw("pushf", 0x9c);
  const mem = { base: RSP, disp: trap ? 1 : 2, ...(w.bits === 16 ? { addressPrefix: true } : {}) };
  const imm = [trap ? 1 : 4];
  w.emit(`xor byte [sp+${mem.disp}], ${imm[0]}`, { op: [0x80], reg: 6, rm: mem, imm }, undefined, { patches: [] });
  w.raw("popf", 0x9d);
}

function ports(w: Writer): void {
  if (!w.isFree(RAX)) return;
  const size = w.size();
  if (size === 8) return;
  const out = w.random.below(2);
  const op = (out ? 0xe6 : 0xe4) + (size > 1 ? 1 : 0);
  w.emit(
    out ? `out ${PORT}, ${w.name(RAX, size)}` : `in ${w.name(RAX, size)}, ${PORT}`,
    { size, op: [op], imm: [PORT] },
    undefined,
    {
      patches: [],
    },
  );
}

function identify(w: Writer): void {
  if (!w.areFree(RAX, RDX)) return;
  if (w.random.chance(2) || !w.areFree(RBX, RCX)) w.raw("rdtsc", 0x0f, 0x31);
  else w.raw("cpuid", 0x0f, 0xa2);
}

/** IF off and on. In the user's hands this is #GP. */
function interruptFlag(w: Writer): void {
  w.raw("cli", 0xfa);
  if (!w.random.chance(3)) w.raw("sti", 0xfb);
}

export const SYSTEM: readonly Choice[] = [
  [6, softwareInterrupt],
  [1, bound],
  [3, flagByte],
  [2, ports],
  [1, identify],
  [1, interruptFlag],
];

/** Writes the page-table entry of the program's page at `offset` from its base. */
function setPage(w: Writer, offset: number, frame: Frame | undefined, bits: number): void {
  const { environment } = w;
  const long = environment.paging === "long";
  const index = ((environment.base + offset) >>> 12) & (long ? 0x1ff : 0x3ff);
  const entry = KERNEL + PHYSICAL.PROGRAM_TABLE + index * (long ? 8 : 4);
  const fields = { op: [0xc7], reg: 0, rm: { disp: entry } };
  w.push(
    `mov dword [entry of ${(environment.base + offset).toString(16)}], ${frame ?? "none"}+${bits}`,
    (at, context) => {
      const value = frame === undefined ? 0 : context.frame(frame) | bits;
      return w.encode(at, { ...fields, size: 4, imm: le(value, 4) });
    },
  );
  invalidate(w, offset);
}

/** INVLPG or a load of CR3. */
function invalidate(w: Writer, offset: number): void {
  if (w.random.chance(3) && w.isFree(RAX)) {
    w.raw("mov rax, cr3", 0x0f, 0x20, 0xd8);
    w.raw("mov cr3, rax", 0x0f, 0x22, 0xd8);
    return;
  }
  const mem = { disp: w.environment.base + offset };
  w.emit(`invlpg [${mem.disp.toString(16)}]`, { op: [0x0f, 0x01], reg: 7, rm: mem });
}

const PRESENT = 1;
const WRITABLE = 2;

function remapWindow(w: Writer): void {
  const window = DATA + OFFSET.WINDOW;
  const kind = w.random.below(6);
  if (kind === 0) setPage(w, window, undefined, 0);
  else if (kind === 1) setPage(w, window, "READ_ONLY", PRESENT);
  else setPage(w, window, w.random.pick(["D2", "D3"]), PRESENT | (kind > 2 ? WRITABLE : 0));
}

/** Other code under the running program: the second page has two versions that differ in immediates. */
function remapCode(w: Writer): void {
  setPage(w, CODE + PAGE, w.random.pick(["C1", "C1_OTHER"]), PRESENT | WRITABLE);
}

/** The task-switched flag: x87 and SSE instructions fault until CLTS. */
function taskSwitched(w: Writer): void {
  if (!w.isFree(RAX)) return;
  w.raw("mov rax, cr0", 0x0f, 0x20, 0xc0);
  w.emit("or al, 8", { op: [0x0c], imm: [8] }, undefined, { patches: [] });
  w.raw("mov cr0, rax", 0x0f, 0x22, 0xc0);
  const operand = w.memory(4);
  w.emit(`fld ${w.operandName(operand, 4)}`, { op: [0xd9], reg: 0 }, operand);
  w.raw("clts", 0x0f, 0x06);
}

/** A data breakpoint for a few instructions: they are single-stepped, and accesses to the place trap. */
function watch(w: Writer): void {
  if (!w.isFree(RAX)) return;
  const size = w.bits === 64 ? 8 : 4;
  const at = w.environment.base + DATA + OFFSET.D0 + 8 * w.random.below(PAGE / 8);
  const move = (value: number) =>
    w.emit(`mov ${w.name(RAX, size)}, ${value}`, { op: [0xb8], plus: RAX, imm: le(value, 4) });
  move(at);
  w.raw("mov dr0, rax", 0x0f, 0x23, 0xc0);
  move(w.random.pick([WATCH_WRITES, WATCH_ACCESSES]));
  w.raw("mov dr7, rax", 0x0f, 0x23, 0xf8);
  const operand = { mem: { disp: at } };
  const reg = w.source(4);
  w.emit(`mov ${w.operandName(operand, 4)}, ${w.name(reg, 4)}`, { size: 4, op: [0x89], reg }, operand);
  w.emit(`add ${w.operandName(operand, 4)}, ${w.name(reg, 4)}`, { size: 4, op: [0x01], reg }, operand);
  move(NO_WATCH);
  w.raw("mov dr7, rax", 0x0f, 0x23, 0xf8);
}

/** DR7: four bytes at DR0, written, or read or written. */
const WATCH_WRITES = 0xd_0402;
const WATCH_ACCESSES = 0xf_0402;
const NO_WATCH = 0x400;

/** CR0.WP the other way: ring 0 may write read-only pages, or not. */
function toggleWriteProtect(w: Writer): void {
  if (!w.isFree(RAX)) return;
  w.raw("mov rax, cr0", 0x0f, 0x20, 0xc0);
  w.emit("xor eax, 0x10000", { op: [0x35], imm: le(0x1_0000, 4) }, undefined, { patches: [] });
  w.raw("mov cr0, rax", 0x0f, 0x22, 0xc0);
}

/** POP SS: no trap and no interrupt before the next instruction is done. */
function stackSegment(w: Writer): void {
  if (w.bits === 64) return;
  w.raw("push ss", 0x16);
  w.raw("pop ss", 0x17);
}

export const RING0: readonly Choice[] = [
  [1, watch],
  [1, toggleWriteProtect],
  [1, stackSegment],
  [4, remapWindow],
  [2, remapCode],
  [1, taskSwitched],
  [1, (w) => invalidate(w, DATA + OFFSET.D0)],
];
