/** What user code may not do: #DE, #UD, #GP, #SS, #PF, #AC, #BP, #OF, #BR; registers and memory stay as they were. */
import { le } from "../encoder.ts";
import { fxImage } from "../fpState.ts";
import { CODE, DATA, DATA_SIZE, READ_ONLY, STACK, STACK_TOP, UNMAPPED } from "../layout.ts";
import { type Draft, F, type Family } from "../testCase.ts";

function pageFaults(f: Family): void {
  const places = [
    ["unmapped", UNMAPPED],
    ["below data", DATA - 1],
    ["across the end", DATA + DATA_SIZE - 1],
    ["across the start", DATA - 3],
    ["read-only", READ_ONLY + 0x20],
  ] as const;
  for (const [place, at] of places) {
    const form = (name: string, make: (d: Draft, n: number) => void) => f.add(`${name} ${place}`, 4, make);
    form("mov r,m", (d) => d.emit({ size: 4, op: [0x8b], reg: d.anyRegister(), rm: d.mem(at) }));
    form("mov m,r", (d) => d.emit({ size: 4, op: [0x89], reg: d.anyRegister(), rm: d.mem(at) }));
    form("add m,r", (d) => d.emit({ size: 4, op: [0x01], reg: d.anyRegister(), rm: d.mem(at) }));
    form("add16 m,r", (d) => d.emit({ size: 2, op: [0x01], reg: d.anyRegister(), rm: d.mem(at) }));
    form("add r,m", (d) => d.emit({ size: 4, op: [0x03], reg: d.anyRegister(), rm: d.mem(at) }));
    form("cmp m,imm", (d) => d.emit({ size: 4, op: [0x83], reg: 7, rm: d.mem(at), imm: [5] }));
    form("cmpxchg", (d) => d.emit({ size: 4, op: [0x0f, 0xb1], reg: d.anyRegister(), rm: d.mem(at) }));
    form("cmpxchg8b", (d) => d.emit({ op: [0x0f, 0xc7], reg: 1, rm: d.mem(at) }));
    form("xadd", (d) => d.emit({ size: 4, op: [0x0f, 0xc1], reg: d.anyRegister(), rm: d.mem(at) }));
    form("xchg", (d) => d.emit({ size: 4, op: [0x87], reg: d.anyRegister(), rm: d.mem(at) }));
    form("push m", (d) => d.emit({ op: [0xff], reg: 6, rm: d.mem(at) }));
    form("pop m", (d) => d.emit({ op: [0x8f], reg: 0, rm: d.mem(at) }));
    form("inc m", (d) => d.emit({ size: 4, op: [0xff], reg: 0, rm: d.mem(at) }));
    form("shl m", (d) => {
      d.undefinedFlags = F.AF | F.OF;
      d.emit({ size: 4, op: [0xc1], reg: 4, rm: d.mem(at), imm: [3] });
    });
    form("shld m by 0", (d) => d.emit({ size: 4, op: [0x0f, 0xa4], reg: 3, rm: d.mem(at), imm: [0] }));
    form("setcc", (d) => d.emit({ op: [0x0f, 0x94], reg: 0, rm: d.mem(at) }));
    // The operand of a CMOVcc is read whatever the condition.
    form("cmov", (d, n) => d.emit({ size: 4, op: [0x0f, 0x44 + (n & 1)], reg: d.anyRegister(), rm: d.mem(at) }));
    form("btc", (d) => {
      d.undefinedFlags = F.OF | F.SF | F.AF | F.PF;
      const index = d.register();
      const mem = d.mem(at, index);
      d.set(index, d.random.below(16));
      d.emit({ size: 4, op: [0x0f, 0xbb], reg: index, rm: mem });
    });
    form("div m", (d) => {
      d.undefinedFlags = 0x8d5;
      d.set(2, 0);
      d.emit({ size: 4, op: [0xf7], reg: 6, rm: d.mem(at, 0, 2) });
    });
    form("jmp m", (d) => d.emit({ op: [0xff], reg: 4, rm: d.mem(at === READ_ONLY + 0x20 ? UNMAPPED : at) }));
    form("movdqu load", (d) => {
      d.fx = fxImage(d.random);
      d.emit({ mandatory: 0xf3, op: [0x0f, 0x6f], reg: 1, rm: d.mem(at) });
    });
    form("movdqu store", (d) => {
      d.fx = fxImage(d.random);
      d.emit({ mandatory: 0xf3, op: [0x0f, 0x7f], reg: 1, rm: d.mem(at) });
    });
    form("addsd", (d) => {
      d.fx = fxImage(d.random, { contents: "double" });
      d.emit({ mandatory: 0xf2, op: [0x0f, 0x58], reg: 1, rm: d.mem(at) });
    });
    form("fld", (d) => {
      d.fx = fxImage(d.random);
      d.emit({ op: [0xdd], reg: 0, rm: d.mem(at) });
    });
    form("fstp", (d) => {
      d.fx = fxImage(d.random, { ftw: 0xff });
      d.emit({ op: [0xdd], reg: 3, rm: d.mem(at) });
    });
    form("fistp", (d) => {
      d.fx = fxImage(d.random, { ftw: 0xff });
      d.emit({ op: [0xdb], reg: 3, rm: d.mem(at) });
    });
  }
}

