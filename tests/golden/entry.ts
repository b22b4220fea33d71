// What the translator has made of the last region, as text: a module of its own on the engine's memory, which reads the
// translator's scratch (jit/layout.ts) and changes nothing but the counts of uses. Opcodes and addresses are written as wasm(N),
// helper(N) and at(N): goldenText.ts names them.
import { Mode } from "../../assembly/cpu/state";
import { INSN_SIZE, Insn } from "../../assembly/decode/insn";
import { Block } from "../../assembly/interp/blocks";
import { BlockSet, afterFirst, firstOf, isEmpty } from "../../assembly/jit/blockSet";
import { DYNAMIC, BuildState, Terminator } from "../../assembly/jit/buildState";
import { Clobbers } from "../../assembly/jit/coldNodes";
import { IrOp, NODE_SIZE, Node, Var, isDroppable, node } from "../../assembly/jit/ir";
import { BUILD_STATE, NODES } from "../../assembly/jit/layout";
import { countUses } from "../../assembly/jit/lower";
import { lowerState, variableLocal } from "../../assembly/jit/lowerState";
import { RegionBlock, region, regionBlock } from "../../assembly/jit/region";
import { ValueType } from "../../assembly/wasm/opcodes";

// ---- writing ----

/** Where the next character goes. */
let at: u32 = 0;

function byte(value: u32): void {
  store<u8>(<usize>at, <u8>value);
  at++;
}

function write(text: string): void {
  for (let i = 0; i < text.length; i++) byte(text.charCodeAt(i));
}

function digits(value: u64, base: u64): void {
  if (value >= base) digits(value / base, base);
  const digit = <u32>(value % base);
  byte(digit < 10 ? 0x30 + digit : 0x57 + digit);
}

function decimal(value: u64): void {
  digits(value, 10);
}

/** Small numbers in decimal, others in hexadecimal. */
function number(value: i64): void {
  if (value > -1024 && value < 0) {
    byte(0x2d);
    decimal(-value);
  } else if (<u64>value < 1024) decimal(value);
  else {
    write("0x");
    digits(value, 16);
  }
}

function token(name: string, value: u32): void {
  write(name);
  byte(0x28);
  decimal(value);
  byte(0x29);
}

function typeName(type: u32): string {
  switch (type) {
    case ValueType.I32:
      return "i32";
    case ValueType.I64:
      return "i64";
    case ValueType.F32:
      return "f32";
    case ValueType.F64:
      return "f64";
    default:
      return "v128";
  }
}

// ---- variables ----

const REGISTERS = "axcxdxbxspbpsidi";

function writeVariable(variable: u32): void {
  if (variable < 8) {
    byte((region().mode & Mode.CODE_SIZE) == 3 ? 0x72 : 0x65);
    byte(REGISTERS.charCodeAt(variable * 2));
    byte(REGISTERS.charCodeAt(variable * 2 + 1));
  } else if (variable < 16) {
    byte(0x72);
    decimal(variable);
  } else if (variable >= <u32>Var.X87_SIGNIFICAND) {
    write(variable < <u32>Var.X87_EXPONENT ? "significand" : "exponent");
    decimal(variable & 7);
  } else if (variable >= <u32>Var.XMM) {
    write("xmm");
    decimal(variable - Var.XMM);
  } else write(stateName(variable));
}

function stateName(variable: u32): string {
  switch (variable) {
    case Var.FLAG_OP:
      return "flagOp";
    case Var.FLAG_A:
      return "flagA";
    case Var.FLAG_B:
      return "flagB";
    case Var.X87_TOP:
      return "fpuTop";
    case Var.X87_BASE:
      return "fpuBase";
    case Var.X87_EMPTY:
      return "fpuEmpty";
    case Var.X87_OPCODE:
      return "fpuOpcode";
    case Var.X87_CS:
      return "fpuCs";
    case Var.X87_DS:
      return "fpuDs";
    case Var.X87_MODE:
      return "fpuMode";
    case Var.X87_UP:
      return "fpuUp";
    case Var.X87_INEXACT:
      return "fpuInexact";
    case Var.X87_IP:
      return "fpuIp";
    default:
      return "fpuDp";
  }
}

// ---- nodes ----

function writeValue(id: u32): void {
  const n = node(id);
  if (n.op == IrOp.CONST) number(n.imm);
  else {
    byte(0x76);
    decimal((id - NODES) / NODE_SIZE);
  }
}

function writeOperands(n: Node): void {
  byte(0x20);
  writeValue(n.a);
  if (n.b) {
    write(", ");
    writeValue(n.b);
  }
}

