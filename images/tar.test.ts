import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readTar } from "./tar.ts";
import { temporaryFolder } from "./testing.ts";

const LONG = "name".repeat(40);

/** An archive as dpkg-deb makes them. */
function archive(make: (folder: string) => void): Uint8Array {
  const folder = temporaryFolder();
  make(folder);
  return execFileSync("tar", ["--format=gnu", "--sort=name", "--owner=7", "--group=50", "-cf", "-", "-C", folder, "."]);
}

it("reads files, folders and links with owners and permissions", () => {
  const bytes = archive((folder) => {
    mkdirSync(join(folder, "a"), { mode: 0o755 });
    writeFileSync(join(folder, "a/run"), "x".repeat(600), { mode: 0o755 });
    linkSync(join(folder, "a/run"), join(folder, "a/same"));
    symlinkSync("../run", join(folder, "a/to"));
  });
  const entries = [...readTar(bytes)].map((entry) => ({ ...entry, data: entry.data.length }));
  const owner = { uid: 7, gid: 50 };
  expect(entries.slice(1)).toEqual([
    { path: "a", type: "directory", mode: 0o755, ...owner, target: "", data: 0 },
    { path: "a/run", type: "file", mode: 0o755, ...owner, target: "", data: 600 },
    { path: "a/same", type: "hardlink", mode: 0o755, ...owner, target: "a/run", data: 0 },
    { path: "a/to", type: "symlink", mode: 0o777, ...owner, target: "../run", data: 0 },
  ]);
  expect(entries[0]?.path).toBe("");
});

it("reads names and links that are too long for a header", () => {
  const bytes = archive((folder) => {
    writeFileSync(join(folder, LONG), "long");
    symlinkSync(LONG, join(folder, "to"));
  });
  expect([...readTar(bytes)].map(({ path, target }) => [path, target])).toEqual([
    ["", ""],
    [LONG, ""],
    ["to", LONG],
  ]);
});

it("refuses an archive that is cut short", () => {
  const bytes = archive((folder) => writeFileSync(join(folder, "file"), "x".repeat(600)));
  expect(() => [...readTar(bytes.subarray(0, 1600))]).toThrow("cut short");
});
