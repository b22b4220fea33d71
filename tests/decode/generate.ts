/**
 * Makes expected.txt: random encodings of every opcode in each mode, as GNU objdump reads them.
 *   npx tsx tests/decode/generate.ts [samples per opcode] [seed] [output file]
 * Needs objdump; the tests do not. Left out is what this CPU does not have and what objdump prints in several parts.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHUNK, STRIDE } from "./expected.js";

const MACHINES = { 16: "i8086", 32: "i386", 64: "i386:x86-64" } as const;
type Bits = keyof typeof MACHINES;

/** Mnemonics of extensions that the CPU does not claim; objdump knows them all. */
const ABSENT = new RegExp(
  `^(\\(bad\\)|\\.|v(?!err|erw)|${[
    "popcnt|rdrand|rdseed|rdpid|rdpru|xbegin|xabort|xend|xtest|bnd|ptwrite|tpause|u?monitorx?$|umwait|mwaitx|clwb|clflushopt|clzero",
    "mcommit|getsec|encl|pconfig|clrssbsy|setssbsy|saveprevssp|rstorssp|wrss|wruss|incssp|skinit|stgi|clgi|invlpga|xsave.|xrstors",
    "serialize|xsusldtrk|xresldtrk|uiret|testui|clui|stui|senduipi|rmpadjust|rmpupdate|pvalidate|psmash|tlbsync|seam|tdcall",
    "hreset|(rd|wr)msrlist|wrmsrns|lkgs|extrq|insertq|movnts[sd]|loadall|fsetpm|montmul|xstore|xcrypt|xsha",
  ].join("|")})`,
);
/** A prefix that objdump could not attach to an instruction, or an instruction in which a prefix is an oddity. */
const ODD = /^(rex(\.\w+)?|data16|data32|addr16|addr32|lock|rep[nz]*|cs|ds|es|fs|gs|ss|xacquire|xrelease|notrack)\s*$/;

