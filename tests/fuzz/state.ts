/** The state that two machines must agree on, and how it differs. */
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { REGISTER_NAMES } from "../../src/core/engine.ts";
import { SEGMENT } from "../../src/machine/cpuState.ts";
import { physicalFrame } from "./image.ts";
import { CODE, CODE_PAGES, FRAMES, PAGE, PHYSICAL } from "./layout.ts";
import type { Event, FuzzMachine } from "./machine.ts";

/** Register files within the vCPU struct: see the head of assembly/cpu/state.ts. */
const X87_AT = MemoryMap.VCPU + 0x600;
const XMM_AT = MemoryMap.VCPU + 0x800;
const REGISTER_BYTES = 16;

const CONTROL_REGISTERS = [
  ["cr0", VcpuField.CR0],
  ["cr2", VcpuField.CR2],
  ["cr3", VcpuField.CR3],
  ["cr4", VcpuField.CR4],
  ["efer", VcpuField.EFER],
] as const;

type Say = (text: string) => void;

const hex = (value: number | bigint) => value.toString(16);

/** Bytes of the engine's memory, without copying. */
function engineBytes({ engine }: FuzzMachine, at: number, length: number): Buffer {
  return Buffer.from(engine.memory.buffer as ArrayBuffer, at, length);
}

function differ(say: Say, name: string, mine: number | bigint, theirs: number | bigint): void {
  if (mine !== theirs) say(`${name} ${hex(mine)}, other ${hex(theirs)}`);
}

function compareIntegers(a: FuzzMachine, b: FuzzMachine, say: Say): void {
  const field = (name: string, number: VcpuField, index = 0) =>
    differ(say, name, a.engine.field64(number, index), b.engine.field64(number, index));
  differ(say, "retired instructions", a.retired, b.retired);
  field("rip", VcpuField.RIP);
  for (let n = 0; n < 16; n++) field(REGISTER_NAMES[n]!, VcpuField.REGISTERS, n);
  differ(say, "eflags", a.engine.eflags(), b.engine.eflags());
  differ(say, "cpl", a.engine.field(VcpuField.CPL), b.engine.field(VcpuField.CPL));
  differ(say, "finished", Number(a.finished), Number(b.finished));
}

function compareControl(a: FuzzMachine, b: FuzzMachine, say: Say): void {
  for (const [name, field] of CONTROL_REGISTERS) differ(say, name, a.engine.field64(field), b.engine.field64(field));
  for (const [name, index] of Object.entries(SEGMENT)) {
    const text = (machine: FuzzMachine) => {
      const { selector, base, limit, attributes } = machine.engine.segment(index);
      return [selector, base, limit, attributes].map(hex).join(" ");
    };
    if (text(a) !== text(b)) say(`${name} ${text(a)}, other ${text(b)}`);
  }
}

function compareFile(a: FuzzMachine, b: FuzzMachine, name: string, at: number, count: number, say: Say): void {
  const bytes = (machine: FuzzMachine) => engineBytes(machine, at, count * REGISTER_BYTES);
  const [mine, theirs] = [bytes(a), bytes(b)];
  if (mine.equals(theirs)) return;
  const text = (from: Buffer) => Buffer.from(from).reverse().toString("hex");
  for (let n = 0; n < count * REGISTER_BYTES; n += REGISTER_BYTES) {
    const [x, y] = [mine.subarray(n, n + REGISTER_BYTES), theirs.subarray(n, n + REGISTER_BYTES)];
    if (!x.equals(y)) say(`${name}${n / REGISTER_BYTES} ${text(x)}, other ${text(y)}`);
  }
}

function comparePage(name: string, mine: Buffer, theirs: Buffer, say: Say): void {
  if (mine.equals(theirs)) return;
  let first = 0;
  while (mine[first] === theirs[first]) first++;
  const from = first & ~7;
  const text = (bytes: Buffer) => bytes.subarray(from, from + 16).toString("hex");
  say(`memory ${name}+${hex(from)}: ${text(mine)}, other ${text(theirs)}`);
}

const ACCESSED = 0x20;

/** A page table without the accessed bits of the code pages: what is fetched ahead of execution may set them (SDM vol. 3A 4.8). */
function withoutCodeAccesses(machine: FuzzMachine, page: Buffer): Buffer {
  const { environment } = machine.image;
  const size = environment.paging === "long" ? 8 : 4;
  const copy = Buffer.from(page);
  const first = ((environment.base + CODE) >>> 12) & (PAGE / size - 1);
  for (let n = first; n < first + CODE_PAGES; n++) copy[n * size]! &= ~ACCESSED;
  return copy;
}

function compareMemory(a: FuzzMachine, b: FuzzMachine, say: Say): void {
  const { environment, frameSet } = a.image;
  const page = (machine: FuzzMachine, physical: number) => engineBytes(machine, MemoryMap.GUEST_RAM + physical, PAGE);
  for (const frame of FRAMES) {
    const at = physicalFrame(environment, frame, frameSet);
    comparePage(frame, page(a, at), page(b, at), say);
  }
  for (let at = 0; at < PHYSICAL.KERNEL_PAGES * PAGE; at += PAGE) {
    if (at === PHYSICAL.PROGRAM_TABLE)
      comparePage("page table", withoutCodeAccesses(a, page(a, at)), withoutCodeAccesses(b, page(b, at)), say);
    else comparePage(`kernel ${hex(at)}`, page(a, at), page(b, at), say);
  }
}

export function eventText([kind, ...numbers]: Event): string {
  return `${kind} ${numbers.slice(0, -1).map(hex).join(" ")} at ${numbers.at(-1)}`;
}

function compareLogs(a: FuzzMachine, b: FuzzMachine, say: Say): void {
  const same = (x: Event | undefined, y: Event | undefined) =>
    x !== undefined && y !== undefined && x.length === y.length && x.every((value, n) => value === y[n]);
  const count = Math.max(a.log.length, b.log.length);
  for (let n = a.agreed; n < count; n++) {
    const [x, y] = [a.log[n], b.log[n]];
    if (same(x, y)) continue;
    say(`event ${n}: ${x ? eventText(x) : "none"}, other ${y ? eventText(y) : "none"}`);
    return;
  }
  a.agreed = count;
}

/** Differences that are cheap to find: registers and what reached the host. */
export function quickDifferences(a: FuzzMachine, b: FuzzMachine): string[] {
  const lines: string[] = [];
  const say = (text: string) => lines.push(text);
  compareLogs(a, b, say);
  compareIntegers(a, b, say);
  return lines;
}

/** All differences, the telling ones first. */
export function allDifferences(a: FuzzMachine, b: FuzzMachine): string[] {
  const lines = quickDifferences(a, b);
  const say = (text: string) => lines.push(text);
  compareControl(a, b, say);
  compareFile(a, b, "st(physical)", X87_AT, 8, say);
  compareFile(a, b, "xmm", XMM_AT, 16, say);
  compareMemory(a, b, say);
  return lines;
}
