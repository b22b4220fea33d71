/**
 * What kernels read of a PC's BIOS without calling it, for one that is booted without firmware: the BIOS data area (IBM PC/AT
 * Technical Reference, "BIOS Listings") and the extended one, whose place and size it tells.
 */
import type { Engine } from "../core/engine.ts";
import { EBDA_BASE } from "./directBoot.ts";
import { PORT_COM1, PORT_COM2 } from "./pc.ts";

const BDA_BASE = 0x400;
const BDA_BYTES = 0x100;
const SERIAL_PORTS = 0x00;
const EBDA_SEGMENT = 0x0e;
const EQUIPMENT = 0x10;
const BASE_MEMORY_KIB = 0x13;

/** Coprocessor, pointing device, 80-column colour text, two serial ports. */
const EQUIPMENT_WORD = (1 << 1) | (1 << 2) | (2 << 4) | (2 << 9);

/** Zeros elsewhere: no disks, no floppies, nothing typed. */
export function writeBiosDataArea(engine: Engine): void {
  const area = new DataView(new ArrayBuffer(BDA_BYTES));
  area.setUint16(SERIAL_PORTS, PORT_COM1, true);
  area.setUint16(SERIAL_PORTS + 2, PORT_COM2, true);
  area.setUint16(EBDA_SEGMENT, EBDA_BASE >> 4, true);
  area.setUint16(EQUIPMENT, EQUIPMENT_WORD, true);
  area.setUint16(BASE_MEMORY_KIB, EBDA_BASE >> 10, true);
  engine.write(BDA_BASE, new Uint8Array(area.buffer));
  // The extended area begins with its size in KiB.
  engine.write(EBDA_BASE, Uint8Array.of((0xa_0000 - EBDA_BASE) >> 10));
}
