/**
 * The board's ACPI tables: RSDP, RSDT, FADT, FACS, MADT, HPET, DSDT. Document: ACPI Specification 6.4, chapter 5.2.
 *
 * Built once as a block with offsets for pointers; {@link placeAcpiTables} moves the block to an address for the direct
 * kernel boot, and fwcfg/firmwareFiles.ts hands it to SeaBIOS with a linker script.
 */
import type { AcpiConfig } from "./acpiConfig.ts";
import type { AcpiChecksum, AcpiPointer } from "./acpiFixup.ts";
import { buildDsdt } from "./dsdt.ts";
import { TableWriter } from "./tableWriter.ts";

/** Board values for a PC with `lowRamBytes` of RAM below 4 GiB; the devices' own modules have the same numbers. */
export function defaultAcpiConfig(lowRamBytes: number): AcpiConfig {
  return {
    localApicBase: 0xfee00000,
    ioApicBase: 0xfec00000,
    pmBase: 0x600,
    gpe0Base: 0xafe0,
    smiCommandPort: 0xb2,
    acpiEnable: 0xf1,
    acpiDisable: 0xf0,
    sciIrq: 9,
    hpetBase: 0xfed00000,
    hpetBlockId: 0x8086a201,
    pciHoleBase: lowRamBytes,
    serialPorts: [
      { base: 0x3f8, irq: 4 },
      { base: 0x2f8, irq: 3 },
    ],
    parallelPorts: [{ base: 0x378, irq: 7 }],
    pvpanicPort: 0x505,
  };
}

export interface AcpiImage {
  /** FACS first (64-byte aligned), then the tables. Pointers hold offsets, checksum bytes are zero. */
  tables: Uint8Array;
  pointers: AcpiPointer[];
  checksums: AcpiChecksum[];
  /** The 20-byte RSDP of ACPI 1.0, its pointer an offset into `tables`. */
  rsdp: Uint8Array;
  rsdpPointer: AcpiPointer;
  rsdpChecksum: AcpiChecksum;
}

/** ISA interrupts that are level triggered, active high: SCI and PCI links. */
const LEVEL_IRQS = [5, 9, 10, 11];

/** Builds the unplaced block. */
export function buildAcpiImage(config: AcpiConfig): AcpiImage {
  const writer = new TableWriter();
  const facs = writeFacs(writer);
  const dsdt = writer.table("DSDT", 1, () => writer.bytes(buildDsdt(config)));
  const fadt = writeFadt(writer, config, facs, dsdt);
  const madt = writeMadt(writer, config);
  const listed = [fadt, madt];
  if (config.hpetBase !== undefined) listed.push(writeHpet(writer, config.hpetBase, config.hpetBlockId ?? 0x8086a201));
  const rsdt = writer.table("RSDT", 1, () => {
    for (const table of listed) writer.pointer(table);
  });
  return { tables: writer.finish(), pointers: writer.pointers, checksums: writer.checksums, ...buildRsdp(rsdt) };
}

export interface PlacedAcpiTables {
  /** The finished RSDP, for the E0000h-FFFFFh area at a multiple of 16 (or the boot parameters). */
  rsdp: Uint8Array;
  /** The finished tables for `tablesAddress`. */
  tables: Uint8Array;
  tablesAddress: number;
}

/** Builds the tables for a physical address (a multiple of 64, below 4 GiB, in reserved or ACPI memory). */
export function buildAcpiTables(config: AcpiConfig, tablesAddress: number): PlacedAcpiTables {
  return placeAcpiTables(buildAcpiImage(config), tablesAddress);
}

/** Resolves the block's pointers for an address and fills in its checksums. */
export function placeAcpiTables(image: AcpiImage, tablesAddress: number): PlacedAcpiTables {
  if (tablesAddress % 64 !== 0)
    throw new RangeError(`ACPI tables at ${tablesAddress.toString(16)}: not 64-byte aligned`);
  const tables = image.tables.slice();
  const rsdp = image.rsdp.slice();
  for (const pointer of image.pointers) put32(tables, pointer.at, tablesAddress + pointer.target);
  put32(rsdp, image.rsdpPointer.at, tablesAddress + image.rsdpPointer.target);
  for (const checksum of image.checksums) fillChecksum(tables, checksum);
  fillChecksum(rsdp, image.rsdpChecksum);
  return { rsdp, tables, tablesAddress };
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, true);
}

function fillChecksum(bytes: Uint8Array, { at, start, length }: AcpiChecksum): void {
  let sum = 0;
  for (let index = start; index < start + length; index++) sum += bytes[index];
  bytes[at] = (bytes[at] - sum) & 0xff;
}

