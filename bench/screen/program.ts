/**
 * The guest of the screen benchmark: a multiboot kernel that computes, and sixty times a second of its own time changes every pixel of
 * a screen of 1024 x 768 x 32 by plain stores. It never ends.
 */
import { Code } from "../loops/code.ts";
import { ALU_32, header, LOAD_ADDRESS } from "../loops/programs.ts";

export const SCREEN = { width: 1024, height: 768, bitsPerPixel: 32, framesPerSecond: 60 } as const;

const STACK = 0x30_0000;
/** Where direct boot puts BAR 0 of the VGA. */
const FRAME_BUFFER = 0xfd00_0000;
/** Rounds of computing between two looks at the clock: 100,000 instructions. */
const ROUNDS = 10_000;
/** The TSC counts nanoseconds. */
const FRAME_NS = Math.round(1e9 / SCREEN.framesPerSecond);

/** Bochs VBE: index and value, in the order in which they are to be written. */
const MODE = [
  [1, SCREEN.width],
  [2, SCREEN.height],
  [3, SCREEN.bitsPerPixel],
  [4, 0x41], // enabled, linear frame buffer
] as const;

export function screenKernel(): Uint8Array {
  const code = new Code(LOAD_ADDRESS);
  header(code);
  code.hex("bc").u32(STACK); // mov esp, STACK
  for (const [index, value] of MODE) setMode(code, index, value);
  unblank(code);
  code.label("again").hex("b9").u32(ROUNDS).label("round"); // mov ecx, ROUNDS
  ALU_32(code);
  code.hex("49 0f 85").relative("round"); //   dec ecx; jnz round
  code.hex("50 52"); //                        push eax; push edx
  code.hex("0f 31"); //                        rdtsc
  code.hex("2b 05").address("next"); //        sub eax, [next]
  code.hex("1b 15").address("next high"); //   sbb edx, [next high]
  code.hex("0f 82").relative("early"); //      jb early
  code.hex("81 05").address("next").u32(FRAME_NS); // add dword [next], FRAME_NS
  code.hex("83 15").address("next high").hex("00"); // adc dword [next high], 0
  drawScreen(code);
  code.label("early").hex("5a 58 e9").relative("again"); // pop edx; pop eax; jmp again
  code.align(8).label("next").u32(0).label("next high").u32(0).label("colour").u32(0);
  return code.finish();
}

/** Ports 1CEh and 1CFh, 16 bits each. */
function setMode(code: Code, index: number, value: number): void {
  code.hex("66 ba ce 01 b8").u32(index).hex("66 ef"); //         mov dx, 1ceh; mov eax, index; out dx, ax
  code.hex("66 ba cf 01 b8").u32(value).hex("66 ef"); //         mov dx, 1cfh; mov eax, value; out dx, ax
}

/** Palette address source, bit 5 of the attribute controller's address; reading 3DAh makes that what is written next. */
function unblank(code: Code): void {
  code.hex("66 ba da 03 ec"); //                                 mov dx, 3dah; in al, dx
  code.hex("66 ba c0 03 b0 20 ee"); //                           mov dx, 3c0h; mov al, 20h; out dx, al
}

/** The next colour in every pixel. */
function drawScreen(code: Code): void {
  code.hex("57"); //                                             push edi
  code.hex("81 05").address("colour").u32(0x01_0307); //         add dword [colour], 010307h
  code.hex("a1").address("colour"); //                           mov eax, [colour]
  code.hex("bf").u32(FRAME_BUFFER); //                           mov edi, FRAME_BUFFER
  code.hex("b9").u32(SCREEN.width * SCREEN.height); //           mov ecx, pixels
  code.label("pixel").hex("89 07 83 c7 04 49 0f 85").relative("pixel"); // mov [edi], eax; add edi, 4; dec ecx; jnz pixel
  code.hex("5f"); //                                             pop edi
}
