import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDebName, unpackDeb } from "./deb.ts";
import { LocalSource } from "./localSource.ts";
import { temporaryFolder, writeDeb } from "./testing.ts";
import type { PackageFile, PackageSource, PackageWanted } from "./types.ts";

describe("package files", () => {
  it("are named as apt names them", () => {
    const name = "busybox-static_1%3a1.35.0-4+deb12u1_i386.deb";
    expect(parseDebName(name)).toEqual({
      name: "busybox-static",
      version: "1:1.35.0-4+deb12u1",
      architecture: "i386",
    });
    expect(parseDebName("README")).toBeUndefined();
  });

  it("unpack whole or by folder", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.deb");
    writeDeb(path, { "boot/vmlinuz-1": "kernel", "lib/modules/x.ko": "module" });
    await unpackDeb(path, join(folder, "some"), "boot");
    expect(readFileSync(join(folder, "some/boot/vmlinuz-1"), "utf8")).toBe("kernel");
    expect(existsSync(join(folder, "some/lib"))).toBe(false);
    await unpackDeb(path, join(folder, "all"));
    expect(existsSync(join(folder, "all/lib/modules/x.ko"))).toBe(true);
  });

  it("that lack the folder are refused", async () => {
    const folder = temporaryFolder();
    writeDeb(join(folder, "a.deb"), { "etc/x": "" });
    await expect(unpackDeb(join(folder, "a.deb"), join(folder, "out"), "boot")).rejects.toThrow(/cannot unpack/);
  });
});

describe("LocalSource", () => {
  const next: PackageSource = {
    fingerprint: () => "next",
    obtainSet: async () => [],
    obtain: async ({ name }) => ({ name, version: "next", architecture: "amd64", sha256: "", path: "" }) as PackageFile,
  };
  const wanted: PackageWanted = { name: "linux-image-686", architecture: "i386", real: /^linux-image-\d\S*-686$/ };

  it("takes the newest fitting package of its folder", async () => {
    const folder = temporaryFolder();
    for (const name of ["6.1.0-9-686_6.1.9-1", "6.1.0-50-686_6.1.176-1", "6.1.0-60-686-pae_6.1.200-1"]) {
      writeDeb(join(folder, `linux-image-${name}_i386.deb`), {});
    }
    const source = new LocalSource(folder, next);
    const found = await source.obtain(wanted, () => {});
    expect(found).toMatchObject({ name: "linux-image-6.1.0-50-686", version: "6.1.176-1" });
    expect(found.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(source.fingerprint(wanted)).toContain("6.1.176-1");
  });

  it("asks the next source for what it has not", async () => {
    const source = new LocalSource(join(temporaryFolder(), "absent"), next);
    expect((await source.obtain(wanted, () => {})).version).toBe("next");
    expect(source.fingerprint(wanted)).toBe("next");
  });
});
