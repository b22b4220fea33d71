// RCPPS and RSQRTPS: approximations with a relative error below 1.5 * 2^-12 (SDM vol. 2B), no exceptions, MXCSR ignored.
// Processors differ in the bits; these are the correctly rounded results, the best approximation there is.
import { SseOp } from "../../decode/sseOp";
import { defaultNaN, infinity, isDenormal, isNaNBits, isNegative, magnitude, quietBit, signBit } from "./softFormat";

/** `kind` is SseOp.RCP or SseOp.RSQRT. Denormal operands count as zeros, denormal results become zeros. */
export function approximate(kind: u32, operand: u32): u64 {
  const bits = <u64>operand;
  if (isNaNBits<f32>(bits)) return bits | quietBit<f32>();
  const sign = bits & signBit<f32>();
  if (isDenormal<f32>(bits) || !magnitude<f32>(bits)) return sign | infinity<f32>();
  if (kind == SseOp.RSQRT) {
    if (isNegative<f32>(bits)) return defaultNaN<f32>();
    return <u64>reinterpret<u32>(<f32>(1 / f64.sqrt(<f64>reinterpret<f32>(operand))));
  }
  const result = <u64>reinterpret<u32>(<f32>1 / reinterpret<f32>(operand));
  return isDenormal<f32>(result) ? sign : result;
}
