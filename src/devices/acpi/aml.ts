/**
 * A small builder of ACPI machine language: each function gives the bytes of one construct.
 * Document: ACPI Specification 6.4, chapter 20 (AML) and 6.4 (resource descriptors).
 *
 *   scope("\\_SB", device("PCI0", name("_HID", eisaId("PNP0A03"))))
 */
export type Aml = readonly number[];

const ROOT = 0x5c;
const PARENT = 0x5e;

/** Name string: "\\_SB.PCI0", "^PRQ0", "LNKA". Segments are padded with underscores. */
export function namePath(path: string): Aml {
  const bytes: number[] = [];
  let rest = path;
  while (rest.startsWith("\\") || rest.startsWith("^")) {
    bytes.push(rest.startsWith("\\") ? ROOT : PARENT);
    rest = rest.slice(1);
  }
  const segments = rest === "" ? [] : rest.split(".");
  if (segments.length === 0) bytes.push(0x00);
  else if (segments.length === 2) bytes.push(0x2e);
  else if (segments.length > 2) bytes.push(0x2f, segments.length);
  for (const segment of segments) bytes.push(...ascii(segment.padEnd(4, "_")));
  return bytes;
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** The shortest integer constant. */
export function integer(value: number): Aml {
  if (value === 0) return [0x00];
  if (value === 1) return [0x01];
  if (value < 0x100) return [0x0a, value];
  if (value < 0x10000) return [0x0b, ...littleEndian(value, 2)];
  if (value < 0x100000000) return [0x0c, ...littleEndian(value, 4)];
  return [0x0e, ...littleEndian(value, 8)];
}

export function text(value: string): Aml {
  return [0x0d, ...ascii(value), 0x00];
}

/** "PNP0A03" as the compressed integer (ACPI 19.6.37). */
export function eisaId(id: string): Aml {
  const letter = (index: number): number => id.charCodeAt(index) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = Number.parseInt(id.slice(3), 16);
  return [0x0c, vendor >>> 8, vendor & 0xff, product >>> 8, product & 0xff];
}

/** Package length prefix for a body of `length` bytes (ACPI 20.2.4): it counts itself. */
function withLength(body: Aml): Aml {
  const { length } = body;
  if (length + 1 < 0x40) return [length + 1, ...body];
  const following = length + 2 < 0x1000 ? 1 : length + 3 < 0x100000 ? 2 : 3;
  const total = length + 1 + following;
  const prefix = [(following << 6) | (total & 0xf)];
  for (let index = 0; index < following; index++) prefix.push((total >>> (4 + 8 * index)) & 0xff);
  return [...prefix, ...body];
}

export function name(path: string, value: Aml): Aml {
  return [0x08, ...namePath(path), ...value];
}

export function scope(path: string, ...body: Aml[]): Aml {
  return [0x10, ...withLength([...namePath(path), ...body.flat()])];
}

export function device(path: string, ...body: Aml[]): Aml {
  return [0x5b, 0x82, ...withLength([...namePath(path), ...body.flat()])];
}

/** A processor object without P_BLK. */
export function processor(path: string, id: number): Aml {
  return [0x5b, 0x83, ...withLength([...namePath(path), id, 0, 0, 0, 0, 0])];
}

export function method(path: string, argCount: number, serialized: boolean, ...body: Aml[]): Aml {
  return [0x14, ...withLength([...namePath(path), argCount | (serialized ? 8 : 0), ...body.flat()])];
}

/** `elements.length` must be below 256. */
export function packageOf(...elements: Aml[]): Aml {
  return [0x12, ...withLength([elements.length, ...elements.flat()])];
}

export function buffer(bytes: Aml): Aml {
  return [0x11, ...withLength([...integer(bytes.length), ...bytes])];
}

const REGION_PCI_CONFIG = 2;

/** OperationRegion in the PCI configuration space of the enclosing device. */
export function pciConfigRegion(path: string, offset: number, length: number): Aml {
  return [0x5b, 0x80, ...namePath(path), REGION_PCI_CONFIG, ...integer(offset), ...integer(length)];
}

/** Field with byte access, no lock, bits preserved: 8-bit units by name. */
export function byteFields(region: string, ...units: string[]): Aml {
  const fields = units.flatMap((unit) => [...ascii(unit.padEnd(4, "_")), 8]);
  return [0x5b, 0x81, ...withLength([...namePath(region), 0x01, ...fields])];
}

export const ARG0: Aml = [0x68];

export function returns(value: Aml): Aml {
  return [0xa4, ...value];
}

export function store(source: Aml, target: Aml): Aml {
  return [0x70, ...source, ...target];
}

/** And without a target: the value. */
export function and(left: Aml, right: Aml): Aml {
  return [0x7b, ...left, ...right, 0x00];
}

export function orInto(left: Aml, right: Aml, target: Aml): Aml {
  return [0x7d, ...left, ...right, ...target];
}

export function lessThan(left: Aml, right: Aml): Aml {
  return [0x95, ...left, ...right];
}

export function ifThen(condition: Aml, ...body: Aml[]): Aml {
  return [0xa0, ...withLength([...condition, ...body.flat()])];
}

export function createDwordField(source: Aml, byteOffset: number, path: string): Aml {
  return [0x8a, ...source, ...integer(byteOffset), ...namePath(path)];
}

export function call(path: string, ...args: Aml[]): Aml {
  return [...namePath(path), ...args.flat()];
}

// --- Resource descriptors ---

export function resourceTemplate(...descriptors: Aml[]): Aml {
  return buffer([...descriptors.flat(), 0x79, 0x00]);
}

/** I/O port range with 16-bit decode. */
export function ioPorts(base: number, length: number): Aml {
  return [0x47, 0x01, ...littleEndian(base, 2), ...littleEndian(base, 2), 0x01, length];
}

/** ISA interrupt: edge, active high, exclusive. */
export function isaIrq(irq: number): Aml {
  return [0x22, ...littleEndian(1 << irq, 2)];
}

export function fixedMemory(base: number, length: number): Aml {
  return [0x86, 0x09, 0x00, 0x01, ...littleEndian(base, 4), ...littleEndian(length, 4)];
}

/** Extended interrupt descriptor: consumer, level, active high, shared. The first number is at byte 5. */
export function sharedLevelInterrupts(...gsis: number[]): Aml {
  const body = [0x09, gsis.length, ...gsis.flatMap((gsi) => littleEndian(gsi, 4))];
  return [0x89, ...littleEndian(body.length, 2), ...body];
}

/** Address space descriptors of a bridge: producer, positive decode, both ends fixed. */
export function wordBusNumbers(first: number, last: number): Aml {
  return addressSpace(0x88, 2, 2, 0x00, first, last);
}

export function wordIoWindow(first: number, last: number): Aml {
  return addressSpace(0x88, 2, 1, 0x03, first, last);
}

export function dwordMemoryWindow(first: number, last: number, cacheable = false): Aml {
  return addressSpace(0x87, 4, 0, cacheable ? 0x03 : 0x01, first, last);
}

export function qwordMemoryWindow(first: number, last: number): Aml {
  return addressSpace(0x8a, 8, 0, 0x03, first, last);
}

function addressSpace(tag: number, width: number, type: number, typeFlags: number, first: number, last: number): Aml {
  const FIXED_RANGE = 0x0c;
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => littleEndian(value, width));
  return [tag, ...littleEndian(3 + fields.length, 2), type, FIXED_RANGE, typeFlags, ...fields];
}

function littleEndian(value: number, width: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (let index = 0; index < width; index++) {
    bytes.push(rest % 256);
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
