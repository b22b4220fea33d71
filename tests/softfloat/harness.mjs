// Compiles the softfloat library for the tests and compares it with records made by generate.c.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const CHUNK = 4096;
const RECORD = 48;
const RESULT = 24;

/** Instruction names in generate.c's order. */
export const OPS = (
  "fadd fsub fmul fdiv fsqrt fprem fprem1 frndint fscale fxtract fcom fucom fxam fist16 fist32 fist64 fisttp16 fisttp32 " +
  "fisttp64 fild64 fld32 fld64 fst32 fst64 fbld fbstp fabs fchs f2xm1 fyl2x fyl2xp1 fsin fcos fsincos fptan fpatan"
).split(" ");
const FIRST_TRANSCENDENTAL = OPS.indexOf("f2xm1");

/** Compiles entry.ts and instantiates it. */
export async function instantiate() {
  mkdirSync(join(root, "build/softfloat"), { recursive: true });
  const out = join(root, "build/softfloat/test.wasm");
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const args = [asc, join(here, "entry.ts"), "-o", out, "--runtime", "stub", "-O3", "--noAssert", "--enable", "simd"];
  execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const { instance } = await WebAssembly.instantiate(readFileSync(out), { env: { abort() {} } });
  return instance.exports;
}

/** Which status bits an instruction defines. */
function statusMask(op) {
  const name = OPS[op];
  if (name === "fcom" || name === "fucom" || name === "fxam") return 0x473f | 0x200;
  if (name === "fprem" || name === "fprem1") return 0x473f;
  if (["fsin", "fcos", "fsincos", "fptan"].includes(name)) return 0x43f;
  return op >= FIRST_TRANSCENDENTAL ? 0x3f : 0x23f;
}

const value = (view, at) => ({ sig: view.getBigUint64(at, true), se: view.getUint16(at + 8, true) });
const show = ({ sig, se }) => `${se.toString(16).padStart(4, "0")}:${sig.toString(16).padStart(16, "0")}`;

/** Distance in units of the last place, for finite values of one sign. */
function ulps(a, b) {
  if (a.se >> 15 !== b.se >> 15) return a.sig === b.sig && a.se === b.se ? 0n : 1n << 100n;
  const place = (v) => (BigInt(v.se & 0x7fff || 1) << 63n) + (v.sig & 0x7fffffffffffffffn) + ((v.se & 0x7fff) === 0 && v.sig >> 63n ? 1n << 63n : 0n) - ((v.se & 0x7fff) === 0 ? 1n << 63n : 0n);
  const d = place(a) - place(b);
  return d < 0n ? -d : d;
}

/** Yields `{name, text}` for every record the library disagrees with. */
export function* check(exports, records, counts = new Map()) {
  const base = exports.buffer(CHUNK);
  const total = records.length / RECORD;
  for (let start = 0; start < total; start += CHUNK) {
    const n = Math.min(CHUNK, total - start);
    const memory = new Uint8Array(exports.memory.buffer);
    memory.set(records.subarray(start * RECORD, (start + n) * RECORD), base);
    const results = base + n * RECORD;
    exports.runAll(base, results, n);
    const view = new DataView(exports.memory.buffer);
    for (let i = 0; i < n; i++) {
      const at = base + i * RECORD;
      const got = results + i * RESULT;
      const op = memory[at];
      const name = OPS[op];
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const mask = statusMask(op);
      const status = view.getUint16(at + 4, true) & mask;
      const gotStatus = view.getUint32(got + 20, true) & mask;
      let ok = status === gotStatus;
      for (const [want, have] of [
        [at + 28, got],
        [at + 38, got + 10],
      ]) {
        const w = value(view, want);
        const h = value(view, have);
        if (w.sig === h.sig && w.se === h.se) continue;
        if (op < FIRST_TRANSCENDENTAL || ulps(w, h) > 1n) ok = false;
      }
      if (ok) continue;
      const cw = view.getUint16(at + 2, true).toString(16);
      const operands = `${show(value(view, at + 8))} ${show(value(view, at + 18))}`;
      const wanted = `${show(value(view, at + 28))} ${show(value(view, at + 38))} ${status.toString(16)}`;
      const had = `${show(value(view, got))} ${show(value(view, got + 10))} ${gotStatus.toString(16)}`;
      yield { name, text: `cw ${cw} operands ${operands} want ${wanted} got ${had}` };
    }
  }
}
