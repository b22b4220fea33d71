import { beforeEach, describe, expect, it } from "vitest";
import { A, CR0, CR4, D, EFER, FLAG_AC, fault, G, Mmu, NX, P, SCRATCH, Tables64, U, W } from "./harness";

const m = new Mmu();
const x = m.x;
let t: Tables64;
const READ = 0;
const WRITE = 2;
const USER = 4;
const FETCH = 16;
const HIGH = 0xffff_8000_0000_0000n;
const hex = (v: bigint) => BigInt.asUintN(64, v).toString(16);

beforeEach(() => {
  m.reset();
  t = new Tables64(m);
});

describe("4-level paging", () => {
  it("translates 4 KiB, 2 MiB and 1 GiB pages, at both canonical ends", () => {
    t.map(0x1234_5000n, 0x80_0000n, P | W);
    t.map(HIGH, 0x60_0000n, P | W, 2);
    t.map(0x40_0000_0000n, 0x8040_000_0000n & 0xff_c000_0000n, P | W, 3);
    t.map(0xffff_ffff_ffff_f000n, 0x12_3456_7000n, P);
    t.enable();
    expect(hex(x.translateTo(0x1234_5678n, READ))).toBe("800678");
    expect(hex(x.translateTo(HIGH + 0x1f_fabcn, READ))).toBe("7ffabc");
    expect(hex(x.translateTo(0x40_3fff_ffffn, READ))).toBe(hex((0x8040_000_0000n & 0xff_c000_0000n) | 0x3fff_ffffn));
    expect(hex(x.translateTo(0xffff_ffff_ffff_ffffn, READ))).toBe("1234567fff");
    expect(fault(m)).toBe("none");
  });

  it("writes A at every level on reads, D on writes only, and nothing on faults", () => {
    const leaf = t.map(0x5000n, 0x80_0000n, P);
    t.enable({ cr0: CR0.WP });
    const addresses = [4, 3, 2].map((level) => t.entry(0x5000n, level)).concat(leaf);
    x.store8!(0x5000n, 1n);
    expect(fault(m)).toBe("PF 3");
    expect(addresses.map((a) => m.get64(a) & (A | D))).toEqual([0n, 0n, 0n, 0n]);
    x.load8(0x5000n);
    expect(addresses.map((a) => m.get64(a) & (A | D))).toEqual([A, A, A, A]);
    expect(x.tags!(0x5000n)).toBe(1 | 4);
    m.put64(leaf, 0x80_0000n | P | W | A);
    x.page!(0x5000n);
    x.load8(0x5000n);
    expect(x.tags!(0x5000n)).toBe(1 | 4); // clean: no write tag yet
    x.store8!(0x5000n, 0x42n);
    expect(m.get64(leaf) & (A | D)).toBe(A | D);
    expect(addresses.slice(0, 3).map((a) => m.get64(a) & D)).toEqual([0n, 0n, 0n]);
    expect(x.tags!(0x5000n)).toBe(7);
    expect(m.get32(0x80_0000)).toBe(0x42);
    x.page!(0x5000n);
    x.load8(0x5000n);
    expect(x.tags!(0x5000n)).toBe(7); // dirty already
  });

  it("sets A and D of large pages in the leaf", () => {
    const leaf = t.map(0x20_0000n, 0x40_0000n, P | W, 2);
    const giant = t.map(0x80_0000_0000n, 0n, P | W, 3);
    t.enable();
    x.store32!(0x20_1000n, 7n);
    expect(m.get64(leaf) & (A | D)).toBe(A | D);
    expect(m.get32(0x40_1000)).toBe(7);
    x.load8(0x80_0040_1000n);
    expect(m.get64(giant) & (A | D)).toBe(A);
    x.store32!(0x80_0040_1000n, 8n);
    expect(m.get64(giant) & (A | D)).toBe(A | D);
    expect(m.get32(0x40_1000)).toBe(8);
  });

  it("faults with P clear at each level", () => {
    for (const level of [4, 3, 2, 1]) {
      t.map(0x5000n, 0x80_0000n, P | W | U);
      const address = t.entry(0x5000n, level);
      const old = m.get64(address);
      m.put64(address, old & ~P);
      t.enable({ efer: EFER.NXE });
      x.load8(0x5123n);
      expect(fault(m)).toBe("PF 0");
      expect(x.cr2()).toBe(0x5123n);
      x.store8!(0x5123n, 1n);
      expect(fault(m)).toBe("PF 2");
      expect(x.fetch(0x5123n)).toBe(-1n);
      expect(fault(m)).toBe("PF 16");
      x.setCpl!(3, 0n);
      x.load8(0x5123n);
      expect(fault(m)).toBe("PF 4");
      x.setCpl!(0, 0n);
      m.put64(address, old);
    }
  });

  it("faults on reserved bits", () => {
    const cases: [string, number, bigint, number, bigint][] = [
      ["bit 40 of a PTE", 1, 1n << 40n, 1, 0n],
      ["bit 51 of a PDE", 2, 1n << 51n, 1, 0n],
      ["bit 45 of a PDPTE", 3, 1n << 45n, 1, 0n],
      ["bit 40 of a PML4E", 4, 1n << 40n, 1, 0n],
      ["PS of a PML4E", 4, 0x80n, 1, 0n],
      ["NX without NXE in a PTE", 1, NX, 1, 0n],
      ["NX without NXE in a PML4E", 4, NX, 1, 0n],
      ["bit 13 of a 2 MiB page", 2, 1n << 13n, 2, 0n],
      ["bit 20 of a 2 MiB page", 2, 1n << 20n, 2, 0n],
      ["bit 29 of a 1 GiB page", 3, 1n << 29n, 3, 0n],
    ];
    for (const [name, level, bits, leafLevel, efer] of cases) {
      m.reset();
      t = new Tables64(m);
      t.map(0x5000n, 0n, P | W | U, leafLevel);
      const address = t.entry(0x5000n, level);
      m.put64(address, m.get64(address) | bits);
      t.enable({ efer });
      x.load8(0x5000n);
      expect([name, fault(m)]).toEqual([name, "PF 9"]);
      x.setCpl!(3, 0n);
      x.store8!(0x5000n, 0n);
      expect([name, fault(m)]).toEqual([name, "PF 15"]);
    }
    // Ignored bits: 52-62 of any entry, 12 (PAT) of large pages.
    m.reset();
    t = new Tables64(m);
    const address = t.map(0x20_0000n, 0x20_0000n, P | (0x7ffn << 52n) | (1n << 12n), 2);
    t.enable();
    x.load8(0x20_0000n);
    expect(fault(m)).toBe("none");
    expect(m.get64(address) & A).toBe(A);
  });

  it("raises #GP, or #SS through SS, for non-canonical addresses", () => {
    t.map(0n, 0n, P | W, 2);
    t.enable();
    x.load8(0x8000_0000_0000n);
    expect(fault(m)).toBe("GP 0");
    x.setInsn!(SCRATCH);
    m.view.setUint8(SCRATCH + 7, 2); // Insn.segment = SS
    x.store8!(0x7fff_0000_0000_0000n, 0n);
    expect(fault(m)).toBe("SS 0");
    x.fetch(0x8000_0000_0000n);
    expect(fault(m)).toBe("GP 0");
    x.sysLoad32(0x8000_0000_0000n);
    expect(fault(m)).toBe("GP 0");
    m.view.setUint8(SCRATCH + 7, 3);
    x.load8(0x8000_0000_0000n);
    expect(fault(m)).toBe("GP 0");
    // The last bytes of the low half, crossing into the hole.
    t.map(0x7fff_ffff_f000n, 0x50_0000n, P | W);
    x.store64!(0x7fff_ffff_fffcn, -1n);
    expect(fault(m)).toBe("GP 0");
    expect(m.get32(0x50_0ffc)).toBe(0);
    x.setInsn!(0);
  });

  it("takes page-table entries in MMIO as all ones", () => {
    m.put64(t.entry(0x5000n, 4), 0xf000_0000n | P | W);
    t.enable({ efer: EFER.NXE });
    x.load8(0x5000n);
    expect(fault(m)).toBe("PF 9");
    expect(m.takeMmio()).toEqual([]);
  });
});

