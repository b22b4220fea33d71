import { describe, expect, it } from "vitest";
import { parseShares } from "./virtfsOption.ts";

describe("--virtfs", () => {
  it("is a folder with a tag, read-only unless told otherwise", () => {
    expect(parseShares(["/srv/a,,b,tag=one", "x,readonly=off,tag=two"])).toEqual([
      { path: "/srv/a,b", tag: "one", readOnly: true },
      { path: "x", tag: "two", readOnly: false },
    ]);
    expect(parseShares(undefined)).toEqual([]);
  });

  it.each([
    ["/srv", "needs tag=NAME"],
    [",tag=a", "needs a folder"],
    ["/srv,tag=a,tag=b", "tag= is given twice"],
    ["/srv,tag=a,readonly=maybe", "readonly=maybe must be on or off"],
    ["/srv,tag=a,security=none", '"security=none" is neither tag= nor readonly='],
  ])("%s is an error", (text, message) => {
    expect(() => parseShares([text])).toThrow(message);
  });
});
