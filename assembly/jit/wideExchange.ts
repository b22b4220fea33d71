// CMPXCHG8B and CMPXCHG16B at translation; isa/compareExchangeWide.ts says what they do. With one vCPU all are atomic.
import { Insn, Mem } from "../decode/insn";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { setZero } from "./flagNodes";
import { IrOp, node } from "./ir";
import { bailIf, linearOf, loadHost, probe, storeHost } from "./memoryNodes";
import { as32, as64, binary, choose, constant, newNode } from "./values";

const RAX: u32 = 0;
const RCX: u32 = 1;
const RDX: u32 = 2;
const RBX: u32 = 3;

/** high:low of two registers' lower halves. */
function pair(b: Build, high: u32, low: u32): u32 {
  const upper = binary(b, Wasm.I64_SHL, as64(b, b.readReg<u32>(b.gpr(high))), constant(b, 32));
  return binary(b, Wasm.I64_OR, upper, as64(b, b.readReg<u32>(b.gpr(low))));
}

export function compareExchange8(b: Build, i: Insn): void {
  const before = b.readModify<u64, Mem>(i);
  const equal = binary(b, Wasm.I64_EQ, before, pair(b, RDX, RAX));
  b.writeBack<u64, Mem>(i, choose(b, equal, pair(b, RCX, RBX), before));
  setUnlessEqual(b, RAX, equal, as32(b, before));
  setUnlessEqual(b, RDX, equal, as32(b, binary(b, Wasm.I64_SHR_U, before, constant(b, 32))));
  setZero(b, equal);
}

/** Where they were equal, also the upper half of the register stays. */
function setUnlessEqual(b: Build, register: u32, equal: u32, value: u32): void {
  const address = b.gpr(register);
  if (b.wide) b.writeReg<u64>(address, choose(b, equal, b.readReg<u64>(address), as64(b, value)));
  else b.writeReg<u32>(address, choose(b, equal, b.readReg<u32>(address), value));
}

/** Not aligned is the interpreter's. */
export function compareExchange16(b: Build, i: Insn): void {
  const linear = linearOf(b, i, constant(b, 0), 16, true);
  bailIf(b, binary(b, Wasm.I32_AND, as32(b, linear), constant(b, 15)));
  const host = probe(b, linear, 16, true);
  const low = loadHost(b, host, 8);
  const high = loadHost(b, host, 8);
  node(high).imm = 8;
  const equalLow = binary(b, Wasm.I64_EQ, low, as64(b, b.readReg<u64>(b.gpr(RAX))));
  const equalHigh = binary(b, Wasm.I64_EQ, high, as64(b, b.readReg<u64>(b.gpr(RDX))));
  const equal = binary(b, Wasm.I32_AND, equalLow, equalHigh);
  storeHost(b, host, choose(b, equal, b.readReg<u64>(b.gpr(RBX)), low), 8);
  storeUpper(b, host, choose(b, equal, b.readReg<u64>(b.gpr(RCX)), high));
  setUnlessEqual(b, RAX, equal, low);
  setUnlessEqual(b, RDX, equal, high);
  setZero(b, equal);
}

/** The second quadword at a host address. */
function storeUpper(b: Build, host: u32, value: u32): void {
  const id = newNode(b, IrOp.STORE, ValueType.EMPTY, host, as64(b, value), 0, 8);
  node(id).code = Wasm.I64_STORE;
}
