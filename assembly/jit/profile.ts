// Where guest time goes, when somebody asks (JitFeature.PROFILE): every translated function adds the instructions that it has
// retired to its record, Translation.retired, on its way out, and the host reads the records. A translation that was dropped
// because its code was written to keeps its record until the segment is emptied; of that the host hears (installModule with
// length 0) while the records are still there.
import { Mode, Vcpu } from "../cpu/state";
import { JitFeature } from "../shared/jit";
import { ValueType, Wasm } from "../wasm/opcodes";
import { LowerState, newLocal } from "./lowerState";
import { region } from "./region";
import { SEGMENTS, segmentAt } from "./segments";
import { Translation, entryOf, pageOf } from "./translations";

/** The region being translated counts into its record, if profiles are wanted. */
export function prepareCount(cpu: Vcpu, translation: Translation): void {
  const wanted = (cpu.jitFeatures & JitFeature.PROFILE) != 0;
  region().counter = wanted ? <u32>(changetype<usize>(translation) + offsetof<Translation>("retired")) : 0;
}

// ---- in translated code ----

/** At the start of the function: keeps the fuel that it is given. */
export function beginCount(s: LowerState): void {
  if (!region().counter) return;
  s.startLocal = newLocal(s, ValueType.I32);
  s.code.local(Wasm.LOCAL_GET, s.leftLocal);
  s.code.local(Wasm.LOCAL_SET, s.startLocal);
}

/** On a way out: adds what was burnt, and `more` instructions that are not taken off the fuel yet. */
export function addCount(s: LowerState, more: u32): void {
  const counter = region().counter;
  if (!counter) return;
  const e = s.code;
  e.i32Const(0);
  e.i32Const(0);
  e.memory(Wasm.I64_LOAD, counter);
  e.local(Wasm.LOCAL_GET, s.startLocal);
  e.local(Wasm.LOCAL_GET, s.leftLocal);
  e.op(Wasm.I32_SUB);
  if (more) {
    e.i32Const(<i32>more);
    e.op(Wasm.I32_ADD);
  }
  e.op(Wasm.I64_EXTEND_I32_U);
  e.op(Wasm.I64_ADD);
  e.memory(Wasm.I64_STORE, counter);
}

// ---- for the host ----

/** The translation after the one at `address`; the first for 0; 0 after the last. */
export function translationAfter(address: u32): u32 {
  let index: u32 = 0;
  if (address) {
    const next = changetype<Translation>(<usize>address).nextInSegment;
    if (next) return next;
    index = segmentOf(address) + 1;
  }
  for (; index < SEGMENTS; index++) {
    const first = segmentAt(index).translations;
    if (first) return first;
  }
  return 0;
}

function segmentOf(address: u32): u32 {
  let index: u32 = 0;
  while (address - segmentAt(index).start >= segmentAt(index).end - segmentAt(index).start) index++;
  return index;
}


@unmanaged
class Description {
  /** Linear address of the main entry. */
  linear: u64;
  retired: u64;
  /** 16, 32 or 64: what kind of code. */
  bits: u32;
  /** CPL is 3. */
  isUser: u32;
  rangeCount: u32;
  /** Its function's place in the table. */
  place: u32;
}


@unmanaged
class DescribedRange {
  /** Linear addresses. */
  start: u64;
  end: u64;
}

/** Writes a Description and its DescribedRanges to `target`; gives the number of bytes. */
export function describeTranslation(address: u32, target: usize): u32 {
  const translation = changetype<Translation>(<usize>address);
  const main = entryOf(translation, 0);
  const linear = main.csBase + main.ip;
  const d = changetype<Description>(target);
  d.bits = 8 << (translation.mode & Mode.CODE_SIZE);
  d.linear = d.bits == 64 ? linear : linear & 0xffff_ffff;
  d.retired = translation.retired;
  d.isUser = (translation.mode & Mode.USER) != 0 ? 1 : 0;
  d.rangeCount = 0;
  d.place = main.code;
  for (let i: u32 = 0; i < translation.pageCount; i++) describeRanges(d, translation, i);
  return <u32>offsetof<Description>() + d.rangeCount * <u32>offsetof<DescribedRange>();
}

function describeRanges(d: Description, translation: Translation, index: u32): void {
  const page = pageOf(translation, index);
  for (let i: u32 = 0; i < page.rangeCount; i++) {
    const bounds = load<u32>(<usize>(page.ranges + (i << 2)));
    const at = changetype<usize>(d) + offsetof<Description>() + <usize>d.rangeCount * offsetof<DescribedRange>();
    const range = changetype<DescribedRange>(at);
    range.start = page.linear + <u64>(bounds & 0xffff);
    range.end = page.linear + <u64>(bounds >> 16);
    d.rangeCount++;
  }
}