/** A string instruction stops in the middle, with its registers at the element that faulted. */
function stringFaults(f: Family): void {
  for (const [name, opcode] of [
    ["movs", 0xa4],
    ["stos", 0xaa],
    ["lods", 0xac],
    ["cmps", 0xa6],
    ["scas", 0xae],
  ] as const)
    for (const size of [1, 4])
      for (const down of [false, true])
        f.add(`rep ${name}${size * 8} into a hole ${down ? "down" : "up"}`, 6, (d, n) => {
          const near = down
            ? DATA + 4 * (3 + d.random.below(6)) + (n & 1)
            : DATA + DATA_SIZE - 4 * (3 + d.random.below(6)) - (n & 1);
          if (down) d.flags |= F.DF;
          else d.flags &= ~F.DF;
          d.set(6, n % 3 === 1 || name === "lods" ? near : DATA + 0x1000);
          d.set(7, n % 3 === 1 ? DATA + 0x1000 : near);
          d.set(1, 100);
          // all elements agree, so that comparisons go on
          if (name === "cmps" || name === "scas") {
            d.put(DATA, new Uint8Array(DATA_SIZE).fill(0x33));
            d.set(0, 0x3333_3333);
          }
          d.emit({ size, prefix: [0xf3], op: [opcode + (size === 1 ? 0 : 1)] });
        });
}

function stackFaults(f: Family): void {
  const at = (d: Draft, sp: number | bigint) => d.set(4, sp);
  for (const [place, sp] of [
    ["bottom", STACK],
    ["bottom + 2", STACK + 2],
    ["hole", UNMAPPED + 0x100],
  ] as const) {
    const form = (name: string, make: (d: Draft) => void) =>
      f.add(`${name} ${place}`, 3, (d) => {
        at(d, sp);
        make(d);
      });
    form("push", (d) => d.emit({ op: [0x50], plus: d.anyRegister() }));
    form("push imm", (d) => d.raw(0x6a, 5));
    form("pushf", (d) => d.raw(0x9c));
    form("call", (d) => d.raw(0xe8, 0, 0, 0, 0));
    // the target is a good one: which of two faults comes first is up to the processor
    form("call m", (d) => d.emit({ op: [0xff], reg: 2, rm: d.dataOperand(8, [], BigInt(CODE)) }));
    form("enter", (d) => d.raw(0xc8, 8, 0, 0));
    if (f.bits === 32) form("pusha", (d) => d.raw(0x60));
  }
  for (const [place, sp] of [
    ["top", STACK + 0x1000],
    ["top - 2", STACK + 0xffe],
  ] as const) {
    const form = (name: string, make: (d: Draft) => void) =>
      f.add(`${name} ${place}`, 3, (d) => {
        at(d, sp);
        make(d);
      });
    form("pop", (d) => d.emit({ op: [0x58], plus: d.anyRegister() }));
    form("popf", (d) => d.raw(0x9d));
    form("ret", (d) => d.raw(0xc3));
    form("ret imm", (d) => d.raw(0xc2, 8, 0));
    form("leave", (d) => {
      d.set(5, sp);
      d.raw(0xc9);
    });
    if (f.bits === 32) form("popa", (d) => d.raw(0x61));
  }
}

const NON_CANONICAL = [0x8000_0000_0000n, 0xffff_7fff_ffff_ffffn, 0x1234_5678_9abc_def0n];