/** What the manual's section 4.6 says, written independently of the walk's order. */
function allowed(
  access: number,
  user: boolean,
  o: { w: boolean; u: boolean; nx: boolean; wp: boolean; smep: boolean; smap: boolean; ac: boolean; nxe: boolean },
): boolean {
  if (access === FETCH) {
    if (o.nx && o.nxe) return false;
    return user ? o.u : !(o.u && o.smep);
  }
  if (user) return o.u && (access === READ || o.w);
  if (o.u && o.smap && !o.ac) return false;
  return access === READ || o.w || !o.wp;
}

describe("rights", () => {
  it("agree with SDM vol. 3A 4.6 in every combination, from page tables and from the TLB", () => {
    const bools = [false, true];
    let checked = 0;
    for (const nxe of bools)
      for (const wp of bools)
        for (const smep of bools)
          for (const smap of bools)
            for (const level of [4, 3, 2, 1])
              for (const w of bools)
                for (const u of bools)
                  for (const nx of bools) {
                    if (nx && !nxe) continue;
                    m.reset(0x12_0000);
                    t = new Tables64(m);
                    t.map(0x5000n, 0x80_0000n, P | W | U);
                    const address = t.entry(0x5000n, level);
                    let bits = m.get64(address) & ~(W | U);
                    if (w) bits |= W;
                    if (u) bits |= U;
                    if (nx) bits |= NX;
                    m.put64(address, bits);
                    t.enable({
                      cr0: wp ? CR0.WP : 0n,
                      cr4: (smep ? CR4.SMEP : 0n) | (smap ? CR4.SMAP : 0n),
                      efer: nxe ? EFER.NXE : 0n,
                    });
                    for (const user of bools)
                      for (const ac of bools)
                        for (const access of [READ, WRITE, FETCH, READ, WRITE]) {
                          x.setCpl!(user ? 3 : 0, ac ? FLAG_AC : 0n);
                          if (access === READ) x.load8(0x5000n);
                          else if (access === WRITE) x.store8!(0x5000n, 1n);
                          else x.fetch(0x5000n);
                          const may = allowed(access, user, { w, u, nx, wp, smep, smap, ac, nxe });
                          const code =
                            1 |
                            (access === WRITE ? WRITE : 0) |
                            (user ? USER : 0) |
                            (access === FETCH && (nxe || smep) ? FETCH : 0);
                          const got = fault(m);
                          if (got !== (may ? "none" : `PF ${code}`))
                            throw new Error(
                              `${JSON.stringify({ nxe, wp, smep, smap, level, w, u, nx, user, ac, access })}: ${got}, not ${may ? "none" : code}`,
                            );
                          checked++;
                        }
                    // Implicit supervisor accesses: from CPL 3 too, AC no help.
                    for (const access of [READ, WRITE]) {
                      if (access === READ) x.sysLoad32(0x5000n);
                      else x.sysStore32!(0x5000n, 1n);
                      const may = allowed(access, false, { w, u, nx, wp, smep, smap, ac: false, nxe });
                      expect(fault(m)).toBe(may ? "none" : `PF ${1 | access}`);
                      checked++;
                    }
                  }
    expect(checked).toBeGreaterThan(5000);
  });

  it("#AC comes where CR0.AM, AC and CPL 3 hold, only for unaligned accesses", () => {
    t.map(0n, 0n, P | W | U, 2);
    t.enable({ cr0: CR0.AM });
    x.setCpl!(3, FLAG_AC);
    expect(x.kind!()).toBe(3);
    x.load32(0x1002n);
    expect(fault(m)).toBe("AC 0");
    x.store64!(0x1004n, 0n);
    expect(fault(m)).toBe("AC 0");
    x.add32!(0x1001n, 1n);
    expect(fault(m)).toBe("AC 0");
    x.store16!(0x1002n, 5n);
    x.store8!(0x1001n, 5n);
    x.add32!(0x1004n, 3n);
    expect(fault(m)).toBe("none");
    expect(m.get32(0x1000)).toBe(0x0005_0500);
    expect(m.get32(0x1004)).toBe(3);
    expect(x.canWrite!(0x1004n, 16)).toBe(0);
    expect(fault(m)).toBe("AC 0");
    expect(x.canWrite!(0x1008n, 16)).toBe(1);
    x.load8(0x8000_0000_0000n);
    expect(fault(m)).toBe("GP 0");
    x.load32(0x8000_0000_0001n);
    expect(fault(m)).toBe("GP 0");
    x.setCpl!(3, 0n);
    x.load32(0x1002n);
    x.setCpl!(0, FLAG_AC);
    x.load32(0x1002n);
    x.setCpl!(3, FLAG_AC);
    x.sysLoad32(0x1002n);
    expect(fault(m)).toBe("none");
  });
});

