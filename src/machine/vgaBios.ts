/**
 * Runs the VGA BIOS for a kernel that is booted without firmware, so that the adapter is in text mode 3 with its font
 * loaded, as every kernel's console expects. The guest's own CPU executes the ROM in real mode, from a stub in low memory.
 */
import { ExitReason } from "../../assembly/shared/exitReason.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../core/engine.ts";
import { trace } from "../util/trace.ts";
import { SEGMENT } from "./cpuState.ts";
import { OPTION_ROM_BASE } from "./pc.ts";

const STUB = 0x7000;
const STACK_TOP = 0x7000;
/** Attributes of a real-mode data or code segment: present, writable or readable, accessed. */
const REAL_DATA = 0x93;
const REAL_CODE = 0x9b;
/** A ROM that has not finished by then never will. */
const INSTRUCTION_LIMIT = 50_000_000;
const SLICE = 200_000;

/**
 * mov ax, -1; call C000:0003; mov ax, 3; int 10h; cli; hlt. AX is where the adapter's PCI function is to be (PCI Firmware Specification 3.0,
 * 5.2.1.19): -1 says that there is none. Then SeaVGABIOS takes VGA_FRAME_BUFFER for its frame buffer; of a PCI function it would
 * read the EDID by INT 15h, which nobody serves here.
 */
const STUB_CODE = [...[0xb8, 0xff, 0xff, 0x9a, 0x03, 0x00, 0x00, 0xc0], ...[0xb8, 0x03, 0x00, 0xcd, 0x10, 0xfa, 0xf4]];
/** Every interrupt vector points at an IRET until the ROM installs its own. */
const IRET_AT = STUB + 0x20;
const RSP = 4;

export function runVgaBios(engine: Engine, rom: Uint8Array): void {
  if (rom[0] !== 0x55 || rom[1] !== 0xaa) {
    trace("vgabios", "the image has no option ROM signature; the screen stays blank");
    return;
  }
  engine.write(OPTION_ROM_BASE, rom);
  const vectors = new Uint32Array(256).fill(((STUB >> 4) << 16) | (IRET_AT - STUB));
  engine.write(0, new Uint8Array(vectors.buffer));
  engine.write(STUB, Uint8Array.from(STUB_CODE));
  engine.write(IRET_AT, Uint8Array.of(0xcf));
  startInRealMode(engine);
  for (let ran = 0; ran < INSTRUCTION_LIMIT; ran += SLICE) {
    const exit = engine.run(SLICE, false);
    if (exit === ExitReason.HALT) return;
    if (exit === ExitReason.SHUTDOWN) break;
  }
  trace("vgabios", "the VGA BIOS did not finish; the screen may stay blank");
}

function startInRealMode(engine: Engine): void {
  engine.setField64(VcpuField.CR0, 0x10n);
  for (const index of [SEGMENT.DS, SEGMENT.ES, SEGMENT.FS, SEGMENT.GS, SEGMENT.SS])
    engine.setSegment(index, 0, 0, 0xffff, REAL_DATA);
  engine.setSegment(SEGMENT.CS, STUB >> 4, STUB, 0xffff, REAL_CODE);
  engine.setField64(VcpuField.REGISTERS, BigInt(STACK_TOP), RSP);
  engine.setField64(VcpuField.RIP, 0n);
  engine.stateChanged();
}
