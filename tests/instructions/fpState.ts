/** FXSAVE images with interesting x87 and SSE contents (SDM vol. 1 10.5.1). */
import type { Random } from "../support/random.ts";

export const FX = { FCW: 0, FSW: 2, FTW: 4, MXCSR: 24, ST: 32, XMM: 160 } as const;

/** 80-bit numbers: [sign and exponent, significand]. */
const EXTENDED: readonly (readonly [number, bigint])[] = [
  [0, 0n],
  [0x8000, 0n],
  [0x3fff, 0x8000000000000000n], // 1
  [0xbfff, 0x8000000000000000n],
  [0x4000, 0x8000000000000000n], // 2
  [0x3ffe, 0x8000000000000000n],
  [0x4000, 0xc90fdaa22168c235n], // pi
  [0x4005, 0xc800000000000000n], // 100
  [0xc009, 0x9a40000000000000n],
  [0x401d, 0xffffffff00000000n],
  [0x403d, 0xffffffffffffffffn],
  [0x403e, 0x8000000000000000n],
  [0xc03e, 0x8000000000000001n],
  [0x7fff, 0x8000000000000000n], // infinity
  [0xffff, 0x8000000000000000n],
  [0x7fff, 0xc000000000000000n], // NaNs
  [0xffff, 0xc000000000000000n],
  [0x7fff, 0xc123456789abcdefn],
  [0x7fff, 0x8000000000000001n], // signalling
  [0xffff, 0xa000000000000000n],
  [0, 1n], // denormals
  [0x8000, 0x4000000000000000n],
  [0, 0x8000000000000000n], // pseudo-denormal
  [1, 0x8000000000000000n],
  [0x7ffe, 0xffffffffffffffffn],
  [0xfffe, 0x8000000000000000n],
  [0x3f81, 0x8000000000000000n], // least single
  [0x407e, 0xffffff0000000000n], // greatest single
  [0x3c01, 0x8000000000000000n], // least double
  [0x43fe, 0xfffffffffffff800n], // greatest double
  [0x3fff, 0x8000000000000401n],
  [0x3fff, 0xaaaaaaaaaaaaaaaan],
];

/** Encodings that no operation gives and all refuse (unnormals, pseudo-infinities, pseudo-NaNs). */
const UNSUPPORTED: readonly (readonly [number, bigint])[] = [
  [0x4000, 0x4000000000000000n],
  [0x7fff, 0n],
  [0x7fff, 0x4000000000000000n],
];

const SINGLES = [
  0, 0x80000000, 0x3f800000, 0xbf800000, 0x40490fdb, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001,
  0x00000001,
]
  .concat([
    0x807fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x4b000000, 0x4f000000, 0xcf000000, 0x5f000000, 0xdf000000,
    0x3f000000, 0x3fc00000,
  ])
  .concat([0x40200000, 0x7fd12345, 0xffa00001, 0x4effffff, 0x3f800001, 0x34000000]);

const DOUBLES = [
  0n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x400921fb54442d18n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
]
  .concat([
    0x7ff8000000000000n,
    0xfff8000000000000n,
    0x7ff0000000000001n,
    0xfff4000000000000n,
    1n,
    0x800fffffffffffffn,
    0x0010000000000000n,
  ])
  .concat([
    0x7fefffffffffffffn,
    0xffefffffffffffffn,
    0x41dfffffffc00000n,
    0x41e0000000000000n,
    0xc1e0000000000000n,
    0x43e0000000000000n,
  ])
  .concat([
    0xc3e0000000000000n,
    0x3fe0000000000000n,
    0x3ff8000000000000n,
    0x4004000000000000n,
    0x36a0000000000000n,
    0x47efffffe0000000n,
  ])
  .concat([0x47f0000000000000n, 0x380fffffffffffffn, 0x3ff0000000000001n, 0x7ff8123456789abcn]);