describe("TLB flushes", () => {
  it("a CR3 load keeps global pages, flushAll none", () => {
    const global = t.map(0x5000n, 0x80_0000n, P | G);
    const local = t.map(0x6000n, 0x80_1000n, P);
    t.enable({ cr4: CR4.PGE });
    m.put32(0x80_0000, 1);
    m.put32(0x80_1000, 2);
    m.put32(0x90_0000, 3);
    const values = () => [x.load32(0x5000n), x.load32(0x6000n)];
    expect(values()).toEqual([1n, 2n]);
    m.put64(global, 0x90_0000n | P | G);
    m.put64(local, 0x90_0000n | P);
    expect(values()).toEqual([1n, 2n]);
    const before = x.epoch!();
    x.nonGlobal!();
    expect(x.epoch!()).toBe(before + 1);
    expect(values()).toEqual([1n, 3n]);
    x.all!();
    expect(values()).toEqual([3n, 3n]);
  });

  it("without CR4.PGE the G bit means nothing", () => {
    t.map(0x5000n, 0x80_0000n, P | G);
    t.enable();
    x.load8(0x5000n);
    x.nonGlobal!();
    expect(x.tags!(0x5000n)).toBe(0);
  });

  it("global pages that replace local entries survive, and after log overflow too", () => {
    for (let i = 0n; i < 16n; i++) t.map(0x20_0000n * i, 0x20_0000n * (i + 1n), P, 2); // 32 MiB: 8,192 pages
    for (let i = 0n; i < 16n; i++) t.map(HIGH + 0x20_0000n * i, 0x20_0000n * (i + 1n), P | G, 2);
    t.enable({ cr4: CR4.PGE });
    x.sweep!(0n, 100, 1, false);
    x.sweep!(HIGH, 50, 1, false);
    x.nonGlobal!();
    expect(x.tags!(HIGH)).toBe(1 | 4);
    expect(x.tags!(60n << 12n)).toBe(0);
    // More fills than a log holds: local ones, then global ones over some.
    x.sweep!(0n, 8192, 1, false);
    x.sweep!(HIGH, 1000, 1, false);
    x.nonGlobal!();
    for (let i = 0n; i < 8192n; i++) {
      if (x.tags!(i << 12n)) throw new Error(`page ${i} left`);
      if (!x.tags!(HIGH + (i << 12n)) !== i >= 1000n) throw new Error(`global page ${i}`);
    }
    x.sweep!(HIGH, 8192, 1, false);
    x.sweep!(HIGH, 8192, 1, false);
    x.all!();
    for (let i = 0n; i < 8192n; i++) if (x.tags!(HIGH + (i << 12n))) throw new Error(`global page ${i} left`);
  });

  it("INVLPG forgets one small page, of all privileges, global or not", () => {
    const leaf = t.map(0x5000n, 0x80_0000n, P | U | G);
    t.map(0x6000n, 0x80_1000n, P | U);
    t.enable({ cr4: CR4.PGE });
    m.put32(0x90_0000, 9);
    x.load32(0x5000n);
    x.load32(0x6000n);
    x.setCpl!(3, 0n);
    x.load32(0x5000n);
    m.put64(leaf, 0x90_0000n | P | U | G);
    x.page!(0x5fffn);
    expect(x.load32(0x5000n)).toBe(9n);
    x.setCpl!(0, 0n);
    expect(x.tags!(0x6000n)).not.toBe(0);
    expect(x.load32(0x5000n)).toBe(9n);
  });

  it("INVLPG of a large page forgets all its fragments, and only those regions", () => {
    t.map(0x4000_0000n, 0x20_0000n, P, 2);
    t.map(0x80_0000_0000n, 0n, P, 3);
    t.map(0x8000_0000n, 0x80_0000n, P);
    t.enable();
    x.sweep!(0x4000_0000n, 512, 1, false);
    x.load8(0x8020_0000n);
    fault(m);
    x.load8(0x8000_0000n); // shares TLB slots with nothing above but slot 0 of another region
    x.page!(0x4001_2345n);
    for (let i = 0n; i < 512n; i++) expect(x.tags!(0x4000_0000n + (i << 12n))).toBe(0);
    // The region is small-paged again: INVLPG there costs one entry.
    x.load8(0x4000_1000n);
    x.load8(0x4000_2000n);
    x.page!(0x4000_1000n);
    expect(x.tags!(0x4000_2000n)).toBe(0);
    x.sweep!(0x80_0000_0000n, 300, 1, false);
    x.page!(0x80_3fff_f000n);
    for (let i = 0n; i < 300n; i++) expect(x.tags!(0x80_0000_0000n + (i << 12n))).toBe(0);
  });

  it("two large regions in one slot are both remembered", () => {
    const apart = 4096n << 22n; // the same slot
    t.map(0n, 0n, P, 2);
    t.map(apart, 0x20_0000n, P, 2);
    t.enable();
    x.load8(0x1000n);
    x.load8(0x2000n);
    x.load8(apart + 0x3000n);
    x.load8(apart + 0x4000n);
    x.page!(0x1000n);
    expect([x.tags!(0x2000n), x.tags!(apart + 0x3000n)]).toEqual([0, 5]);
    x.page!(apart + 0x4000n);
    expect(x.tags!(apart + 0x3000n)).toBe(0);
  });
});

it("the vCPU's fields end before its segments", () => {
  expect(x.vcpuSize!()).toBeLessThanOrEqual(0x400);
});
