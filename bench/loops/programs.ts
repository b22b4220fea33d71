/**
 * The guests of the loop benchmarks: multiboot 1 kernels that run one loop a given number of times and leave through
 * isa-debug-exit (port 0xf4) with six bits of what they computed, which both machines must agree on.
 *
 *   0x100000  multiboot header, code
 *   0x300000  stack, downwards
 *   0x400000  buffers of the memory loop
 */
import { Code } from "./code.ts";

/** One loop; `instructions` of it are what is measured, the dozen before and after are not counted. */
export interface LoopProgram {
  name: string;
  title: string;
  instructionsPerRound: number;
  /** The kernel that does `rounds` rounds. */
  image(rounds: number): Uint8Array;
}

export const LOAD_ADDRESS = 0x10_0000;
const STACK = 0x30_0000;
const BUFFER_A = 0x40_0000;
/** Near the other: pages a power of two apart would fight for one entry of a small direct-mapped TLB, QEMU's. */
const BUFFER_B = 0x42_0000;
const HEADER_MAGIC = 0x1bad_b002;
/** The header says where the file is to be loaded ("a.out kludge"), so it need not be ELF. */
const ADDRESSES_VALID = 0x1_0000;

type Emit = (code: Code) => void;

interface Parts {
  before?: Emit;
  body: Emit;
  /** What the body calls. */
  after?: Emit;
}

/** Everything in registers; multiplication, shifts and LEA among plain arithmetic. */
export const ALU_32: Emit = (code) =>
  code
    .hex("01 c8") //             add eax, ecx
    .hex("31 c3") //             xor ebx, eax
    .hex("8d 54 58 07") //       lea edx, [eax+ebx*2+7]
    .hex("c1 e2 03") //          shl edx, 3
    .hex("29 d6") //             sub esi, edx
    .hex("0f af fe") //          imul edi, esi
    .hex("81 c7 39 30 00 00") // add edi, 12345
    .hex("09 f8"); //            or eax, edi

const ALU_64: Emit = (code) =>
  code
    .hex("48 01 c8") //             add rax, rcx
    .hex("48 31 c3") //             xor rbx, rax
    .hex("48 8d 54 58 07") //       lea rdx, [rax+rbx*2+7]
    .hex("48 c1 e2 03") //          shl rdx, 3
    .hex("48 29 d6") //             sub rsi, rdx
    .hex("48 0f af fe") //          imul rdi, rsi
    .hex("48 81 c7 39 30 00 00") // add rdi, 12345
    .hex("48 09 f8"); //            or rax, rdi

/** Loads, stores, a byte load and a read-modify-write over two buffers of 64 KiB. */
const MEMORY: Emit = (code) =>
  code
    .hex("8b 04 9e") //          mov eax, [esi+ebx*4]
    .hex("01 d0") //             add eax, edx
    .hex("89 04 9f") //          mov [edi+ebx*4], eax
    .hex("01 4c 9e 04") //       add [esi+ebx*4+4], ecx
    .hex("0f b6 14 9f") //       movzx edx, byte [edi+ebx*4]
    .hex("43") //                inc ebx
    .hex("81 e3 ff 3f 00 00"); // and ebx, 0x3fff

const POINT_AT_CALLEE: Emit = (code) => code.hex("bd").address("inner"); // mov ebp, inner

/** A direct and an indirect call, a saved register. */
const CALLS: Emit = (code) => code.hex("e8").relative("outer").hex("ff d5"); // call outer; call ebp (inner)

const CALLEES: Emit = (code) =>
  code
    .label("outer")
    .hex("53 89 c3") // push ebx; mov ebx, eax
    .hex("e8")
    .relative("inner") // call inner
    .hex("01 d8 5b c3") // add eax, ebx; pop ebx; ret
    .label("inner")
    .hex("8d 40 01 c3"); // lea eax, [eax+1]; ret

const BLOCKS = 2048;
const BLOCK_BYTES = 64;
/** Odd, so that a step of it visits every block; large, so that neighbours in time are far apart. */
const BLOCK_STEP = 797;

/** Code much wider than a hot loop: 2,048 blocks on 32 pages, visited in a scattered order. */
const DISPERSED: Emit = (code) => {
  code.hex("e9").relative("block 0"); // jmp block 0
  for (let place = 0; place < BLOCKS; place++) {
    const next = (place + BLOCK_STEP) % BLOCKS;
    code.align(BLOCK_BYTES).label(`block ${place}`);
    code.hex("05").u32(place * 0x9e37_79b1); // add eax, imm32
    code.hex("31 c3 8d 54 58 07 01 d6"); //     xor ebx, eax; lea edx, [eax+ebx*2+7]; add esi, edx
    code.hex("e9").relative(next === 0 ? "round done" : `block ${next}`);
  }
  code.label("round done");
};