/** 5.2.5.3, revision 0: signature, checksum, OEM id, RSDT. */
function buildRsdp(rsdt: number): Pick<AcpiImage, "rsdp" | "rsdpPointer" | "rsdpChecksum"> {
  const rsdp = new Uint8Array(20);
  rsdp.set(new TextEncoder().encode("RSD PTR \0TABVSR"), 0);
  put32(rsdp, 16, rsdt);
  return { rsdp, rsdpPointer: { at: 16, target: rsdt }, rsdpChecksum: { at: 8, start: 0, length: 20 } };
}

/** 5.2.10: 64 bytes, no checksum. */
function writeFacs(writer: TableWriter): number {
  writer.align(64);
  const offset = writer.offset;
  writer.text("FACS", 4).u32(64);
  writer.zeros(64 - 8);
  return offset;
}

/** 5.2.9, revision 3 (244 bytes): the 32-bit fields; the X_ fields stay zero, for which the 32-bit ones stand in. */
function writeFadt(writer: TableWriter, config: AcpiConfig, facs: number, dsdt: number): number {
  const WBINVD = 1 << 0;
  const PROC_C1 = 1 << 2;
  const SLP_BUTTON = 1 << 5;
  const TMR_VAL_EXT = 1 << 8;
  const RESET_REG_SUP = 1 << 10;
  const flags = WBINVD | PROC_C1 | SLP_BUTTON | RESET_REG_SUP | (config.pmTimer32 ? TMR_VAL_EXT : 0);
  return writer.table("FACP", 3, () => {
    writer.pointer(facs).pointer(dsdt);
    writer.u8(1).u8(0).u16(config.sciIrq); // INT_MODEL, preferred PM profile
    writer.u32(config.smiCommandPort).u8(config.acpiEnable).u8(config.acpiDisable).u8(0).u8(0);
    writer
      .u32(config.pmBase)
      .u32(0)
      .u32(config.pmBase + 4)
      .u32(0)
      .u32(0); // PM1a/b EVT, PM1a/b CNT, PM2_CNT
    writer
      .u32(config.pmBase + 8)
      .u32(config.gpe0Base)
      .u32(0); // PM_TMR, GPE0, GPE1
    writer.u8(4).u8(2).u8(0).u8(4).u8(4).u8(0).u8(0).u8(0); // lengths, GPE1 base, CST_CNT
    writer.u16(0xfff).u16(0xfff); // C2 and C3 not supported
    writer.u16(0).u16(0).u8(0).u8(0); // flush size and stride, duty
    writer.u8(0).u8(0).u8(0x32); // day alarm, month alarm, century
    // IAPC_BOOT_ARCH: legacy devices and an 8042 are there.
    writer.u16(0x0003).u8(0).u32(flags);
    writer.u8(1).u8(8).u8(0).u8(1).u32(0xcf9).u32(0).u8(0x06); // RESET_REG: port CF9h
    writer.zeros(3);
    writer.zeros(244 - 132);
  });
}

/** 5.2.12: processors, the IOAPIC, interrupt source overrides, NMI on LINT1. */
function writeMadt(writer: TableWriter, config: AcpiConfig): number {
  const PCAT_COMPAT = 1;
  const ACTIVE_HIGH_LEVEL = 0x000d;
  return writer.table("APIC", 1, () => {
    writer.u32(config.localApicBase).u32(PCAT_COMPAT);
    for (let cpu = 0; cpu < (config.cpuCount ?? 1); cpu++) writer.u8(0).u8(8).u8(cpu).u8(cpu).u32(1);
    writer.u8(1).u8(12).u8(0).u8(0).u32(config.ioApicBase).u32(0);
    const override = (irq: number, gsi: number, flags: number): void => {
      writer.u8(2).u8(10).u8(0).u8(irq).u32(gsi).u16(flags);
    };
    override(0, 2, 0);
    const levels = LEVEL_IRQS.includes(config.sciIrq) ? LEVEL_IRQS : [...LEVEL_IRQS, config.sciIrq];
    for (const irq of levels) override(irq, irq, ACTIVE_HIGH_LEVEL);
    writer.u8(4).u8(6).u8(0xff).u16(0).u8(1);
  });
}

/** IA-PC HPET specification 1.0a, 3.2.4. */
function writeHpet(writer: TableWriter, base: number, blockId: number): number {
  return writer.table("HPET", 1, () => {
    writer.u32(blockId);
    writer.u8(0).u8(64).u8(0).u8(0).u32(base).u32(0);
    writer.u8(0).u16(0x80).u8(0);
  });
}
