/** Which Op an objdump mnemonic is. */
import type { Decoded } from "./harness.js";

const SAME = new Set(
  (
    "add or adc sbb and sub xor cmp test lea inc dec neg not shr sar rol ror leave bt bsf bsr mul div idiv bswap xadd cmpxchg rcl rcr " +
    "shld shrd bts btr btc enter clc stc cmc cld std lahf sahf salc daa das aaa aas aam aad xlat bound pause clflush movnti hlt cli sti " +
    "in out ins outs int int3 into int1 lldt ltr sldt str verr verw sgdt sidt lgdt lidt smsw lmsw invlpg swapgs rdtscp lar lsl arpl syscall " +
    "sysenter clts invd wbinvd wrmsr rdmsr rdtsc rdpmc cpuid rdfsbase rdgsbase wrfsbase wrgsbase xgetbv xsetbv clac stac monitor mwait vmcall rsm " +
    "invpcid fwait movs cmps stos lods scas sysret sysexit pushf popf pusha popa iret loop loope loopne push pop xchg call jmp"
  ).split(" "),
);

const ALIASES: [RegExp, string][] = [
  [/^(sal|shl)$/, "SHL"],
  [/^set\w+$/, "SETCC"],
  [/^cmov\w+$/, "CMOVCC"],
  [/^j(r|e)?cxz$/, "JCXZ"],
  [/^loop(n?e)?[wlq]?$/, "LOOP"],
  [/^(nop\w?|prefetch\w*|endbr\d+|rdssp\w|cldemote)$/, "NOP"],
  [/^[lms]fence$/, "FENCE"],
  [/^l[defgs]s$/, "LDS"],
  [/^retf?[wq]?$/, "RET"],
  [/^(cbw|cwde|cdqe)$/, "CBW"],
  [/^(cwd|cdq|cqo)$/, "CWD"],
  [/^iret[wdq]?$/, "IRET"],
  [/^(pushf|popf|pusha|popa)[wdq]?$/, ""],
  [/^(sysret|sysexit)[lqd]?$/, ""],
  [/^(enter|leave|call|jmp|push|pop|sgdt|sidt|lgdt|lidt|lret|lcall|ljmp)[wlqd]?$/, ""],
  [/^cmpxchg(8|16)b$/, "CMPXCHG8B"],
  [/^icebp$/, "INT1"],
  [/^hlt$/, "HLT"],
  [/^tzcnt$/, "BSF"], // not claimed: the REP prefix is ignored
  [/^lzcnt$/, "BSR"],
  [/^wbnoinvd$/, "WBINVD"],
  [/^ud\w*$/, "UD"],
];

/** Whether the record is what `mnemonic` with `operands` says; undefined when this table does not know. */
export function agrees(mnemonic: string, operands: string, i: Decoded): boolean | undefined {
  const name = i.name;
  if (mnemonic === "mov" || mnemonic === "movabs") {
    if (/\bcr\d/.test(operands)) return name === (operands.startsWith("cr") ? "MOV_TO_CR" : "MOV_FROM_CR");
    if (/\bdr\d/.test(operands)) return name === (operands.startsWith("dr") ? "MOV_TO_DR" : "MOV_FROM_DR");
    if (/^[c-gs]s,/.test(operands)) return name === "MOV_TO_SEG";
    if (/,[c-gs]s$/.test(operands)) return name === "MOV_FROM_SEG";
    return name === "MOV";
  }
  if (/^(push|pop)[wdq]?$/.test(mnemonic) && /^[c-gs]s$/.test(operands))
    return name === `${mnemonic.replace(/[wdq]$/, "").toUpperCase()}_SEG`;
  if (/^mov[sz]x/.test(mnemonic))
    return name === "MOV" || name.startsWith(mnemonic.slice(0, 5).toUpperCase().replace("XD", "X"));
  if (mnemonic === "imul") return name === ["IMUL1", "IMUL2", "IMUL3"][operands.split(",").length - 1];
  if (/^(jmp|call)/.test(mnemonic)) {
    const stem = mnemonic.slice(0, mnemonic.startsWith("j") ? 3 : 4).toUpperCase();
    if (/^0x\w+:/.test(operands)) return name === `${stem}_FAR`;
    return name === stem || name === `${stem}_INDIRECT` || name === `${stem}_FAR_INDIRECT`;
  }
  if (/^retf/.test(mnemonic)) return name === "RET_FAR";
  if (/^ret/.test(mnemonic)) return name === "RET";
  if (/^loop/.test(mnemonic)) return name === mnemonic.replace(/[wlq]$/, "").toUpperCase();
  if (mnemonic === "xchg" && name === "NOP") return /^(e?ax),\1$/.test(operands) && i.opcode === 0x90;
  if (SAME.has(mnemonic)) return name === mnemonic.toUpperCase();
  for (const [pattern, op] of ALIASES)
    if (pattern.test(mnemonic)) return op === "" ? name === mnemonic.replace(/[wlqd]$/, "").toUpperCase() : name === op;
  if (/^j/.test(mnemonic)) return name === "JCC";
  if (/^f/.test(mnemonic) && i.opcode >= 0xd8 && i.opcode <= 0xdf) return name.startsWith("X87");
  return undefined;
}

const CONDITIONS = "o no b ae e ne be a s ns p np l ge le g".split(" ");

/** The condition in a mnemonic, or -1. */
export function conditionOf(mnemonic: string): number {
  const match = /^(?:j|set|cmov)(n?[bopsel]|ae|ne|be|ge|le|[ag])$/.exec(mnemonic);
  return match ? CONDITIONS.indexOf(match[1]!) : -1;
}
