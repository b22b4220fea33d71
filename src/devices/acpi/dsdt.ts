/**
 * The board's DSDT: PCI root with its windows and interrupt routing through the PIIX3's links, the ISA devices, _S5.
 * After QEMU's for its i440FX board (hw/i386/acpi-build.c), because the guests of this board know that one.
 */

import type { AcpiConfig } from "./acpiConfig.ts";
import {
  type Aml,
  ARG0,
  and,
  byteFields,
  call,
  createDwordField,
  device,
  dwordMemoryWindow,
  eisaId,
  fixedMemory,
  ifThen,
  integer,
  ioPorts,
  isaIrq,
  lessThan,
  method,
  name,
  namePath,
  orInto,
  packageOf,
  pciConfigRegion,
  processor,
  qwordMemoryWindow,
  resourceTemplate,
  returns,
  scope,
  sharedLevelInterrupts,
  store,
  text,
  wordBusNumbers,
  wordIoWindow,
} from "./aml.ts";

const LINKS = ["LNKA", "LNKB", "LNKC", "LNKD"];
/** Interrupts a PCI link may be given (SeaBIOS: 10, 10, 11, 11). */
const LINK_CHOICES = [5, 10, 11];
const LINK_DISABLED = 0x80;
const PCI_SLOTS = 32;

/** The AML of the DSDT, without the table header. */
export function buildDsdt(config: AcpiConfig): Uint8Array {
  return Uint8Array.from([
    ...name("\\_S5", packageOf(integer(0), integer(0), integer(0), integer(0))),
    ...scope("\\_SB", processors(config), pciRoot(config), linkMethods(), ...LINKS.map(link), hpet(config)),
  ]);
}

function processors(config: AcpiConfig): Aml {
  return Array.from({ length: config.cpuCount ?? 1 }, (_unused, cpu) =>
    processor(`C${cpu.toString(16).toUpperCase().padStart(3, "0")}`, cpu),
  ).flat();
}

function pciRoot(config: AcpiConfig): Aml {
  const windows = [
    wordBusNumbers(0, 0xff),
    ioPorts(0xcf8, 8),
    wordIoWindow(0x0000, 0x0cf7),
    wordIoWindow(0x0d00, 0xffff),
    dwordMemoryWindow(0xa0000, 0xbffff, true),
    dwordMemoryWindow(config.pciHoleBase, 0xfebfffff),
    ...(config.pciHole64 ? [qwordMemoryWindow(config.pciHole64.base, config.pciHole64.last)] : []),
  ];
  return device(
    "PCI0",
    name("_HID", eisaId("PNP0A03")),
    name("_UID", integer(0)),
    name("_CRS", resourceTemplate(...windows)),
    name("_PRT", interruptRouting()),
    isaBridge(config),
    motherboard(config),
  );
}

/** Slot s, pin p goes to link (s + p - 1) mod 4: the i440FX board's swizzle. */
function interruptRouting(): Aml {
  const entries: Aml[] = [];
  for (let slot = 0; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      const link = namePath(LINKS[(slot + pin + 3) & 3]);
      entries.push(packageOf(integer(slot * 0x10000 + 0xffff), integer(pin), link, integer(0)));
    }
  }
  return packageOf(...entries);
}

function isaBridge(config: AcpiConfig): Aml {
  return device(
    "ISA",
    name("_ADR", integer(0x00010000)),
    pciConfigRegion("P40C", 0x60, 4),
    byteFields("P40C", "PRQ0", "PRQ1", "PRQ2", "PRQ3"),
    isaDevice("KBD", "PNP0303", ioPorts(0x60, 1), ioPorts(0x64, 1), isaIrq(1)),
    isaDevice("MOU", "PNP0F13", isaIrq(12)),
    isaDevice("RTC", "PNP0B00", ioPorts(0x70, 2), ...(config.hpetBase === undefined ? [isaIrq(8)] : [])),
    ...(config.floppy ? [floppy()] : []),
    ...(config.serialPorts ?? []).map((port, index) => numbered("COM", index + 1, "PNP0501", port)),
    ...(config.parallelPorts ?? []).map((port, index) => numbered("LPT", index + 1, "PNP0400", port)),
    ...(config.pvpanicPort === undefined ? [] : [pvpanic(config.pvpanicPort)]),
  );
}

