import { describe, expect, it } from "vitest";
import { IOAPIC_BASE } from "../apic/ioApic.ts";
import { HPET_BASE, HPET_BLOCK_ID } from "../hpet/hpet.ts";
import { ACPI_DISABLE, ACPI_ENABLE, GPE0_BASE, PM_BASE, SMI_COMMAND_PORT } from "../piix/piix4Pm.ts";
import { device, eisaId, integer, ioPorts, name, namePath, packageOf, resourceTemplate } from "./aml.ts";
import { buildAcpiTables, defaultAcpiConfig } from "./tables.ts";

const ADDRESS = 0x7fe0000;
const placed = buildAcpiTables(defaultAcpiConfig(0x8000000), ADDRESS);
const view = new DataView(placed.tables.buffer);
const u32 = (address: number): number => view.getUint32(address - ADDRESS, true);
const signature = (address: number): string =>
  String.fromCharCode(...placed.tables.subarray(address - ADDRESS, address - ADDRESS + 4));
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
const tableAt = (address: number): Uint8Array =>
  placed.tables.subarray(address - ADDRESS, address - ADDRESS + u32(address + 4));

function listedTables(): Map<string, number> {
  const rsdt = new DataView(placed.rsdp.buffer).getUint32(16, true);
  const tables = new Map([["RSDT", rsdt]]);
  for (let at = rsdt + 36; at < rsdt + u32(rsdt + 4); at += 4) tables.set(signature(u32(at)), u32(at));
  return tables;
}

describe("ACPI tables", () => {
  it("hang together from the RSDP, with right checksums", () => {
    expect(String.fromCharCode(...placed.rsdp.subarray(0, 8))).toBe("RSD PTR ");
    expect(sum(placed.rsdp)).toBe(0);
    const tables = listedTables();
    expect([...tables.keys()]).toEqual(["RSDT", "FACP", "APIC", "HPET"]);
    const fadt = tables.get("FACP")!;
    expect([signature(u32(fadt + 36)), signature(u32(fadt + 40))]).toEqual(["FACS", "DSDT"]);
    expect(u32(fadt + 36) % 64).toBe(0);
    for (const address of [...tables.values(), u32(fadt + 40)])
      expect(sum(tableAt(address)), signature(address)).toBe(0);
  });

  it("say where the devices are", () => {
    const tables = listedTables();
    const fadt = tables.get("FACP")!;
    expect([u32(fadt + 48), u32(fadt + 56), u32(fadt + 64), u32(fadt + 76), u32(fadt + 80)]).toEqual([
      SMI_COMMAND_PORT,
      PM_BASE,
      PM_BASE + 4,
      PM_BASE + 8,
      GPE0_BASE,
    ]);
    expect([...tableAt(fadt).subarray(52, 54)]).toEqual([ACPI_ENABLE, ACPI_DISABLE]);
    const hpet = tables.get("HPET")!;
    expect([u32(hpet + 36), u32(hpet + 44)]).toEqual([HPET_BLOCK_ID, HPET_BASE]);
    expect(u32(tables.get("APIC")! + 56)).toBe(IOAPIC_BASE);
  });

  it("leave the HPET out when there is none", () => {
    const config = { ...defaultAcpiConfig(0x8000000), hpetBase: undefined };
    expect(String.fromCharCode(...buildAcpiTables(config, ADDRESS).tables)).not.toContain("HPET");
  });

  it("want an aligned address", () => {
    expect(() => buildAcpiTables(defaultAcpiConfig(0x8000000), 0x7fe0010)).toThrow(RangeError);
  });
});

// Encodings by ACPI 6.4, 20.2. The whole DSDT was disassembled and recompiled with ACPICA's iasl 20200925 by hand.
describe("AML", () => {
  it("encodes names, integers and ids", () => {
    expect(namePath("\\_SB.PCI0.ISA")).toEqual([0x5c, 0x2f, 3, ...Buffer.from("_SB_PCI0ISA_")]);
    expect(namePath("^PRQ0")).toEqual([0x5e, ...Buffer.from("PRQ0")]);
    expect([0, 1, 2, 0x1234, 0x12345678].map(integer)).toEqual([
      [0],
      [1],
      [0x0a, 2],
      [0x0b, 0x34, 0x12],
      [0x0c, 0x78, 0x56, 0x34, 0x12],
    ]);
    expect(eisaId("PNP0A03")).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x03]);
  });

  it("encodes package lengths of one, two and three bytes", () => {
    expect(device("ABCD").slice(0, 3)).toEqual([0x5b, 0x82, 0x05]);
    const body = (count: number) => packageOf(...Array.from({ length: count }, () => integer(0x1234)));
    expect(body(20).slice(0, 2)).toEqual([0x12, 0x3e]);
    expect(body(21).slice(0, 3)).toEqual([0x12, 0x42, 0x04]);
    expect(device("ABCD", ...Array.from({ length: 40 }, () => body(40))).slice(2, 5)).toEqual([0x87, 0x36, 0x01]);
  });

  it("encodes resources", () => {
    expect(name("_CRS", resourceTemplate(ioPorts(0x60, 1)))).toEqual([
      0x08, 0x5f, 0x43, 0x52, 0x53, 0x11, 0x0d, 0x0a, 0x0a, 0x47, 0x01, 0x60, 0, 0x60, 0, 1, 1, 0x79, 0,
    ]);
  });
});
