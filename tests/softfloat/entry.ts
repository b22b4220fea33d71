// Test-only entry: runs one record of generate.c through the library, following the protocol the x87 code follows.
import {
  C1,
  C2,
  F80_SCRATCH_BYTES,
  f80Abs,
  f80Add,
  f80Atan2,
  f80Chs,
  f80Class,
  f80Compare,
  f80Cos,
  f80Div,
  f80Exp2M1,
  f80Extract,
  f80FromBcd,
  f80FromF32,
  f80FromF64,
  f80FromI64,
  f80Mul,
  f80Rem,
  f80RoundInt,
  f80Scale,
  f80Sin,
  f80SinCos,
  f80Sqrt,
  f80StoreAllowed,
  f80Sub,
  f80Tan,
  f80ToBcd,
  f80ToF32,
  f80ToF64,
  f80ToI16,
  f80ToI32,
  f80ToI64,
  f80YLog2X,
  f80YLog2XP1,
  FpuEnv,
} from "../../assembly/softfloat/index";

const ENV = memory.data(16, 8);
const SCRATCH = memory.data(384, 8);
const A = memory.data(16, 8);
const B = memory.data(16, 8);
const SECOND = memory.data(16, 8);
const PUSHED = memory.data(16, 8);

/** Address of `count` records (in) and, after them, as many 24-byte results: 10 + 10 bytes and a u32 of status bits. */
export function buffer(count: i32): usize {
  const needed = (__heap_base as usize) + usize(count) * 72;
  const have = usize(memory.size()) << 16;
  if (needed > have) memory.grow(i32((needed - have + 0xffff) >> 16));
  return __heap_base;
}

export function runAll(records: usize, results: usize, count: i32): void {
  for (let i = 0; i < count; i++) run(records + usize(i) * 48, results + usize(i) * 24);
}

function copy10(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u16>(to, load<u16>(from, 8), 8);
}

/** Runs one record; the status bits are the exception flags and condition codes at their places in the status word. */
function run(record: usize, result: usize): void {
  const env = changetype<FpuEnv>(ENV);
  assert(F80_SCRATCH_BYTES <= 384);
  env.controlWord = load<u16>(record, 2);
  env.flags = C1;
  env.scratch = SCRATCH;
  copy10(A, record + 8);
  copy10(B, record + 18);
  const memoryOperand = load<u64>(A);
  store<u64>(result, 0xcccccccccccccccc);
  store<u64>(result, 0xcccccccccccccccc, 8);
  store<u64>(result, 0xcccccccc, 16);
  store<u64>(PUSHED, 0xcccccccccccccccc);
  store<u16>(PUSHED, 0xcccc, 8);
  let conditions: u32 = 0;
  let target = A;
  switch (load<u8>(record)) {
    case 0:
      f80Add(env, A, A, B);
      break;
    case 1:
      f80Sub(env, A, A, B);
      break;
    case 2:
      f80Mul(env, A, A, B);
      break;
    case 3:
      f80Div(env, A, A, B);
      break;
    case 4:
      f80Sqrt(env, A, A);
      break;
    case 5:
      conditions = f80Rem(env, A, A, B, false);
      break;
    case 6:
      conditions = f80Rem(env, A, A, B, true);
      break;
    case 7:
      f80RoundInt(env, A, A);
      break;
    case 8:
      f80Scale(env, A, A, B);
      break;
    case 9:
      f80Extract(env, SECOND, A, A);
      if (!blocked(env)) copy10(PUSHED, SECOND);
      break;
    case 10:
      conditions = f80Compare(env, A, B, false);
      break;
    case 11:
      conditions = f80Compare(env, A, B, true);
      break;
    case 12:
      env.flags = 0;
      conditions = f80Class(A);
      break;
    case 13:
      target = storeInteger(env, u64(f80ToI16(env, A, false)), 2);
      break;
    case 14:
      target = storeInteger(env, u64(f80ToI32(env, A, false)), 4);
      break;
    case 15:
      target = storeInteger(env, u64(f80ToI64(env, A, false)), 8);
      break;
    case 16:
      target = storeInteger(env, u64(f80ToI16(env, A, true)), 2);
      break;
    case 17:
      target = storeInteger(env, u64(f80ToI32(env, A, true)), 4);
      break;
    case 18:
      target = storeInteger(env, u64(f80ToI64(env, A, true)), 8);
      break;
    case 19:
      f80FromI64(env, PUSHED, memoryOperand);
      target = PUSHED;
      break;
    case 20:
      f80FromF32(env, PUSHED, u32(memoryOperand));
      target = PUSHED;
      break;
    case 21:
      f80FromF64(env, PUSHED, memoryOperand);
      target = PUSHED;
      break;
    case 22:
      target = storeInteger(env, f80ToF32(env, A), 4);
      break;
    case 23:
      target = storeInteger(env, f80ToF64(env, A), 8);
      break;
    case 24:
      f80FromBcd(env, PUSHED, A);
      target = PUSHED;
      break;
    case 25:
      f80ToBcd(env, SECOND, A);
      if (f80StoreAllowed(env)) copy10(PUSHED, SECOND);
      target = PUSHED;
      break;
    case 26:
      f80Abs(env, A, A);
      break;
    case 27:
      f80Chs(env, A, A);
      break;
    case 28:
      f80Exp2M1(env, A, A);
      break;
    case 29:
      target = B;
      f80YLog2X(env, B, A, B);
      break;
    case 30:
      target = B;
      f80YLog2XP1(env, B, A, B);
      break;
    case 31:
      if (!f80Sin(env, A, A)) conditions = C2;
      break;
    case 32:
      if (!f80Cos(env, A, A)) conditions = C2;
      break;
    case 33:
      if (!f80SinCos(env, B, SECOND, A)) conditions = C2;
      else if (!blocked(env)) pushPair();
      break;
    case 34:
      if (!f80Tan(env, B, SECOND, A)) conditions = C2;
      else if (!blocked(env)) pushPair();
      break;
    case 35:
      target = B;
      f80Atan2(env, B, A, B);
      break;
  }
  copy10(result, target);
  if (target != PUSHED) copy10(result + 10, PUSHED);
  store<u32>(result, env.flags | conditions, 20);
}

/** Stores the low bytes of a memory result into a buffer of 0xcc, when the exceptions allow. */
function storeInteger(env: FpuEnv, value: u64, bytes: i32): usize {
  if (f80StoreAllowed(env)) {
    if (bytes == 2) store<u16>(PUSHED, value);
    else if (bytes == 4) store<u32>(PUSHED, value);
    else store<u64>(PUSHED, value);
  }
  return PUSHED;
}

/** Did an unmasked IE, DE or ZE keep the instruction from writing? */
function blocked(env: FpuEnv): bool {
  return (env.flags & ~env.controlWord & 7) != 0;
}

/** The result in B replaces ST0, SECOND is pushed. */
function pushPair(): void {
  copy10(A, B);
  copy10(PUSHED, SECOND);
}