/** Where a load or store goes: a plus imm, or a fixed address. */
function writeAddress(n: Node): void {
  write(" [");
  if (node(n.a).op == IrOp.CONST) token("at", <u32>(n.imm + node(n.a).imm));
  else {
    writeValue(n.a);
    if (n.imm) {
      byte(0x2b);
      number(n.imm);
    }
  }
  byte(0x5d);
}

function writeArguments(a: u32, b: u32, c: u32, n: Node): void {
  let first = true;
  byte(0x28);
  if (a) first = argument(a, first);
  if (b) first = argument(b, first);
  if (c) first = argument(c, first);
  if (n.flag) {
    if (!first) write(", ");
    number(n.imm);
  }
  byte(0x29);
}

function argument(id: u32, first: bool): bool {
  if (!first) write(", ");
  writeValue(id);
  return false;
}

function writeClobbers(clobbers: u32): void {
  if (clobbers & Clobbers.REGISTERS) write(" registers");
  if (clobbers & Clobbers.FLAGS) write(" flags");
  if (clobbers & Clobbers.VECTORS) write(" vectors");
  if (clobbers & Clobbers.TLB) write(" tlb");
  if (clobbers & Clobbers.X87) write(" x87");
}

function writeLane(n: Node): void {
  token("wasm", n.code);
  byte(0x20);
  number(n.imm);
  byte(0x2c);
  writeOperands(n);
}

function writeShuffle(n: Node): void {
  write("shuffle");
  writeOperands(n);
  for (let k: u32 = 0; k < 16; k++) {
    write(k ? " " : " by ");
    byte((n.code >> k) & 1 ? 0x62 : 0x61);
    decimal((<u64>n.imm >> (<u64>k << 2)) & 15);
  }
}

function writeProbe(n: Node): void {
  write(n.flag ? "probe for writing " : "probe ");
  decimal(n.size);
  write(" at ");
  writeValue(n.a);
}

function writeSpan(n: Node): void {
  write(n.flag ? "span for writing at " : "span at ");
  writeValue(n.a);
  write(" + ");
  number(n.imm);
  write(" to ");
  decimal(n.code);
}

function writeNode(n: Node): void {
  switch (<u32>n.op) {
    case IrOp.GET:
      write("get ");
      writeVariable(<u32>n.imm);
      return;
    case IrOp.UNARY:
    case IrOp.BINARY:
      token("wasm", n.code);
      writeOperands(n);
      return;
    case IrOp.SELECT:
    case IrOp.BITSELECT:
      write(n.op == IrOp.SELECT ? "select" : "bitselect");
      writeOperands(n);
      write(" by ");
      writeValue(n.c);
      return;
    case IrOp.LANE:
      writeLane(n);
      return;
    case IrOp.SHUFFLE:
      writeShuffle(n);
      return;
    case IrOp.V128_CONST:
      write("both halves ");
      number(n.imm);
      return;
    case IrOp.SET:
      write("set ");
      writeVariable(<u32>n.imm);
      write(" = ");
      writeValue(n.a);
      return;
    case IrOp.LOAD:
      token("wasm", n.code);
      writeAddress(n);
      return;
    case IrOp.STORE:
      token("wasm", n.code);
      writeAddress(n);
      write(" = ");
      writeValue(n.b);
      return;
    case IrOp.PROBE:
      writeProbe(n);
      return;
    case IrOp.NEARBY:
      writeProbe(node(n.a));
      write(" + ");
      number(n.imm);
      return;
    case IrOp.SPAN:
      writeSpan(n);
      return;
    case IrOp.AT:
      write("in ");
      writeValue(n.a);
      write(" at ");
      number(n.imm);
      return;
    case IrOp.BAIL_IF:
      write("bail if ");
      writeValue(n.a);
      return;
    case IrOp.CALL:
      token("helper", n.code);
      writeArguments(n.a, n.b, n.c, n);
      return;
    case IrOp.CHOOSE_CALL:
      writeValue(n.a);
      write(", but if ");
      writeValue(n.c);
      if (n.e) {
        write(" and ");
        writeValue(n.e);
      }
      byte(0x20);
      token("helper", n.code);
      writeArguments(n.b, n.d, 0, n);
      return;
    case IrOp.COLD:
      write("cold ");
      token("at", <u32>n.imm);
      writeClobbers(n.code);
      return;
    case IrOp.TIME:
      write("time");
      return;
    case IrOp.TLB:
      write("tlb again");
      return;
    case IrOp.CARRY:
      write("carry");
      writeArguments(n.a, n.b, n.c, n);
      return;
    case IrOp.X87:
      token("x87", n.code);
      writeArguments(n.a, n.b, n.c, n);
      return;
    default:
      write("pair of the node before");
  }
}

