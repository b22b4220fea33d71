/**
 * Writes assembly/interp/dispatch.ts and assembly/jit/dispatch.ts: the dense switches over `Insn.handler`, one case for each (op, size, form) of a hot
 * instruction. Run it with `tsx tools/genDispatch.ts` after a change here; the result is committed.
 *
 * There are two of the interpreter: `dispatch` has every case, `dispatchHot`, which the run loop inlines, the frequent ones. V8 gives a function
 * of more than 8,192 virtual registers to a register allocator that is quick and poor: with all cases the run loop was a
 * third slower (docs/performance.md).
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const TYPES = ["u8", "u16", "u32", "u64"];
const FORMS: Record<string, [number, string, string]> = {
  RR: [0, "Reg", "Reg"],
  MR: [1, "Mem", "Reg"],
  RM: [2, "Reg", "Mem"],
};
const ALL = [0, 1, 2, 3];
/** Sizes of instructions without a byte form. */
const WIDE = [1, 2, 3];

/** Form column of an instruction whose meaning has no operand kinds. */
const SPECIAL = 3;

interface Row {
  op: string;
  file: string;
  /** Meaning, if not named as the op. */
  meaning?: string | undefined;
  sizes: number[];
  /** RR, MR, RM, or a form number for meanings without operand kinds. */
  forms: (string | number)[];
  /** The first type argument is that of the backend's values. */
  valueType?: boolean;
  /** Type arguments after the backend. */
  types: (type: string, dst: string, src: string, size: number) => string[];
}

const both = (type: string, dst: string, src: string) => [type, dst, src];
const dstOnly = (type: string, dst: string) => [type, dst];
const srcOnly = (type: string, _dst: string, src: string) => [type, src];
const typeOnly = (type: string) => [type];
const none = () => [];

const rows: Row[] = [];
/** Exec's values. */
const VALUE_TYPE = "u64";

function add(
  file: string,
  ops: string,
  sizes: number[],
  forms: (string | number)[],
  types: Row["types"],
  meaning?: string,
) {
  const valueType = ["bit", "mul"].includes(file) && types("u8", "", "", 0)[0] === VALUE_TYPE;
  for (const op of ops.split(" ")) rows.push({ op, file, meaning, valueType, sizes, forms, types });
}

add("arith", "ADD ADC SBB SUB CMP", ALL, ["RR", "MR", "RM"], both);
add("logic", "OR AND XOR", ALL, ["RR", "MR", "RM"], both);
add("logic", "TEST", ALL, ["RR", "MR"], both);
add("mov", "MOV", ALL, ["RR", "MR", "RM"], both);
add("mov", "MOVZX8", WIDE, ["RR", "RM"], (type, _dst, src) => [type, "u8", src], "MOVZX");
add("mov", "MOVZX16", [2, 3], ["RR", "RM"], (type, _dst, src) => [type, "u16", src], "MOVZX");
add("mov", "MOVSX8", WIDE, ["RR", "RM"], (type, _dst, src) => [type, "u8", src], "MOVSX");
add("mov", "MOVSX16", [2, 3], ["RR", "RM"], (type, _dst, src) => [type, "u16", src], "MOVSX");
add("mov", "MOVSX32", [3], ["RR", "RM"], (type, _dst, src) => [type, "u32", src], "MOVSX");
add("mov", "LEA", WIDE, [2], typeOnly);
add("arith", "INC DEC NEG", ALL, ["RR", "MR"], dstOnly);
add("logic", "NOT", ALL, ["RR", "MR"], dstOnly);
add("shift", "SHL SHR SAR ROL ROR", ALL, ["RR", "MR"], dstOnly);
add("mul", "IMUL2 IMUL3", WIDE, ["RR", "RM"], srcOnly);
add("stack", "PUSH", WIDE, ["RR", "RM"], srcOnly);
add("stack", "POP", WIDE, [0], typeOnly);
add("stack", "POP", WIDE, [1], typeOnly, "POP_MEMORY");
add("mov", "SETCC", [0], ["RR", "MR"], (_type, dst) => [dst]);
add("mov", "CMOVCC", WIDE, ["RR", "RM"], srcOnly);
add("mov", "XCHG", ALL, ["RR", "MR"], dstOnly);
add("control", "JMP", WIDE, [SPECIAL], none);
add("control", "CALL RET", WIDE, [SPECIAL], typeOnly);
add("control", "JMP_INDIRECT CALL_INDIRECT", WIDE, ["RR", "RM"], srcOnly);
add("stack", "LEAVE", WIDE, [SPECIAL], typeOnly);
add("mov", "CBW", WIDE, [SPECIAL], (type, _dst, _src, size) => [type, TYPES[size - 1]]);
add("mov", "CWD", WIDE, [SPECIAL], typeOnly);
add("bit", "BT", WIDE, [0], typeOnly);
add("bit", "BT", WIDE, [1], (type) => ["u64", type], "BT_MEMORY");
add("bit", "BSF BSR", WIDE, ["RR", "RM"], (type, _dst, src) => ["u64", type, src]);
add("mul", "MUL IMUL1", ALL, ["RR", "RM"], (type, _dst, src) => ["u64", type, src]);
add("div", "DIV", ALL, ["RR", "RM"], srcOnly, "div");
add("div", "IDIV", ALL, ["RR", "RM"], srcOnly, "idiv");
add("mov", "BSWAP", WIDE, [0], typeOnly);
add("atomic", "XADD CMPXCHG", ALL, ["RR", "MR"], dstOnly);

