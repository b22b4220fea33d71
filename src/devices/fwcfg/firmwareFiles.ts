/**
 * The files SeaBIOS reads from fw_cfg: the memory map, the boot order, and the ACPI tables with their linker script.
 * Documents: SeaBIOS src/fw/paravirt.c (e820, bootorder) and src/fw/romfile_loader.h; QEMU hw/acpi/bios-linker-loader.c.
 */
import type { AcpiConfig } from "../acpi/acpiConfig.ts";
import { buildAcpiImage } from "../acpi/tables.ts";
import type { FwCfg } from "./fwCfg.ts";

/** A stretch of physical memory; type as in the BIOS's e820: 1 RAM, 2 reserved. */
export interface E820Entry {
  base: number;
  length: number;
  type: 1 | 2;
}

/** etc/e820: address u64, length u64, type u32, packed. SeaBIOS adds its own reserved areas. */
export function addE820(fwCfg: FwCfg, entries: readonly E820Entry[]): void {
  const bytes = new Uint8Array(entries.length * 20);
  const view = new DataView(bytes.buffer);
  entries.forEach((entry, index) => {
    view.setBigUint64(index * 20, BigInt(entry.base), true);
    view.setBigUint64(index * 20 + 8, BigInt(entry.length), true);
    view.setUint32(index * 20 + 16, entry.type, true);
  });
  fwCfg.addFile("etc/e820", bytes);
}

/**
 * bootorder: Open Firmware device paths, most wanted first, for example "/pci@i0cf8/ide@1,1/drive@0/disk@0" (the first IDE
 * disk), "/pci@i0cf8/ide@1,1/drive@1/disk@0" (the secondary channel's), "/pci@i0cf8/isa@1/fdc@03f0/floppy@0", "HALT" to
 * stop after the listed ones.
 */
export function addBootOrder(fwCfg: FwCfg, paths: readonly string[]): void {
  fwCfg.addFile("bootorder", new TextEncoder().encode(`${paths.join("\n")}\0`));
}

/** The boot menu: whether SeaBIOS offers it (F12 or ESC), and for how long in ms. */
export function addBootMenu(fwCfg: FwCfg, show: boolean, waitMs = 0): void {
  fwCfg.addFile("etc/show-boot-menu", Uint8Array.of(show ? 1 : 0, 0));
  fwCfg.addFile("etc/boot-menu-wait", Uint8Array.of(waitMs & 0xff, waitMs >>> 8));
}

const TABLES_FILE = "etc/acpi/tables";
const RSDP_FILE = "etc/acpi/rsdp";
const COMMAND_BYTES = 128;
const NAME_BYTES = 56;
const ALLOCATE = 1;
const ADD_POINTER = 2;
const ADD_CHECKSUM = 3;
const ZONE_HIGH = 1;
const ZONE_FSEG = 2;

/** The ACPI tables as files, with the script that places them, links their pointers and fills in their checksums. */
export function addAcpiTables(fwCfg: FwCfg, config: AcpiConfig): void {
  const image = buildAcpiImage(config);
  const { rsdpPointer, rsdpChecksum } = image;
  const script = [
    allocate(TABLES_FILE, 64, ZONE_HIGH),
    allocate(RSDP_FILE, 16, ZONE_FSEG),
    ...image.pointers.map((pointer) => addPointer(TABLES_FILE, pointer.at)),
    addPointer(RSDP_FILE, rsdpPointer.at),
    ...image.checksums.map((checksum) => addChecksum(TABLES_FILE, checksum.at, checksum.start, checksum.length)),
    addChecksum(RSDP_FILE, rsdpChecksum.at, rsdpChecksum.start, rsdpChecksum.length),
  ];
  const loader = new Uint8Array(script.length * COMMAND_BYTES);
  script.forEach((command, index) => {
    loader.set(command, index * COMMAND_BYTES);
  });
  fwCfg.addFile(TABLES_FILE, image.tables);
  fwCfg.addFile(RSDP_FILE, image.rsdp);
  fwCfg.addFile("etc/table-loader", loader);
}

function command(code: number, ...files: string[]): { bytes: Uint8Array; view: DataView; rest: number } {
  const bytes = new Uint8Array(COMMAND_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, code, true);
  files.forEach((file, index) => {
    bytes.set(new TextEncoder().encode(file), 4 + index * NAME_BYTES);
  });
  return { bytes, view, rest: 4 + files.length * NAME_BYTES };
}

function allocate(file: string, alignment: number, zone: number): Uint8Array {
  const { bytes, view, rest } = command(ALLOCATE, file);
  view.setUint32(rest, alignment, true);
  view.setUint8(rest + 4, zone);
  return bytes;
}

/** Adds the address of the tables to the 32-bit offset at `offset` of `file`. */
function addPointer(file: string, offset: number): Uint8Array {
  const { bytes, view, rest } = command(ADD_POINTER, file, TABLES_FILE);
  view.setUint32(rest, offset, true);
  view.setUint8(rest + 4, 4);
  return bytes;
}

function addChecksum(file: string, offset: number, start: number, length: number): Uint8Array {
  const { bytes, view, rest } = command(ADD_CHECKSUM, file);
  view.setUint32(rest, offset, true);
  view.setUint32(rest + 4, start, true);
  view.setUint32(rest + 8, length, true);
  return bytes;
}