export function extended(r: Random, unsupported = false): Uint8Array {
  const out = new Uint8Array(10);
  const view = new DataView(out.buffer);
  let value: readonly [number, bigint];
  const kind = r.below(4);
  if (unsupported && r.chance(24)) value = r.pick(UNSUPPORTED);
  else if (kind === 0) value = r.pick(EXTENDED);
  else if (kind === 1) value = [(0x3fff - 40 + r.below(80)) | (r.below(2) << 15), r.u64() | (1n << 63n)];
  else if (kind === 2)
    value = [(0x3fff + r.below(20)) | (r.below(2) << 15), (BigInt(r.below(0x10000)) << 48n) | (1n << 63n)];
  else value = [(1 + r.below(0x7ffe)) | (r.below(2) << 15), r.u64() | (1n << 63n)];
  view.setBigUint64(0, value[1], true);
  view.setUint16(8, value[0], true);
  return out;
}

const scratch = new DataView(new ArrayBuffer(8));

export function single(r: Random): number {
  const kind = r.below(8);
  if (kind < 3) return r.pick(SINGLES);
  if (kind === 3) return r.u32();
  scratch.setFloat32(
    0,
    (r.below(2) ? 1 : -1) * (kind === 4 ? r.below(5000) / 4 : (r.u32() / 2 ** 20) * 2 ** (r.below(40) - 20)),
  );
  return scratch.getUint32(0);
}

export function double(r: Random): bigint {
  const kind = r.below(8);
  if (kind < 3) return r.pick(DOUBLES);
  if (kind === 3) return r.u64();
  scratch.setFloat64(
    0,
    (r.below(2) ? 1 : -1) * (kind === 4 ? r.below(5000) / 4 : (r.u32() / 2 ** 20) * 2 ** (r.below(80) - 40)),
  );
  return scratch.getBigUint64(0);
}

/** What the 16-byte registers hold. */
export type Contents = "integer" | "single" | "double";

export function vector(r: Random, contents: Contents): Uint8Array {
  const out = new Uint8Array(16);
  const view = new DataView(out.buffer);
  if (contents === "single") for (let i = 0; i < 16; i += 4) view.setUint32(i, single(r), true);
  else if (contents === "double") for (let i = 0; i < 16; i += 8) view.setBigUint64(i, double(r), true);
  else if (r.chance(2)) out.set(r.bytes(16));
  else {
    const size = r.pick([1, 2, 4, 8]);
    for (let i = 0; i < 16; i += size) {
      const edge = r.pick([0n, 1n, -1n, 1n << BigInt(8 * size - 1), (1n << BigInt(8 * size - 1)) - 1n, 2n, r.u64()]);
      for (let k = 0; k < size; k++) out[i + k] = Number(BigInt.asUintN(8, edge >> BigInt(8 * k)));
    }
  }
  return out;
}

/** Tag bits (FXSAVE form) of registers 0-7 for a stack of `depth` at `top`. */
export function tags(top: number, depth: number): number {
  let mask = 0;
  for (let i = 0; i < depth; i++) mask |= 1 << ((top + i) & 7);
  return mask;
}

export interface FxOptions {
  contents?: Contents;
  fcw?: number;
  fsw?: number;
  ftw?: number;
  mxcsr?: number;
}

export function fxImage(r: Random, options: FxOptions = {}): Uint8Array {
  const image = new Uint8Array(512);
  const view = new DataView(image.buffer);
  view.setUint16(FX.FCW, options.fcw ?? 0x37f, true);
  view.setUint16(FX.FSW, options.fsw ?? 0, true);
  image[FX.FTW] = options.ftw ?? 0;
  view.setUint32(FX.MXCSR, options.mxcsr ?? 0x1f80, true);
  for (let i = 0; i < 8; i++) image.set(extended(r), FX.ST + 16 * i);
  for (let i = 0; i < 16; i++) image.set(vector(r, options.contents ?? "integer"), FX.XMM + 16 * i);
  return image;
}