function isWritten(n: Node): bool {
  return n.op != IrOp.CONST && (n.uses != 0 || !isDroppable(n));
}

function writeLine(id: u32): void {
  const n = node(id);
  write("  ");
  if (n.type != ValueType.EMPTY) {
    writeValue(id);
    write(": ");
    write(typeName(n.type));
    write(" = ");
  }
  writeNode(n);
  byte(10);
}

// ---- blocks ----

/** The address of instruction `number` of the region, on a line of its own; goldenText.ts adds the instruction. */
function writeInsn(b: RegionBlock, number: u32): void {
  const first = changetype<Block>(<usize>b.block).first;
  write("; ");
  digits(changetype<Insn>(first + <usize>(number - b.firstInsn) * INSN_SIZE).rip, 16);
  byte(10);
}

function writeTargets(targets: BlockSet): void {
  let before = ", perhaps block ";
  for (let left = targets; !isEmpty(left); left = afterFirst(left)) {
    write(before);
    before = " or ";
    decimal(firstOf(left));
  }
}

function writeEdge(to: i32, link: u32): void {
  if (to >= 0) {
    write("block ");
    decimal(to);
  } else if (link) token("at", link);
  else write("the run loop");
}

function writeEnd(b: RegionBlock): void {
  write("  go to ");
  switch (b.terminator) {
    case Terminator.JUMP:
      writeEdge(b.taken, b.takenLink);
      break;
    case Terminator.BRANCH:
      writeEdge(b.taken, b.takenLink);
      write(" if ");
      writeValue(b.condition);
      write(", else ");
      writeEdge(b.next, b.nextLink);
      break;
    case Terminator.INDIRECT:
      write("IP ");
      writeValue(b.condition);
      writeTargets(b.targets);
      break;
    default:
      writeEdge(b.next, b.nextLink);
  }
  byte(10);
}

function writeBlock(index: u32): void {
  const b = regionBlock(index);
  write("block ");
  decimal(index);
  if (b.entry >= 0) {
    write(", entry ");
    decimal(b.entry);
  }
  if (b.isLoopHead) write(", loop head");
  write(", flags ");
  if (b.flagKind == DYNAMIC) write("dynamic");
  else {
    token("flag", b.flagKind);
    decimal(b.flagBits);
  }
  write(" at its end\n");
  let insn: u32 = -1;
  for (let id = b.firstNode; id < b.endNode; id += NODE_SIZE) {
    if (!isWritten(node(id))) continue;
    if (node(id).insn != insn) writeInsn(b, node(id).insn);
    insn = node(id).insn;
    writeLine(id);
  }
  writeEnd(b);
}

function findUses(): void {
  for (let i: u32 = 0; i < region().blockCount; i++) {
    const b = regionBlock(i);
    for (let id = b.firstNode; id < b.endNode; id += NODE_SIZE) node(id).uses = 0;
    if (b.condition) node(b.condition).uses++;
    countUses(b.firstNode, b.endNode);
  }
}

/** Writes all blocks of the region to `out`; gives the length. */
export function writeRegion(out: u32): u32 {
  at = out;
  findUses();
  for (let i: u32 = 0; i < region().blockCount; i++) writeBlock(i);
  return at - out;
}

/** Writes "local name" of the variables that have a local, a line each. */
export function writeLocals(out: u32): u32 {
  at = out;
  const s = lowerState();
  const locals = s.locals;
  for (let variable: u32 = 0; variable < <u32>Var.COUNT; variable++) {
    const local = variableLocal(changetype<BuildState>(<usize>BUILD_STATE), s, variable);
    if (local >= locals) continue; // made just now
    decimal(local);
    byte(0x20);
    writeVariable(variable);
    byte(10);
  }
  s.locals = locals;
  return at - out;
}

/** Writes "address name" of the links of the region, a line each. */
export function writeLinks(out: u32): u32 {
  at = out;
  for (let i: u32 = 0; i < region().blockCount; i++) {
    writeLink(regionBlock(i).takenLink, i, ".taken\n");
    writeLink(regionBlock(i).nextLink, i, ".next\n");
  }
  return at - out;
}

function writeLink(address: u32, index: u32, name: string): void {
  if (!address) return;
  decimal(address);
  write(" link");
  decimal(index);
  write(name);
}
