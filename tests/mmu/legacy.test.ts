import { beforeEach, describe, expect, it } from "vitest";
import { A, CR0, CR4, D, EFER, fault, G, Mmu, NX } from "./harness";

const m = new Mmu();
const x = m.x;
const hex = (v: bigint) => BigInt.asUintN(64, v).toString(16);
const PD = 0x10_0000;
const PT = 0x10_1000;

beforeEach(() => m.reset());

function enable32(cr4 = 0n, cr0 = 0n): void {
  x.setState!(CR0.PE | CR0.PG | cr0, BigInt(PD) | 0x18n, cr4, 0n);
  x.setMode!(0x1a);
}

describe("no paging", () => {
  it("linear is physical, for every privilege", () => {
    m.put32(0x1234, 0xdeadbeef);
    expect(x.load32(0x1234n)).toBe(0xdeadbeefn);
    x.setCpl!(3, 0n);
    x.store32!(0x1236n, 0x11223344n);
    expect(m.get32(0x1234)).toBe(0x3344beef);
    expect(x.tags!(0x1234n)).toBe(3 | 4);
  });
});

describe("32-bit paging", () => {
  it("translates, sets A and D, faults with exact codes", () => {
    m.put32(PD + 4, PT | 7);
    m.put32(PT + 8, 0x80_0000 | 1);
    enable32(0n, CR0.WP);
    expect(hex(x.translateTo(0x40_2abcn, 0))).toBe("800abc");
    expect(m.get32(PD + 4) & 0x60).toBe(0x20);
    expect(m.get32(PT + 8) & 0x60).toBe(0x20);
    x.store8!(0x40_2000n, 0n);
    expect(fault(m)).toBe("PF 3");
    x.load8(0x40_3000n);
    expect(fault(m)).toBe("PF 0");
    x.load8(0x80_3000n);
    expect(fault(m)).toBe("PF 0");
    x.fetch(0x80_3000n);
    expect(fault(m)).toBe("PF 0"); // no I/D without NX or SMEP
    x.setCpl!(3, 0n);
    x.load8(0x40_2000n);
    expect(fault(m)).toBe("PF 5");
    x.store8!(0x40_2000n, 0n);
    expect(fault(m)).toBe("PF 7");
    x.setCpl!(0, 0n);
    enable32();
    x.store8!(0x40_2000n, 0x77n);
    expect(fault(m)).toBe("none");
    expect(m.get32(PT + 8) & 0x60).toBe(0x60);
    expect(m.get32(0x80_0000)).toBe(0x77);
  });

  it("foresees fetches only where accessed bits are set", () => {
    m.put32(PD + 4, PT | 7);
    m.put32(PT + 8, 0x80_0000 | 1);
    enable32();
    expect(x.peek!(0x40_2abcn)).toBe(-1n);
    expect([m.get32(PD + 4), m.get32(PT + 8)]).toEqual([PT | 7, 0x80_0000 | 1]);
    x.fetch(0x40_2abcn);
    x.all!();
    expect(x.peek!(0x40_2abcn)).toBe(0x80_0abcn);
  });

  it("PSE-36: bits 13-20 of a 4 MiB page are address bits 32-39; bit 21 is reserved", () => {
    m.put32(PD, (0x40_0000 | (0x5a << 13) | 0x1000 | 0x83) >>> 0);
    enable32(CR4.PSE);
    expect(hex(x.translateTo(0x3f_ffffn, 2))).toBe("5a007fffff");
    expect(m.get32(PD) & 0x60).toBe(0x60);
    m.put32(PD, 0x40_0000 | 0x20_0000 | 0x83);
    x.all!();
    x.load8(0n);
    expect(fault(m)).toBe("PF 9");
    // Without CR4.PSE the same entry points to a page table.
    m.put32(PD, PT | 0x83);
    m.put32(PT, 0x80_0003);
    enable32();
    expect(hex(x.translateTo(0x123n, 0))).toBe("800123");
  });

  it("INVLPG of a 4 MiB page forgets both halves", () => {
    m.put32(PD, 0x40_0083);
    enable32(CR4.PSE);
    x.load8(0x1000n);
    x.load8(0x3f_f000n);
    x.page!(0x20_0000n);
    expect([x.tags!(0x1000n), x.tags!(0x3f_f000n)]).toEqual([0, 0]);
  });

  it("wraps accesses at 4 GiB", () => {
    m.put32(PD + 1023 * 4, PT | 3);
    m.put32(PT + 1023 * 4, 0x80_0003);
    m.put32(PD, 0x10_2003);
    m.put32(0x10_2000, 0x90_0003);
    enable32();
    x.store32!(0xffff_fffen, 0x44332211n);
    expect(fault(m)).toBe("none");
    expect(m.get32(0x80_0ffc)).toBe(0x22110000);
    expect(m.get32(0x90_0000)).toBe(0x4433);
    expect(x.load32(0xffff_fffen)).toBe(0x44332211n);
  });
});

describe("PAE paging", () => {
  const PDPT = 0x10_0020;
  const PAE_PD = 0x11_0000;
  const PAE_PT = 0x11_1000;
  const enable = (efer = EFER.NXE): number => {
    x.setState!(CR0.PE | CR0.PG, BigInt(PDPT), CR4.PAE | CR4.PGE, efer);
    x.setMode!(0x1a);
    return x.pdptes!();
  };

  it("uses the four PDPTEs of the last load", () => {
    m.put64(PDPT + 24, BigInt(PAE_PD) | 1n);
    m.put64(PAE_PD, BigInt(PAE_PT) | 7n);
    m.put64(PAE_PT + 8, 0x12_3456_7000n | 3n | NX);
    m.put64(PAE_PD + 8, 0x40_0000n | 0x83n | G);
    expect(enable()).toBe(1);
    expect(hex(x.translateTo(0xc000_1fffn, 0))).toBe("1234567fff");
    expect(hex(x.translateTo(0xc020_0123n, 2))).toBe("400123");
    expect(m.get64(PAE_PD + 8) & (A | D)).toBe(A | D);
    expect(m.get64(PDPT + 24)).toBe(BigInt(PAE_PD) | 1n);
    x.fetch(0xc000_1000n);
    expect(fault(m)).toBe("PF 17");
    x.load8(0x1000n);
    expect(fault(m)).toBe("PF 0");
    m.put64(PDPT + 24, 0n);
    expect(hex(x.translateTo(0xc020_0123n, 0))).toBe("400123");
    x.pdptes!();
    x.load8(0xc030_0000n);
    expect(fault(m)).toBe("PF 0");
  });

  it("refuses reserved bits in present PDPTEs only", () => {
    m.put64(PDPT, BigInt(PAE_PD) | 1n);
    m.put64(PDPT + 8, 0x1e6n);
    expect(enable()).toBe(1);
    for (const bit of [1n, 2n, 5n, 6n, 7n, 8n, 40n, 63n]) {
      m.put64(PDPT, BigInt(PAE_PD) | 1n | (1n << bit));
      expect(x.pdptes!()).toBe(0);
    }
  });

  it("reserves bits 40-62 in entries, and 63 without NXE", () => {
    m.put64(PDPT, BigInt(PAE_PD) | 1n);
    m.put64(PAE_PD, BigInt(PAE_PT) | 3n);
    for (const bit of [40n, 51n, 52n, 62n, 63n]) {
      m.put64(PAE_PT, 0x80_0003n | (1n << bit));
      enable(0n);
      x.load8(0n);
      expect(fault(m)).toBe("PF 9");
    }
  });
});