/** COM1, LPT1: eight ports and an interrupt. */
function numbered(path: string, number: number, id: string, { base, irq }: { base: number; irq: number }): Aml {
  return device(
    `${path}${number}`,
    name("_HID", eisaId(id)),
    name("_UID", integer(number)),
    name("_STA", integer(0x0f)),
    name("_CRS", resourceTemplate(ioPorts(base, 8), isaIrq(irq))),
  );
}

/** Its id is none of the EISA kind (QEMU docs/specs/pvpanic.rst). */
function pvpanic(port: number): Aml {
  return device(
    "PEVT",
    name("_HID", text("QEMU0001")),
    name("_STA", integer(0x0f)),
    name("_CRS", resourceTemplate(ioPorts(port, 1))),
  );
}

function isaDevice(path: string, id: string, ...resources: Aml[]): Aml {
  return device(
    path,
    name("_HID", eisaId(id)),
    name("_STA", integer(0x0f)),
    name("_CRS", resourceTemplate(...resources)),
  );
}

function floppy(): Aml {
  const dmaChannel2: Aml = [0x2a, 0x04, 0x00];
  return isaDevice("FDC0", "PNP0700", ioPorts(0x3f2, 4), ioPorts(0x3f7, 1), isaIrq(6), dmaChannel2);
}

/** What nobody else may use: ACPI registers, port 92h, the APICs. */
function motherboard(config: AcpiConfig): Aml {
  return isaDevice(
    "MBRD",
    "PNP0C02",
    ioPorts(config.pmBase, 0x40),
    ioPorts(config.gpe0Base, 4),
    ioPorts(config.smiCommandPort, 2),
    ioPorts(0x92, 1),
    ioPorts(0x4d0, 2),
    fixedMemory(config.ioApicBase, 0x1000),
    fixedMemory(config.localApicBase, 0x100000),
  );
}

/** Shared by the links: the state and the present interrupt that a PIRQ register stands for. */
function linkMethods(): Aml {
  const disabled = and(integer(LINK_DISABLED), ARG0);
  return [
    ...method("IQST", 1, false, ifThen(disabled, returns(integer(0x09))), returns(integer(0x0b))),
    ...method(
      "IQCR",
      1,
      true,
      name("PRR0", resourceTemplate(sharedLevelInterrupts(0))),
      createDwordField(namePath("PRR0"), 5, "PRRI"),
      ifThen(lessThan(ARG0, integer(LINK_DISABLED)), store(ARG0, namePath("PRRI"))),
      returns(namePath("PRR0")),
    ),
  ];
}

function link(path: string, index: number): Aml {
  const register = namePath(`\\_SB.PCI0.ISA.PRQ${index}`);
  return device(
    path,
    name("_HID", eisaId("PNP0C0F")),
    name("_UID", integer(index)),
    name("_PRS", resourceTemplate(sharedLevelInterrupts(...LINK_CHOICES))),
    method("_STA", 0, false, returns(call("IQST", register))),
    method("_DIS", 0, false, orInto(register, integer(LINK_DISABLED), register)),
    method("_CRS", 0, false, returns(call("IQCR", register))),
    method("_SRS", 1, false, createDwordField(ARG0, 5, "PRRI"), store(namePath("PRRI"), register)),
  );
}

function hpet(config: AcpiConfig): Aml {
  if (config.hpetBase === undefined) return [];
  return isaDevice("HPET", "PNP0103", fixedMemory(config.hpetBase, 0x400));
}
