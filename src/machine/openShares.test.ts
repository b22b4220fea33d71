import { describe, expect, it } from "vitest";
import { MemoryFileTree } from "../storage/memoryFileTree.ts";
import { openShares } from "./openShares.ts";

describe("shared folders", () => {
  const open = () => new MemoryFileTree();

  it("are opened in their order", () => {
    const shares = openShares(
      [
        { tag: "a", path: "/a" },
        { tag: "b", path: "/b" },
      ],
      open,
    );
    expect(shares.map(({ tag }) => tag)).toEqual(["a", "b"]);
  });

  it("have tags of their own, and can be opened", () => {
    expect(() => openShares([{ tag: "", path: "/a" }], open)).toThrow(/is no tag/);
    expect(() => openShares([{ tag: "a b", path: "/a" }], open)).toThrow(/is no tag/);
    const twice = { tag: "a", path: "/a" };
    expect(() => openShares([twice, twice], open)).toThrow("two shared folders have the tag a");
    expect(() => openShares([twice])).toThrow("cannot be opened here");
    const fail = () => {
      throw new Error("ENOENT");
    };
    expect(() => openShares([twice], fail)).toThrow("the folder /a cannot be shared: ENOENT");
  });
});