function nonCanonical(f: Family): void {
  if (f.bits !== 64) return;
  for (const address of NON_CANONICAL) {
    const form = (name: string, make: (d: Draft) => void) => f.add(`${name} ${address.toString(16)}`, 2, make);
    form("mov r,m", (d) => {
      d.set(3, address);
      d.emit({ size: 8, op: [0x8b], reg: 0, rm: { base: 3, disp: 0 } });
    });
    form("add m,r", (d) => {
      d.set(3, address);
      d.emit({ size: 8, op: [0x01], reg: 0, rm: { base: 3, disp: 0 } });
    });
    // based on rBP: the stack segment, #SS
    form("mov r,[rbp]", (d) => {
      d.set(5, address);
      d.emit({ size: 8, op: [0x8b], reg: 0, rm: { base: 5, disp: 0 } });
    });
    form("push", (d) => {
      d.set(4, address === NON_CANONICAL[0] ? address + 16n : address);
      d.raw(0x50);
    });
    form("pop", (d) => {
      d.set(4, address);
      d.raw(0x58);
    });
    form("movs", (d) => {
      d.set(6, address);
      d.set(7, DATA);
      d.raw(0xa4);
    });
    form("stos", (d) => {
      d.set(7, address);
      d.raw(0xaa);
    });
    form("jmp r", (d) => {
      d.set(3, address);
      d.raw(0xff, 0xe3);
    });
    form("call r", (d) => {
      d.set(3, address);
      d.raw(0xff, 0xd3);
    });
    form("ret", (d) => {
      d.put(STACK_TOP, le(address, 8));
      d.raw(0xc3);
    });
  }
}

