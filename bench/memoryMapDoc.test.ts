/** docs/memory-map.md against the map that the engine is compiled with. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

/** Names and values of `assembly/shared/memoryMap.ts`: a const enum has no object to ask. */
function mapInCode(): Map<string, number> {
  const lines = read("../assembly/shared/memoryMap.ts").matchAll(/^\s*([A-Z_]+) = (0x[\da-f_]+),$/gm);
  return new Map([...lines].map(([, name, value]) => [name!, parse(value!)]));
}

/** The table's rows: start, and size where there is one. */
function mapInDoc(): Map<string, number> {
  const map = new Map<string, number>();
  const rows = read("../docs/memory-map.md").matchAll(
    /^\| `([A-Z_]+)` +\| `(0x[\da-f_]+)` +\| (?:`(0x[\da-f_]+)`|[^|]*) *\|/gm,
  );
  for (const [, name, start, size] of rows) {
    if (name === "STATICS") map.set("STATICS_END", parse(start!) + parse(size!));
    else {
      map.set(name!, parse(start!));
      if (size !== undefined) map.set(`${name}_SIZE`, parse(size));
    }
  }
  return map;
}

function parse(hex: string): number {
  return Number.parseInt(hex.replaceAll("_", ""), 16);
}

it("the table of docs/memory-map.md is the map of the engine", () => {
  const code = mapInCode();
  expect(code.size).toBeGreaterThan(20);
  expect(Object.fromEntries([...mapInDoc()].sort())).toEqual(Object.fromEntries([...code].sort()));
});

it("areas lie one after the other without overlap", () => {
  const code = mapInCode();
  const starts = [...code].filter(([name]) => code.has(`${name}_SIZE`)).sort(([, a], [, b]) => a - b);
  let end = code.get("STATICS_END")!;
  for (const [name, start] of starts) {
    expect(start, name).toBeGreaterThanOrEqual(end);
    end = start + code.get(`${name}_SIZE`)!;
  }
  expect(code.get("GUEST_RAM")).toBe(end);
});
