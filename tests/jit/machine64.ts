/** A bare 64-bit machine: the first 2 MiB of memory for the supervisor, the next for the user, all exceptions halt. */
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine, HostImports } from "../../src/core/engine.ts";
import { createEngine, type EngineMode, emptyHost } from "../support/engine.ts";

export const CODE = 0x1000;
/** What lies there CPL 3 may access. */
export const USER_PAGE = 0x20_0000;
const HANDLERS = 0x2000;
const GDT = 0x4000;
const IDT = 0x5000;
const STACK = 0x8000n;
const PML4 = 0x1_0000;
const PAGE_TABLES = [PML4, PML4 + 0x1000] as const;
const DIRECTORY = PML4 + 0x2000;
const VECTORS = 32;
const RAM_MIB = 4;

const RSP = 4;
const CR0_PE_PG = 0x8000_0011n;
/** PAE, OSFXSR, OSXMMEXCPT. */
const CR4 = 0x620n;
const EFER_LONG = 0x500n;
const LARGE_SUPERVISOR = 0x83n;
const LARGE_USER = 0x87n;
const CODE_DESCRIPTOR = 0x00af_9b00_0000_ffffn;
const CODE_SELECTOR = 8;

function qwords(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

/** An interrupt gate to a HLT of its own. */
function gate(vector: number): readonly bigint[] {
  const at = BigInt(HANDLERS + 16 * vector);
  return [(0x8en << 40n) | (BigInt(CODE_SELECTOR) << 16n) | at, 0n];
}

/** About to execute `code` at CPL 0 with `cr4` bits besides those that it needs. */
export async function machine64(
  mode: EngineMode,
  code: number[],
  cr4: bigint,
  host: HostImports = emptyHost(),
): Promise<Engine> {
  const engine = await createEngine(mode, RAM_MIB, host);
  engine.write(CODE, new Uint8Array(code));
  engine.write(GDT, qwords([0n, CODE_DESCRIPTOR]));
  for (let vector = 0; vector < VECTORS; vector++) {
    engine.write(HANDLERS + 16 * vector, Uint8Array.of(0xf4));
    engine.write(IDT + 16 * vector, qwords(gate(vector)));
  }
  for (const table of PAGE_TABLES) engine.write(table, qwords([BigInt(table + 0x1000) | 7n]));
  engine.write(DIRECTORY, qwords([LARGE_SUPERVISOR, BigInt(USER_PAGE) | LARGE_USER]));
  engine.setField64(VcpuField.CR0, CR0_PE_PG);
  engine.setField64(VcpuField.CR3, BigInt(PML4));
  engine.setField64(VcpuField.CR4, CR4 | cr4);
  engine.setField64(VcpuField.EFER, EFER_LONG);
  engine.setField64(VcpuField.GDT_BASE, BigInt(GDT));
  engine.setField(VcpuField.GDT_LIMIT, 15);
  engine.setField64(VcpuField.IDT_BASE, BigInt(IDT));
  engine.setField(VcpuField.IDT_LIMIT, VECTORS * 16 - 1);
  engine.setSegment(1, CODE_SELECTOR, 0, 0xffff_ffff, 0xa09b);
  for (const segment of [0, 2, 3, 4, 5]) engine.setSegment(segment, 0, 0, 0xffff_ffff, 0xc093);
  engine.setField64(VcpuField.RIP, BigInt(CODE));
  engine.setField64(VcpuField.REGISTERS, STACK, RSP);
  engine.stateChanged();
  return engine;
}

/** Registers, flags, segment bases, the stack and the two areas after a run to HLT. */
export function outcome64(engine: Engine): string {
  const registers = Array.from({ length: 16 }, (_, index) => engine.field64(VcpuField.REGISTERS, index).toString(16));
  const bases = [4, 5].map((index) => engine.segment(index).base.toString(16));
  const memory = [0x7f80, 0x9000, USER_PAGE].map((at) => {
    const bytes = new Uint8Array(128);
    engine.read(at, bytes);
    return Buffer.from(bytes).toString("hex");
  });
  const rip = engine.field64(VcpuField.RIP).toString(16);
  const count = engine.instructionsRetired();
  return [registers, bases, [`rip ${rip} flags ${engine.eflags().toString(16)} after ${count}`], memory]
    .map((line) => line.join(" "))
    .join("\n");
}
