// PUSH, POP and MOV of segment registers at translation; isa/system/moves.ts has all of them.
import { Mode, SEGMENTS_OFFSET, Seg, Segment } from "../cpu/state";
import { Insn, Mem, Reg } from "../decode/insn";
import { Form } from "../decode/op";
import { MemoryMap } from "../shared/memoryMap";
import { ValueType, Wasm } from "../wasm/opcodes";
import { Build } from "./build";
import { callCold } from "./coldNodes";
import { flush } from "./flush";
import { Helper } from "./helperNumber";
import { IrOp, node } from "./ir";
import { bailIf, loadField } from "./memoryNodes";
import { as32, newNode } from "./values";

/** DS, ES, FS and GS in protected mode: a helper may load them. */
function isPlainLoad(b: Build, i: Insn): bool {
  const seg = <u32>i.regField;
  return (b.mode & Mode.PROTECTED) != 0 && seg <= <u32>Seg.GS && seg != Seg.CS && seg != Seg.SS;
}

function selectorOf(b: Build, i: Insn): u32 {
  const at = MemoryMap.VCPU + <u32>SEGMENTS_OFFSET + ((<u32>i.regField) << 5) + <u32>offsetof<Segment>("selector");
  return loadField(b, at, Wasm.I32_LOAD16_U);
}

export function pushSegment(b: Build, i: Insn): void {
  if (i.size == 1) pushSelector<u16>(b, i);
  else if (i.size == 2) pushSelector<u32>(b, i);
  else pushSelector<u64>(b, i);
}

function pushSelector<T>(b: Build, i: Insn): void {
  const pointer = b.stackPointer(-(<i64>sizeof<T>()));
  b.store<T>(b.stackLinear<T>(i, pointer, true), selectorOf(b, i));
  b.setStackPointer<T>(pointer);
}

export function movFromSegment(b: Build, i: Insn): void {
  const selector = selectorOf(b, i);
  if (i.form == Form.MR) b.writeDst<u16, Mem>(i, selector);
  else if (i.size == 1) b.writeReg<u16>(i.dst, selector);
  else b.writeReg<u64>(i.dst, selector);
}

export function movToSegment(b: Build, i: Insn): void {
  if (isPlainLoad(b, i)) loadSegment(b, i, i.form == Form.RM ? b.readSrc<u16, Mem>(i) : b.readSrc<u16, Reg>(i));
  else callCold(b, i);
}

export function popSegment(b: Build, i: Insn): void {
  if (!isPlainLoad(b, i)) callCold(b, i);
  else if (i.size == 1) popSelector<u16>(b, i);
  else if (i.size == 2) popSelector<u32>(b, i);
  else popSelector<u64>(b, i);
}

function popSelector<T>(b: Build, i: Insn): void {
  const popped = as32(b, b.load<T>(b.stackLinear<T>(i, b.stackPointer(0), false)));
  loadSegment(b, i, b.and<u16>(popped, b.constant(0xffff)));
  b.setStackPointer<T>(b.stackPointer(<i64>sizeof<T>()));
}

function loadSegment(b: Build, i: Insn, selector: u32): void {
  flush(b);
  const id = newNode(b, IrOp.CALL, ValueType.I32, selector, 0, 0, <i64>(<u32>i.regField));
  const n = node(id);
  n.code = Helper.LOAD_SEGMENT;
  n.flag = 1;
  n.size = 1;
  bailIf(b, id);
}