export const LOOPS: readonly LoopProgram[] = [
  program32("alu32", "ALU loop, 32-bit", 10, { body: ALU_32 }),
  program64("alu64", "ALU loop, 64-bit", 10, ALU_64),
  program32("memory", "memory loop", 9, { body: MEMORY }),
  program32("calls", "call and return loop", 14, { before: POINT_AT_CALLEE, body: CALLS, after: CALLEES }),
  program32("dispersed", "2,048 dispersed blocks", 1 + 5 * BLOCKS + 2, { body: DISPERSED }),
];

function program32(name: string, title: string, instructionsPerRound: number, parts: Parts): LoopProgram {
  const image = (rounds: number) => {
    const code = new Code(LOAD_ADDRESS);
    header(code);
    code.hex("bc").u32(STACK); //       mov esp, STACK
    clearAccumulators(code);
    parts.before?.(code);
    loop32(code, rounds, parts.body);
    leave(code);
    parts.after?.(code);
    return code.finish();
  };
  return { name, title, instructionsPerRound, image };
}

function program64(name: string, title: string, instructionsPerRound: number, body: Emit): LoopProgram {
  const image = (rounds: number) => {
    const code = new Code(LOAD_ADDRESS);
    header(code);
    enterLongMode(code);
    clearAccumulators(code);
    code.hex("b9").u32(rounds).label("round"); // mov ecx, rounds: clears the upper half
    body(code);
    code.hex("48 ff c9"); //            dec rcx
    code.hex("0f 85").relative("round"); // jnz round
    leave(code);
    longModeTables(code);
    return code.finish();
  };
  return { name, title, instructionsPerRound, image };
}

function loop32(code: Code, rounds: number, body: Emit): void {
  code.hex("b9").u32(rounds).label("round"); // mov ecx, rounds
  body(code);
  code.hex("49"); //                     dec ecx
  code.hex("0f 85").relative("round"); // jnz round
}

/** Multiboot header, Multiboot Specification 0.6.96, 3.1.1 to 3.1.3. */
export function header(code: Code): void {
  code
    .label("header")
    .u32(HEADER_MAGIC)
    .u32(ADDRESSES_VALID)
    .u32(-(HEADER_MAGIC + ADDRESSES_VALID));
  code.address("header").u32(LOAD_ADDRESS).u32(0).u32(0).address("entry"); // all of the file, no bss
  code.label("entry");
}

function clearAccumulators(code: Code): void {
  code.hex("31 c0 31 db 31 d2"); //  xor eax, eax; xor ebx, ebx; xor edx, edx
  code.hex("be").u32(BUFFER_A); //   mov esi, BUFFER_A
  code.hex("bf").u32(BUFFER_B); //   mov edi, BUFFER_B
}

function leave(code: Code): void {
  code.hex("83 e0 3f e7 f4"); // and eax, 0x3f; out 0xf4, eax
  code.hex("fa f4 eb fd"); //    cli; hlt; jmp to hlt
}

/** SDM vol. 3A 10.8.5.1: page tables, PAE, LME, PG, a 64-bit code segment. */
function enterLongMode(code: Code): void {
  code.hex("b8").address("pml4").hex("0f 22 d8"); //            mov eax, pml4; mov cr3, eax
  code.hex("0f 20 e0 83 c8 20 0f 22 e0"); //                    cr4 |= PAE
  code.hex("b9 80 00 00 c0 0f 32 0d 00 01 00 00 0f 30"); //     EFER |= LME
  code.hex("0f 20 c0 0d 00 00 00 80 0f 22 c0"); //              cr0 |= PG
  code.hex("0f 01 15").address("gdtr"); //                      lgdt [gdtr]
  code.hex("ea").address("long").hex("08 00").label("long"); // jmp 8:long
}

/** The first 2 MiB, in one large page: code, tables and nothing else. */
function longModeTables(code: Code): void {
  const [table, large] = [0x03, 0x83];
  code.align(8).label("gdt").u64(0n).u64(0x00af_9b00_0000_ffffn);
  code.label("gdtr").hex("0f 00").address("gdt");
  code
    .align(0x1000)
    .label("pml4")
    .u32(LOAD_ADDRESS + 0x2000 + table)
    .u32(0);
  code
    .align(0x1000)
    .label("pdpt")
    .u32(LOAD_ADDRESS + 0x3000 + table)
    .u32(0);
  code.align(0x1000).label("directory").u32(large).u32(0);
}
