/** x86 -> IR -> wasm, as text: cases/*.txt. `UPDATE_GOLDEN=1 npx vitest run tests/golden` writes what is made now. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { createEngine, emptyHost } from "../support/engine.ts";
import { VCPU_FIELDS } from "./addresses.ts";
import { expectedText, readGolden, writeGolden } from "./goldenFile.ts";
import { goldenText } from "./goldenText.ts";
import { translate } from "./guest.ts";

const CASES = join(import.meta.dirname, "cases");
const UPDATE = process.env.UPDATE_GOLDEN === "1";

describe("golden files", () => {
  it.each(readdirSync(CASES))("%s", async (name) => {
    const path = join(CASES, name);
    const golden = readGolden(path);
    const text = expectedText(goldenText(await translate(golden.mode, golden.start, golden.code), golden.listing));
    if (UPDATE) writeGolden(path, golden, text);
    else expect(text).toBe(golden.expected);
  });
});

it("names of vCPU fields are taken from where the fields lie", async () => {
  const engine = await createEngine("interp", 1, emptyHost());
  const view = new DataView(engine.memory.buffer);
  const offsetOf = new Map([...VCPU_FIELDS].map(([offset, name]) => [name, offset]));
  for (const [field, name] of [
    [VcpuField.RIP, "rip"],
    [VcpuField.GDT_BASE, "gdtBase"],
    [VcpuField.EFER, "efer"],
    [VcpuField.STAT_TLB_MISSES, "statTlbMisses"],
    [VcpuField.STAT_DISPATCHES, "statDispatches"],
  ] as const) {
    const value = 0x1234_5678n + BigInt(field);
    engine.setField64(field, value);
    expect(view.getBigUint64(MemoryMap.VCPU + (offsetOf.get(name) ?? 0), true), name).toBe(value);
  }
});
