import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { DebianTree } from "./debianTree.ts";
import { makeExt4 } from "./ext4.ts";
import { temporaryFolder } from "./testing.ts";

const CONTROL = `Package: thing
Version: 1
Architecture: amd64
Multi-Arch: same
Maintainer: nobody
Description: a thing
`;

/** A package with `files` by path, built by dpkg-deb. */
function writePackage(files: Record<string, string>, modes: Record<string, number> = {}): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), modes[path] ?? 0o644);
  }
  const path = join(temporaryFolder(), "thing.deb");
  execFileSync("dpkg-deb", ["--root-owner-group", "-b", folder, path], { stdio: "ignore" });
  return path;
}

async function treeOf(path: string): Promise<DebianTree> {
  const tree = new DebianTree(join(temporaryFolder(), "tree"));
  await tree.addPackage({ name: "thing", version: "1", architecture: "amd64", sha256: "", path });
  tree.finish();
  return tree;
}

const read = (tree: DebianTree, path: string) => readFileSync(join(tree.root, path), "utf8");

describe("a Debian tree", () => {
  it("holds what packages hold, in merged folders and without documentation", async () => {
    const files = {
      "DEBIAN/control": CONTROL,
      "bin/run": "program",
      "usr/share/doc/thing/changelog": "text",
      "usr/share/doc/thing/copyright": "text",
    };
    const tree = await treeOf(writePackage(files, { "bin/run": 0o4755 }));
    expect(read(tree, "usr/bin/run")).toBe("program");
    expect(readlinkSync(join(tree.root, "bin"))).toBe("usr/bin");
    expect(tree.owners.get("usr/bin/run")).toEqual({ uid: 0, gid: 0, mode: 0o4755 });
    expect(existsSync(join(tree.root, "usr/share/doc/thing/changelog"))).toBe(false);
    expect(existsSync(join(tree.root, "usr/share/doc/thing/copyright"))).toBe(true);
  });

  it("has a database in which dpkg finds packages unpacked", async () => {
    const files = {
      "DEBIAN/control": CONTROL,
      "DEBIAN/conffiles": "/etc/thing.conf\n",
      "DEBIAN/triggers": "interest-noawait /usr/lib\ninterest ldconfig\nactivate other\n",
      "DEBIAN/postinst": "#!/bin/sh\n",
      "etc/thing.conf": "setting\n",
    };
    const tree = await treeOf(writePackage(files, { "DEBIAN/postinst": 0o755 }));
    const query = [
      "--admindir",
      join(tree.root, "var/lib/dpkg"),
      "-W",
      "-f",
      ["db:Status-Abbrev", "Package", "Conffiles"].map((field) => `\${${field}}`).join(""),
    ];
    const answer = execFileSync("dpkg-query", query, { encoding: "utf8" });
    expect(answer).toBe(`iU thing /etc/thing.conf ${md5Of(tree)}`);
    const listed = read(tree, "var/lib/dpkg/info/thing:amd64.list").trim().split("\n");
    expect(listed).toEqual(["/.", "/etc", "/etc/thing.conf"]);
    expect(read(tree, "var/lib/dpkg/info/thing:amd64.postinst")).toBe("#!/bin/sh\n");
    expect(read(tree, "var/lib/dpkg/triggers/File")).toBe("/usr/lib thing:amd64/noawait\n");
    expect(read(tree, "var/lib/dpkg/triggers/ldconfig")).toBe("thing:amd64\n");
  });
});

function md5Of(tree: DebianTree): string {
  return execFileSync("md5sum", [join(tree.root, "etc/thing.conf")], { encoding: "utf8" }).slice(0, 32);
}

describe("an ext4 image", () => {
  it.each([0, 1 << 20])("gives files the owners that they are to have, at %i", (offsetBytes) => {
    const [tree, image] = [temporaryFolder(), join(temporaryFolder(), "image")];
    writeFileSync(join(tree, "mine"), "mine");
    writeFileSync(join(tree, "with space"), "shadow", { mode: 0o640 });
    const owners = new Map([["with space", { uid: 3, gid: 42, mode: 0o2640 }]]);
    makeExt4({ tree, image, size: "4M", offsetBytes, owners });
    const list = ["-R", "ls -l /", `${image}?offset=${offsetBytes}`];
    const listing = execFileSync("/sbin/debugfs", list, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    expect(listing).toMatch(/ 100644 \(1\) +0 +0 +4 .* mine$/m);
    expect(listing).toMatch(/ 102640 \(1\) +3 +42 +6 .* with space$/m);
  });
});
