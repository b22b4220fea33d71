import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dispersedSource } from "./dispersed.ts";
import { PROGRAMS } from "./programs.ts";

describe("the guest's programs", () => {
  it("are those of its C source", () => {
    const source = readFileSync(new URL("../guest/programs.c", import.meta.url), "utf8");
    const names = [...source.matchAll(/\{"(\w+)", \1_round\}/g)].map(([, name]) => name);
    expect(names).toEqual(PROGRAMS.map(({ name }) => name));
  });

  it("hold 2,000 functions, each called once directly and once through the table", () => {
    const source = dispersedSource();
    const count = (pattern: RegExp) => new Set([...source.matchAll(pattern)].map(([, number]) => number)).size;
    expect(count(/^BLOCK block(\d+)\(/gm)).toBe(2000);
    expect(count(/^ {4}x = block(\d+)\(x\);$/gm)).toBe(2000);
    const table = /table\[\] = \{(.*)\}/.exec(source)![1]!.split(", ");
    expect(new Set(table).size).toBe(2000);
  });
});
