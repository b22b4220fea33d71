// The x87's 80-bit arithmetic: everything the instruction code needs. Conventions are at the head of env.ts.
export * from "./env";
export { f80Add, f80Sub } from "./add";
export { f80Div, f80Mul, f80Sqrt } from "./muldiv";
export { f80Rem } from "./rem";
export { f80Abs, f80Chs, f80Extract, f80RoundInt, f80Scale } from "./integral";
export { F80_EQUAL, F80_GREATER, F80_LESS, F80_UNORDERED, f80Class, f80Compare } from "./compare";
export {
  f80FromF32,
  f80FromF64,
  f80FromI32,
  f80FromI64,
  f80ToF32,
  f80ToF64,
  f80ToI16,
  f80ToI32,
  f80ToI64,
} from "./convert";
export { f80FromBcd, f80ToBcd } from "./bcd";
export { f80Exp2M1, f80YLog2X, f80YLog2XP1 } from "./explog";
export { f80Atan2, f80Cos, f80Sin, f80SinCos, f80Tan } from "./trig";