function general(f: Family): void {
  const form = (name: string, ...bytes: number[]) => f.add(`#GP/#UD ${name}`, 1, (d) => d.raw(...bytes));
  form("ud2", 0x0f, 0x0b);
  form("ud1", 0x0f, 0xb9, 0xc0);
  form("ud0", 0x0f, 0xff, 0xc0);
  form("int3", 0xcc);
  form("int 3", 0xcd, 3);
  form("int 4", 0xcd, 4);
  form("int 0x21", 0xcd, 0x21);
  form("int 8", 0xcd, 8);
  form("int 14", 0xcd, 14);
  form("int 255", 0xcd, 0xff);
  form("hlt", 0xf4);
  form("cli", 0xfa);
  form("sti", 0xfb);
  form("in al,dx", 0xec);
  form("in eax,imm", 0xe5, 0x60);
  form("out dx,eax", 0xef);
  form("out imm,al", 0xe6, 0x80);
  form("insb", 0x6c);
  form("rep outsd", 0xf3, 0x6f);
  form("mov cr0", 0x0f, 0x20, 0xc0);
  form("mov to cr3", 0x0f, 0x22, 0xd8);
  form("mov dr7", 0x0f, 0x21, 0xf8);
  form("clts", 0x0f, 0x06);
  form("invd", 0x0f, 0x08);
  form("wbinvd", 0x0f, 0x09);
  form("wrmsr", 0x0f, 0x30);
  form("rdmsr", 0x0f, 0x32);
  form("lgdt", 0x0f, 0x01, 0x10);
  form("lidt", 0x0f, 0x01, 0x18);
  form("invlpg", 0x0f, 0x01, 0x38);
  form("lmsw", 0x0f, 0x01, 0xf0);
  form("lldt", 0x0f, 0x00, 0xd0);
  form("ltr", 0x0f, 0x00, 0xd8);
  form("swapgs", 0x0f, 0x01, 0xf8);
  if (f.bits === 64) form("sysret", 0x0f, 0x07);
  form("mov cs,ax", 0x8e, 0xc8);
  form("mov sreg 6", 0x8e, 0xf0);
  form("lea reg", 0x8d, 0xc0);
  form("lock mov", 0xf0, 0x89, 0x03);
  form("lock add reg", 0xf0, 0x01, 0xc0);
  form("lock cmp", 0xf0, 0x39, 0x03);
  form("lock nop", 0xf0, 0x90);
  form("lock bt", 0xf0, 0x0f, 0xa3, 0x03);
  form("cmpxchg8b reg", 0x0f, 0xc7, 0xc8);
  form("movnti reg", 0x0f, 0xc3, 0xc0);
  form("fe /2", 0xfe, 0xd0);
  form("ff /7", 0xff, 0xf8);
  form("8f /1", 0x8f, 0xc8, 0x00);
  form("c6 /1", 0xc6, 0xc8, 0x00);
  form("movntps reg", 0x0f, 0x2b, 0xc0);
  form("movlps store reg", 0x0f, 0x13, 0xc0);
  form("fxsave reg", 0x0f, 0xae, 0xc0);
  form("ba /0", 0x0f, 0xba, 0xc0, 0x01);
  form("71 /0", 0x0f, 0x71, 0xc0, 0x01);
  form("too long", ...Array<number>(15).fill(0x66), 0x90);
  form("longest", ...Array<number>(14).fill(0x66), 0x90);
  form("too long operand", ...Array<number>(12).fill(0x66), 0x81, 0xc0, 0x34, 0x12);
  if (f.bits === 64) {
    for (const opcode of [
      0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82, 0xce, 0xd4, 0xd5, 0xd6, 0x9a,
      0xea,
    ])
      form(`64-bit ${opcode.toString(16)}`, opcode, 0xc0, 0, 0, 0, 0, 0, 0);
    f.add("misaligned fxsave", 2, (d) => {
      d.set(3, DATA + 8);
      d.raw(0x0f, 0xae, 0x03);
    });
    f.add("misaligned cmpxchg16b", 2, (d) => {
      d.set(3, DATA + 8);
      d.raw(0x48, 0x0f, 0xc7, 0x0b);
    });
    f.add("32-bit wrap", 4, (d) => {
      d.set(3, DATA + 0x100 + 0x7000_0000);
      d.set(1, 0x9000_0000);
      d.raw(0x67, 0x8b, 0x04, 0x0b);
    });
  } else {
    f.add("into", 8, (d) => d.raw(0xce));
    for (const size of [2, 4])
      f.add(`bound${size * 8}`, 12, (d) => {
        const at = d.dataAddress(size * 2);
        const low = d.random.below(100) - 50;
        d.put(at, [...le(low, size), ...le(low + d.random.below(60), size)]);
        const r = d.register();
        const mem = d.mem(at, r);
        d.set(r, d.random.below(200) - 100);
        d.emit({ size, op: [0x62], reg: r, rm: mem });
      });
    form("bound reg", 0x62, 0xc0);
    form("les reg", 0xc4, 0xc0);
    form("aam 0", 0xd4, 0);
  }
  // Loading segments: null, beyond the table, a privileged one
  for (const [name, selector] of [
    ["null", 0],
    ["far out", 0xfff8],
    ["kernel data", 0x18],
    ["kernel code", 0x10],
    ["user", 0x2b],
    ["ldt", 0x0c],
  ] as const)
    for (const sreg of [0, 3]) {
      f.add(`mov sreg${sreg} ${name}`, 1, (d) => {
        d.set(0, selector);
        d.raw(0x8e, 0xc0 | (sreg << 3));
      });
    }
  for (const [name, selector] of [
    ["null", 0],
    ["kernel data", 0x18],
    ["user code", 0x33],
    ["user", 0x2b],
  ] as const)
    f.add(`mov ss ${name}`, 1, (d) => {
      d.set(0, selector);
      d.raw(0x8e, 0xd0);
    });
  f.add("execute data", 2, (d) => {
    d.set(3, DATA + 0x100);
    d.raw(0xff, 0xe3);
  });
  f.add("execute unmapped", 2, (d) => {
    d.set(3, UNMAPPED);
    d.raw(0xff, 0xe3);
  });
}

/** EFLAGS.AC with CR0.AM: misaligned accesses of user code give #AC. */
function alignment(f: Family): void {
  for (const size of [2, 4, 8]) {
    if (size === 8 && f.bits === 32) continue;
    for (const offset of [0, 1, 2, 4])
      f.add(`#AC mov${size * 8} + ${offset}`, 1, (d) => {
        d.flags |= F.AC;
        d.set(3, DATA + 0x100 + offset);
        d.emit({ size, op: [0x8b], reg: 0, rm: { base: 3, disp: 0 } });
      });
  }
  f.add("#AC push", 2, (d) => {
    d.flags |= F.AC;
    d.set(4, STACK_TOP + 2);
    d.raw(0x50);
  });
}

export function faults(f: Family): void {
  pageFaults(f);
  stringFaults(f);
  stackFaults(f);
  nonCanonical(f);
  general(f);
  alignment(f);
}
