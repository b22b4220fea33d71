import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { appletNames } from "./busybox.ts";
import { buildInitramfs, initramfsEntries } from "./initramfs.ts";

/** The part of a busybox binary that is looked at, between other strings. */
const BUSYBOX = Buffer.from("\x7fELF junk\0zz\0[\0[[\0ash\0busybox\0cat\0sh\0\0[other]\0arp\0", "latin1");

describe("appletNames", () => {
  it("reads the table up to its end", () => {
    expect(appletNames(BUSYBOX)).toEqual(["[", "[[", "ash", "cat", "sh"]);
  });

  it("says so where there is no table", () => {
    expect(() => appletNames(Buffer.from("nothing here\0"))).toThrow(/applet table/);
  });
});

describe("initramfs", () => {
  const entries = initramfsEntries(BUSYBOX);
  const find = (path: string) => entries.find((entry) => entry.path === path);

  it("has what the kernel needs to start /init", () => {
    expect(find("dev/console")).toMatchObject({ type: "character", major: 5, minor: 1 });
    expect(find("dev/null")).toMatchObject({ type: "character", major: 1, minor: 3 });
    expect(find("init")).toMatchObject({ type: "file", mode: 0o755 });
  });

  it("links every applet to busybox", () => {
    expect(find("bin/busybox")).toMatchObject({ mode: 0o755 });
    expect(find("bin/cat")).toEqual({ type: "symlink", path: "bin/cat", target: "busybox" });
  });

  it("puts parents before children and names nothing twice", () => {
    const seen = new Set<string>();
    for (const { path } of entries) {
      const parent = path.split("/").slice(0, -1).join("/");
      expect(parent === "" || seen.has(parent), path).toBe(true);
      expect(seen.has(path), path).toBe(false);
      seen.add(path);
    }
  });

  it("is the same at every build, with neither time nor host in the gzip header", () => {
    const image = Buffer.from(buildInitramfs(BUSYBOX));
    expect(image.equals(buildInitramfs(BUSYBOX))).toBe(true);
    expect(image.subarray(0, 10).toString("hex")).toBe("1f8b0800000000000203");
    expect(gunzipSync(image).toString("latin1", 0, 6)).toBe("070701");
  });
});
