import { expect, it } from "vitest";
import { parseUrlOptions } from "./urlOptions.ts";

it("takes what the URL mentions and nothing else", () => {
  expect(parseUrlOptions("")).toEqual({});
  expect(parseUrlOptions("?guest=linux-686&engine=jit&memory=512&append=console%3DttyS0+quiet&view=serial")).toEqual({
    guest: "linux-686",
    engine: "jit",
    memoryMib: 512,
    append: "console=ttyS0 quiet",
    view: "serial",
  });
});

it("keeps an empty command line", () => {
  expect(parseUrlOptions("?append=")).toEqual({ append: "" });
});

it.each(["memory=0", "memory=3073", "memory=1e3", "memory=", "memory=-5", "engine=", "engine=JIT", "view=vga"])(
  "%s is a mistake",
  (query) => {
    expect(() => parseUrlOptions(`?${query}`)).toThrow(query);
  },
);
