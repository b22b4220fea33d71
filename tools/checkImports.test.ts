import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkImports, findCycles, findImports, readGraph } from "./checkImports.ts";

const graph = (files: Record<string, string[]>) => new Map(Object.entries(files));

describe("findImports", () => {
  it("finds every form, and relative ones only", () => {
    const source = [
      'import { a } from "./a.ts";',
      'import type { B } from "../b.ts";',
      'import {\n  c,\n  d,\n} from "./c";',
      'export * from "./e.ts";',
      'import "./f.css";',
      'const g = await import("./g.ts");',
      'import { readFile } from "node:fs";',
      'import x, * as y from "./h.ts";',
    ].join("\n");
    expect(findImports(source)).toEqual(["./a.ts", "../b.ts", "./c", "./e.ts", "./f.css", "./g.ts", "./h.ts"]);
  });

  it("is not misled by comments and other text", () => {
    const source =
      '// import "./a.ts"\n/* import "./b.ts" */\nexport const text = "./c.ts";\nexport type T = "./d.ts";\n';
    expect(findImports(source)).toEqual([]);
  });
});

describe("checkImports", () => {
  it("lets higher layers import lower ones, and equals each other", () => {
    const files = { "src/vm/a.ts": ["src/machine/b.ts"], "src/machine/b.ts": ["src/devices/x/c.ts"] };
    const engine = { "assembly/isa/a.ts": ["assembly/interp/exec.ts"], "assembly/interp/exec.ts": [] };
    expect(checkImports(graph({ ...files, ...engine, "src/devices/x/c.ts": ["assembly/shared/m.ts"] }))).toEqual([]);
  });

  it.each([
    ["src/devices/x/a.ts", "src/machine/pc.ts", "a lower layer"],
    ["src/devices/x/a.ts", "src/core/engine.ts", "a device is handed"],
    ["src/machine/a.ts", "src/vm/vm.ts", "a lower layer"],
    ["src/core/a.ts", "assembly/cpu/state.ts", "of the engine's sources only"],
    ["assembly/decode/a.ts", "assembly/interp/run.ts", "a lower layer"],
    ["assembly/cpu/state.ts", "assembly/mmu/tlb.ts", "a lower layer"],
  ])("refuses %s -> %s", (from, to, why) => {
    expect(checkImports(graph({ [from]: [to] }))).toEqual([expect.stringContaining(`${from} imports ${to}: ${why}`)]);
  });

  it("wants every file in a layer", () => {
    expect(checkImports(graph({ "src/misc/a.ts": [] }))).toEqual(["src/misc/a.ts is in no known layer"]);
  });
});

describe("findCycles", () => {
  it("finds a shortest cycle of each knot", () => {
    const knot = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["c"], e: ["a"] };
    expect(findCycles(graph({ ...knot, x: ["x"], y: ["z"], z: ["y"] }))).toEqual([
      ["a", "b", "c", "a"],
      ["x", "x"],
      ["y", "z", "y"],
    ]);
  });
});

it("reads this project", () => {
  const files = readGraph(join(import.meta.dirname, ".."));
  expect(files.get("src/cli/main.ts")).toContain("src/cli/options.ts");
  expect(files.get("assembly/index.ts")).toContain("assembly/cpu/state.ts");
});
