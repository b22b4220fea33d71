/** Numbers of the x86 architecture that the board needs (Intel SDM vol. 1 ch. 3). */

import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { GeneralRegisters } from "../bus/generalRegisters.ts";
import { type Engine, REGISTER_NAMES } from "../core/engine.ts";

/** Segment registers by their number in encodings. */
export const SEGMENT = { ES: 0, CS: 1, SS: 2, DS: 3, FS: 4, GS: 5, TR: 6, LDTR: 7 } as const;

export const Flag = { ONE: 0x2, IF: 0x200 } as const;

const CONTROL_REGISTERS = [
  ["cr0", VcpuField.CR0],
  ["cr2", VcpuField.CR2],
  ["cr3", VcpuField.CR3],
  ["cr4", VcpuField.CR4],
  ["efer", VcpuField.EFER],
] as const;

const TABLE_REGISTERS = [
  ["gdt", VcpuField.GDT_BASE, VcpuField.GDT_LIMIT],
  ["idt", VcpuField.IDT_BASE, VcpuField.IDT_LIMIT],
] as const;

/**
 * The general registers for a port handler. Both engines have them in the vCPU struct while IN or OUT calls the host, and IN has them
 * read from there again afterwards (`assembly/jit/coldNodes.ts`).
 */
export function generalRegisters(engine: Engine): GeneralRegisters {
  return {
    get: (register) => Number(BigInt.asUintN(32, engine.field64(VcpuField.REGISTERS, register))),
    set: (register, value) => engine.setField64(VcpuField.REGISTERS, BigInt(value >>> 0), register),
  };
}

/** A printable dump of the CPU, for a crash. */
export function dumpRegisters(engine: Engine): string {
  const hex = (value: bigint, digits: number) => value.toString(16).padStart(digits, "0");
  const lines: string[] = [];
  for (let row = 0; row < 16; row += 4) {
    const cells = REGISTER_NAMES.slice(row, row + 4).map(
      (name, column) => `${name.padEnd(3)}=${hex(engine.field64(VcpuField.REGISTERS, row + column), 16)}`,
    );
    lines.push(cells.join(" "));
  }
  const cpl = engine.field(VcpuField.CPL);
  lines.push(`rip=${hex(engine.field64(VcpuField.RIP), 16)} eflags=${hex(BigInt(engine.eflags()), 8)} cpl=${cpl}`);
  for (const [name, index] of Object.entries(SEGMENT)) {
    const { selector, base, limit, attributes } = engine.segment(index);
    const access = attributes.toString(16).padStart(5, "0");
    lines.push(
      `${name.padEnd(4)}=${hex(BigInt(selector), 4)} base=${hex(base, 16)} limit=${hex(BigInt(limit), 8)} attributes=${access}`,
    );
  }
  const control = CONTROL_REGISTERS.map(([name, field]) => `${name}=${hex(engine.field64(field), 16)}`);
  lines.push(control.slice(0, 3).join(" "), control.slice(3).join(" "));
  for (const [name, base, limit] of TABLE_REGISTERS)
    lines.push(`${name}=${hex(engine.field64(base), 16)} limit=${hex(BigInt(engine.field(limit)), 4)}`);
  return lines.join("\n");
}