/** Registers that do not exist, encodings that are illegal here, and where objdump 2.40 is wrong (LOOP with 66, MOVSXD with 66 REX.W). */
const ILLEGAL = /rex|\?|\btr\d|\bcr([15679]|1\d)|mov cs,|frstpm|data16 loop|movsxd r\w+,WORD/;
const DEBUG_REGISTER = /\bd[rb]([89]|1\d)/;
const ONLY_64 = /swapgs|[fg]sbase|cr8|\{/;
const PREFIXES_TEXT =
  /^((rex\.?\w*|data16|data32|addr16|addr32|lock|rep[nz]*|[c-gs]s|xacquire|xrelease|notrack|bnd) )+/;

function isComparable(bits: Bits, text: string, mnemonic: string): boolean {
  if (ABSENT.test(mnemonic) || ABSENT.test(text) || ODD.test(text) || text.includes("(bad)")) return false;
  return !ILLEGAL.test(text) && !DEBUG_REGISTER.test(text) && (bits === 64 || !ONLY_64.test(text));
}

let state = 1;
function random(limit: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

const PREFIXES = [0x66, 0x66, 0x66, 0x67, 0x67, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0xf0, 0xf2, 0xf3];
const PREFIX_BYTES = new Set([...PREFIXES, 0x0f]);

function sample(bits: Bits, twoByte: boolean, opcode: number): number[] {
  const bytes: number[] = [];
  for (let n = random(4) < 2 ? 0 : 1 + random(2); n > 0; n--) {
    const prefix = PREFIXES[random(PREFIXES.length)] as number;
    if (!bytes.includes(prefix)) bytes.push(prefix);
  }
  if (bits === 64 && random(2)) bytes.push(0x40 | random(16));
  if (twoByte) bytes.push(0x0f);
  bytes.push(opcode);
  while (bytes.length < 15) bytes.push(random(5) === 0 ? [0, 5, 0x25, 0xc0, 0x80][random(5)]! : random(256));
  return bytes;
}

/** VEX, EVEX and XOP, which share opcodes with LDS, LES, BOUND and POP. */
function isVector(bits: Bits, opcode: number, modrm: number): boolean {
  if (opcode === 0x8f) return (modrm & 0x38) !== 0;
  return [0xc4, 0xc5, 0x62].includes(opcode) && (bits === 64 || modrm >= 0xc0);
}

/** Length and text of each of `samples` at its address. */
function disassemble(bits: Bits, samples: number[][]): { length: number; text: string }[] {
  const image = Buffer.alloc(samples.length * STRIDE, 0x90);
  for (const [n, bytes] of samples.entries()) image.set(bytes, n * STRIDE);
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-decode-"));
  writeFileSync(join(folder, "image"), image);
  const args = [
    "-D",
    "-b",
    "binary",
    "-m",
    MACHINES[bits],
    "-M",
    "intel,intel64",
    "--insn-width=16",
    join(folder, "image"),
  ];
  const output = execFileSync("objdump", args, { encoding: "utf8", maxBuffer: 1 << 30 });
  rmSync(folder, { recursive: true });
  const found = new Map<number, { length: number; text: string }>();
  for (const line of output.split("\n")) {
    const match = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$/.exec(line);
    if (!match) continue;
    const text = match[3]!.replace(/\s+/g, " ").trim();
    found.set(Number.parseInt(match[1]!, 16), { length: match[2]!.trim().split(" ").length, text });
  }
  return samples.map((_, n) => found.get(n * STRIDE) ?? { length: 0, text: "(bad)" });
}

function main(): void {
  const perOpcode = Number(process.argv[2] ?? 4);
  state = Number(process.argv[3] ?? 1);
  const out = process.argv[4] ?? fileURLToPath(new URL("expected.txt", import.meta.url));
  const lines = [
    "# Made by generate.ts. Bytes, then what objdump makes of them at address (line in section % CHUNK) * STRIDE.",
  ];
  for (const bits of [16, 32, 64] as const) {
    const kept: number[][] = [];
    for (let n = 0; n < 512; n++) {
      const opcode = n & 255;
      const twoByte = n > 255;
      if (!twoByte && (PREFIX_BYTES.has(opcode) || (bits === 64 && opcode >> 4 === 4))) continue;
      if (twoByte && (opcode === 0x38 || opcode === 0x3a || opcode === 0x0f)) continue;
      let want = perOpcode * (!twoByte && opcode >= 0xd8 && opcode <= 0xdf ? 4 : 1);
      for (let round = 0; round < 4 && want > 0; round++) {
        const tries = Array.from({ length: want * 4 }, () => sample(bits, twoByte, opcode));
        for (const [k, { length, text }] of disassemble(bits, tries).entries()) {
          const mnemonic = text.replace(PREFIXES_TEXT, "");
          if (want <= 0 || length === 0 || length > 15 || !isComparable(bits, text, mnemonic)) continue;
          if (!twoByte && isVector(bits, opcode, tries[k]![tries[k]!.indexOf(opcode) + 1]!)) continue;
          // FWAIT and the instruction after it on one line
          if (length > 1 && mnemonic.startsWith("f") && tries[k]!.slice(0, length - 1).includes(0x9b)) continue;
          kept.push(tries[k]!.slice(0, length));
          want--;
        }
      }
    }
    lines.push(`[${bits}]`);
    for (let start = 0; start < kept.length; start += CHUNK) {
      const chunk = kept.slice(start, start + CHUNK);
      for (const [k, { length, text }] of disassemble(bits, chunk).entries()) {
        if (length !== chunk[k]!.length) throw new Error(`length changed: ${text}`);
        lines.push(`${Buffer.from(chunk[k]!).toString("hex")} ${text}`);
      }
    }
  }
  writeFileSync(out, `${lines.join("\n")}\n`);
  console.log(`${lines.length} lines`);
}

main();
