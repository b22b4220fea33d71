/** What direct kernel boot does in the firmware's stead: memory map, ACPI tables, chip set-up, and the CPU's start state. */

import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../core/engine.ts";
import { buildAcpiTables, defaultAcpiConfig } from "../devices/acpi/tables.ts";
import { COMMAND_IO, PciReg } from "../devices/pci/pciRegisters.ts";
import type { Board } from "./board.ts";
import { Flag, SEGMENT } from "./cpuState.ts";
import { FUNCTION_IDE, LOW_ROM_END, SLOT_ISA_BRIDGE, SLOT_VGA } from "./pc.ts";

/** Kinds of an E820 range (ACPI 15.4). */
export const enum E820Type {
  RAM = 1,
  RESERVED = 2,
  ACPI = 3,
}

export interface MemoryRange {
  base: number;
  length: number;
  type: E820Type;
}

/** The last part of RAM, for the ACPI tables. */
const ACPI_AREA_BYTES = 0x1_0000;
const RSDP_ADDRESS = 0xf_5a00;
/** The extended BIOS data area, at the end of conventional memory. */
export const EBDA_BASE = 0x9_fc00;

/** Where the ACPI tables go in `ramBytes` of RAM. */
function acpiBase(ramBytes: number): number {
  return ramBytes - ACPI_AREA_BYTES;
}

/** The machine's memory as the kernel is told of it. */
export function memoryMap(ramBytes: number): MemoryRange[] {
  return [
    { base: 0, length: EBDA_BASE, type: E820Type.RAM },
    { base: EBDA_BASE, length: 0xa_0000 - EBDA_BASE, type: E820Type.RESERVED },
    { base: 0xf_0000, length: 0x1_0000, type: E820Type.RESERVED },
    { base: LOW_ROM_END, length: acpiBase(ramBytes) - LOW_ROM_END, type: E820Type.RAM },
    { base: acpiBase(ramBytes), length: ACPI_AREA_BYTES, type: E820Type.ACPI },
  ];
}

/** Highest address a kernel or initrd may use, exclusive. */
export function usableRamEnd(ramBytes: number): number {
  return acpiBase(ramBytes);
}

/** Places the ACPI tables; gives the RSDP's address. */
export function placeAcpi(engine: Engine): number {
  const { rsdp, tables, tablesAddress } = buildAcpiTables(
    defaultAcpiConfig(engine.sizeBytes),
    acpiBase(engine.sizeBytes),
  );
  engine.write(tablesAddress, tables);
  engine.write(RSDP_ADDRESS, rsdp);
  return RSDP_ADDRESS;
}

/** The chip set as firmware leaves it: PM registers decoded, PCI interrupts routed, VGA decoding, keyboard translated. */
export function setUpChips(board: Board): void {
  board.power.enablePm();
  for (const [pirq, irq] of [10, 10, 11, 11].entries()) board.isaBridge.routePirq(pirq, irq);
  board.ports.write(PORT_ELCR_SLAVE, LEVEL_IRQ10_IRQ11, 1);
  const vga = board.pci.function(SLOT_VGA);
  vga?.writeConfig(PciReg.Bar0, VGA_FRAME_BUFFER, 4);
  vga?.writeConfig(PciReg.Bar0 + 8, VGA_REGISTERS, 4);
  vga?.writeConfig(PciReg.Command, COMMAND_IO_AND_MEMORY, 2);
  const ide = board.pci.function(SLOT_ISA_BRIDGE, FUNCTION_IDE);
  ide?.writeConfig(IDE_TIMING, IDE_DECODE_BOTH_CHANNELS, 4);
  ide?.writeConfig(PciReg.Bar0 + 4 * IDE_BUS_MASTER_BAR, IDE_BUS_MASTER, 4);
  ide?.writeConfig(PciReg.Command, COMMAND_IO, 2);
  board.ports.write(PORT_KEYBOARD_COMMAND, 0x60, 1); // write the command byte:
  board.ports.write(PORT_KEYBOARD_DATA, 0x61, 1); // translation, keyboard interrupt, mouse off (SeaBIOS's value)
}

const PORT_ELCR_SLAVE = 0x4d1;
const LEVEL_IRQ10_IRQ11 = 0x0c;
const PORT_KEYBOARD_DATA = 0x60;
const PORT_KEYBOARD_COMMAND = 0x64;
const VGA_FRAME_BUFFER = 0xfd00_0008;
const VGA_REGISTERS = 0xfebf_0000;
const COMMAND_IO_AND_MEMORY = 0x0003;
/** The PIIX3's IDETIM registers, and where SeaBIOS puts the bus master. */
const IDE_TIMING = 0x40;
const IDE_DECODE_BOTH_CHANNELS = 0x8000_8000;
const IDE_BUS_MASTER_BAR = 4;
const IDE_BUS_MASTER = 0xc040;

/** Address of a flat GDT in low memory, for kernels that expect one to be loaded. */
const GDT_ADDRESS = 0x800;
const CODE_SELECTOR = 0x10;
const DATA_SELECTOR = 0x18;

/** Protected mode, flat segments, interrupts off, paging off; `registers` by encoding number (0 = EAX …). */
export function startInProtectedMode(engine: Engine, entry: number, registers: Record<number, number>): void {
  const gdt = new DataView(new ArrayBuffer(0x20));
  gdt.setBigUint64(CODE_SELECTOR, 0x00cf_9b00_0000_ffffn, true);
  gdt.setBigUint64(DATA_SELECTOR, 0x00cf_9300_0000_ffffn, true);
  engine.write(GDT_ADDRESS, new Uint8Array(gdt.buffer));
  engine.setField64(VcpuField.GDT_BASE, BigInt(GDT_ADDRESS));
  engine.setField(VcpuField.GDT_LIMIT, 0x1f);
  engine.setField64(VcpuField.CR0, 0x11n);
  for (let register = 0; register < 16; register++)
    engine.setField64(VcpuField.REGISTERS, BigInt(registers[register] ?? 0), register);
  engine.setField64(VcpuField.EFLAGS, BigInt(Flag.ONE));
  engine.setField64(VcpuField.RIP, BigInt(entry));
  engine.setField(VcpuField.HALTED, 0);
  engine.setSegment(SEGMENT.CS, CODE_SELECTOR, 0, 0xffff_ffff, 0xc09b);
  for (const segment of [SEGMENT.DS, SEGMENT.ES, SEGMENT.SS, SEGMENT.FS, SEGMENT.GS])
    engine.setSegment(segment, DATA_SELECTOR, 0, 0xffff_ffff, 0xc093);
  engine.stateChanged();
}