/** Which (op, sizes, forms) the run loop inlines: by how often compiled code has them. */
const INLINED: readonly [ops: string, sizes: number[], forms: string[]][] = [
  ["ADD SUB AND OR XOR CMP TEST MOV", [2, 3], ["RR", "RM"]],
  ["ADD SUB CMP TEST MOV", [2, 3], ["MR"]],
  ["MOV CMP TEST", [0], ["RR", "MR", "RM"]],
  ["ADC SBB", [2, 3], ["RR"]],
  ["MOVZX8 MOVZX16 MOVSX32 LEA", [2, 3], ["RR", "RM"]],
  ["INC DEC NEG NOT SHL SHR SAR ROL ROR IMUL2 PUSH POP CMOVCC", [2, 3], ["RR"]],
  ["JMP CALL RET LEAVE", [2, 3], ["SPECIAL"]],
  ["JMP_INDIRECT CALL_INDIRECT", [2, 3], ["RR", "RM"]],
];

function isInlined(op: string, size: number, form: string): boolean {
  return INLINED.some(
    ([ops, sizes, forms]) => ops.split(" ").includes(op) && sizes.includes(size) && forms.includes(form),
  );
}

function label(op: string, size: number, form: string): string {
  return `(Op.${op} << 4) | (${size} << 2) | Form.${form}`;
}

/** A plain function on the CPU, not a meaning. */
function isHelper(row: Row): boolean {
  const meaning = row.meaning ?? row.op;
  return meaning === meaning.toLowerCase();
}

const FORM_NAMES = ["RR", "MR", "RM", "SPECIAL"];

/** `backend` is Exec, or Build, which has no helper instructions and other values. */
function cases(backend: string, inlinedOnly: boolean): string[] {
  const lines: string[] = [];
  for (const row of rows) {
    for (const size of row.sizes) {
      for (const form of row.forms) {
        const [number, dst, src] = typeof form === "number" ? [form, "", ""] : FORMS[form];
        if (inlinedOnly && !isInlined(row.op, size, FORM_NAMES[number])) continue;
        const meaning = row.meaning ?? row.op;
        const helper = isHelper(row);
        if (helper && backend !== "Exec") continue;
        const types = [...(helper ? [] : [backend]), ...row.types(TYPES[size], dst, src, size)];
        if (backend !== "Exec" && types[1] === VALUE_TYPE && row.valueType) types[1] = "u32";
        lines.push(`    case ${label(row.op, size, FORM_NAMES[number])}:`);
        lines.push(`      ${meaning}<${types.join(", ")}>(cpu, i);`, "      return;");
      }
    }
  }
  for (let cc = 0; cc < 16; cc++) {
    lines.push(`    case (Op.JCC << 4) | ${cc}:`, `      JCC<${backend}>(cpu, i, ${cc});`, "      return;");
  }
  for (const size of ALL) lines.push(`    case ${label("NOP", size, "SPECIAL")}:`);
  lines.push("      return;", "    case Op.BLOCK_END << 4:", `      BLOCK_END<${backend}>(cpu, i);`, "      return;");
  return lines;
}

/** The labels that are not inlined, for the default: asc makes a jump table of a dense switch only. */
function otherLabels(): string[] {
  return rows.flatMap((row) =>
    row.sizes.flatMap((size) =>
      row.forms
        .map((form) => FORM_NAMES[typeof form === "number" ? form : FORMS[form][0]])
        .filter((form) => !isInlined(row.op, size, form))
        .map((form) => `    case ${label(row.op, size, form)}:`),
    ),
  );
}

function imports(backend: string): string[] {
  const names = new Map<string, Set<string>>([["control", new Set(["JCC", "BLOCK_END"])]]);
  for (const row of rows) {
    if (backend !== "Exec" && isHelper(row)) continue;
    if (!names.has(row.file)) names.set(row.file, new Set());
    names.get(row.file)?.add(row.meaning ?? row.op);
  }
  return [...names]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([file, set]) => `import { ${[...set].sort().join(", ")} } from "../isa/${file}";`);
}

const text = `// Generated by tools/genDispatch.ts.
// The hot switch of the interpreter: Insn.handler (decode/op.ts) to the instruction's meaning. All labels are below 1,024,
// so asc makes one br_table of it.
import { Insn, Mem, Reg } from "../decode/insn";
import { Form, Op } from "../decode/op";
${imports("Exec").join("\n")}
import { executeCold } from "./cold";
import { Exec } from "./exec";

/** Executes any instruction. */
export function dispatch(cpu: Exec, i: Insn): void {
  switch (<u32>i.handler) {
${cases("Exec", false).join("\n")}
    default:
      executeCold(cpu, i);
  }
}

/** The same, the frequent ones in place. */
// @ts-ignore: decorator
@inline
export function dispatchHot(cpu: Exec, i: Insn): void {
  switch (<u32>i.handler) {
${cases("Exec", true).join("\n")}
${otherLabels().join("\n")}
    default:
      dispatch(cpu, i);
  }
}
`;

const buildText = `// Generated by tools/genDispatch.ts.
// The meanings of the hot instructions on the Build backend, by Insn.handler.
import { Insn, Mem, Reg } from "../decode/insn";
import { Form, Op } from "../decode/op";
${imports("Build").join("\n")}
import { Build } from "./build";
import { buildCold } from "./buildCold";

/** Appends the nodes of any instruction. */
export function buildInsn(cpu: Build, i: Insn): void {
  switch (<u32>i.handler) {
${cases("Build", false).join("\n")}
    default:
      buildCold(cpu, i);
  }
}
`;

const write = (path: string, content: string) =>
  writeFileSync(fileURLToPath(new URL(`../assembly/${path}`, import.meta.url)), content);
write("interp/dispatch.ts", text);
write("jit/dispatch.ts", buildText);
