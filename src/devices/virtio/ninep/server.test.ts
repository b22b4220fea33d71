import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Errno, type FileTree } from "../../../bus/fileTree.ts";
import { MemoryFileTree } from "../../../storage/memoryFileTree.ts";
import { NodeFileTree } from "../../../storage/nodeFileTree.ts";
import { T } from "./messages.ts";
import { NinepServer } from "./server.ts";
import { message, TestClient } from "./testClient.ts";

const folders: string[] = [];

function hostFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tabvisor-9p-")));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const TREES: readonly { kind: string; create: () => FileTree }[] = [
  { kind: "memory", create: () => new MemoryFileTree() },
  { kind: "a folder of the host", create: () => new NodeFileTree(hostFolder()) },
];

for (const { kind, create } of TREES) {
  describe(`a 9P2000.L server on ${kind}`, () => {
    let client: TestClient;
    let server: NinepServer;

    beforeEach(async () => {
      server = new NinepServer("9p", create());
      client = new TestClient(server);
      await client.start();
    });

    /** A file in the root, closed again. */
    const put = async (name: string, text: string): Promise<void> => {
      await client.walk(90);
      await client.create(90, name);
      await client.write(90, text);
      await client.clunk(90);
    };
    const mkdir = (name: string, fid = 0) =>
      client.call(T.Mkdir, (writer) => writer.u32(fid).text(name).u32(0o755).u32(0));

    it("agrees on a version, and knows one only", async () => {
      const reply = await client.call(T.Version, (writer) => writer.u32(0x100_0000).text("9P2000.u"));
      expect([reply.u32(), reply.text()]).toEqual([512 * 1024, "unknown"]);
      expect(await client.errnoOf(T.Version, (writer) => writer.u32(100).text("9P2000.L"))).toBe(Errno.EINVAL);
    });

    it("makes, writes, reads and stats files", async () => {
      await put("file", "hello, guest");
      expect(await client.walk(1, "file")).toBe(1);
      expect(await client.stat(1)).toMatchObject({ mode: 0o100644, links: 1, sizeBytes: 12 });
      await client.open(1, 2);
      expect(await client.read(1, 7)).toBe("guest");
      expect(await client.read(1, 100)).toBe("");
      expect(await client.write(1, "!!", 12)).toBe(2);
      expect(await client.read(1)).toBe("hello, guest!!");
      await client.call(T.Fsync, (writer) => writer.u32(1).u32(0));
      expect(await client.errnoOf(T.Read, (writer) => writer.u32(77).u64(0).u32(1))).toBe(Errno.EBADF);
    });

    it("walks as far as there are names", async () => {
      await mkdir("a");
      await client.walk(1, "a");
      await mkdir("b", 1);
      expect(await client.walk(2, "a", "b")).toBe(2);
      expect(await client.walk(3, "a", "b", "..", "..", "..", "a")).toBe(6);
      expect(await client.walk(4, "a", "x", "y")).toBe(1);
      expect(await client.errnoOf(T.Clunk, (writer) => writer.u32(4))).toBe(Errno.EBADF);
      expect(await client.errnoOf(T.Walk, (writer) => writer.u32(0).u32(5).u16(1).text("x"))).toBe(Errno.ENOENT);
      expect(await client.errnoOf(T.Walk, (writer) => writer.u32(0).u32(2).u16(0))).toBe(Errno.EBADF);
    });

    it("lists directories in pieces", async () => {
      const names = Array.from({ length: 20 }, (_unused, index) => `file-${index}`);
      for (const name of names) await put(name, "");
      await client.walk(1);
      await client.open(1);
      const found: string[] = [];
      for (let offset = 0; ; ) {
        const part = await client.names(1, offset, 100);
        if (part.length === 0) break;
        found.push(...part.map(({ name }) => name));
        offset = part.at(-1)?.offset ?? 0;
      }
      expect(found.sort()).toEqual([".", "..", ...names].sort());
    });

    it("changes attributes", async () => {
      await put("file", "0123456789");
      await client.walk(1, "file");
      const change = (valid: number, mode: number, size: number, mtime: number) =>
        client.call(T.Setattr, (writer) =>
          writer.u32(1).u32(valid).u32(mode).u32(0).u32(0).u64(size).u64(0).u64(0).u64(mtime).u64(0),
        );
      await change(0x1 | 0x8 | 0x20 | 0x100, 0o600, 4, 1_500_000_000);
      expect(await client.stat(1)).toMatchObject({ mode: 0o100600, sizeBytes: 4, mtime: 1_500_000_000 });
      await change(0x8, 0, 8, 0);
      await client.open(1);
      expect(await client.read(1)).toBe("0123\0\0\0\0");
    });

    it("links, and reads symbolic links without following them", async () => {
      await put("file", "x");
      await client.walk(1, "file");
      await client.call(T.Link, (writer) => writer.u32(0).u32(1).text("hard"));
      await client.call(T.Symlink, (writer) => writer.u32(0).text("soft").text("../../etc/passwd").u32(0));
      await client.walk(2, "hard");
      await client.walk(3, "soft");
      expect([(await client.stat(2)).links, (await client.stat(3)).mode & 0o170000]).toEqual([2, 0o120000]);
      expect((await client.call(T.Readlink, (writer) => writer.u32(3))).text()).toBe("../../etc/passwd");
      expect(await client.errnoOf(T.Lopen, (writer) => writer.u32(3).u32(0))).not.toBe(0);
    });

    it("renames; fids go with their files", async () => {
      await mkdir("old");
      await client.walk(1, "old");
      await client.create(1, "file");
      await client.walk(2, "old", "file");
      await client.call(T.Renameat, (writer) => writer.u32(0).text("old").u32(0).text("new"));
      expect(await client.walk(3, "new", "file")).toBe(2);
      expect((await client.stat(2)).mode).toBe(0o100644);
      await client.call(T.Rename, (writer) => writer.u32(2).u32(0).text("moved"));
      expect(await client.walk(4, "moved")).toBe(1);
      await put("other", "");
      await client.call(T.Renameat, (writer) => writer.u32(0).text("moved").u32(0).text("other"));
      expect(await client.errnoOf(T.Renameat, (writer) => writer.u32(0).text("new").u32(0).text("other"))).toBe(
        Errno.ENOTDIR,
      );
    });

    it("removes files and empty directories; an open file is there until it is closed", async () => {
      await mkdir("dir");
      await put("file", "kept");
      await client.walk(1, "file");
      await client.open(1);
      const unlink = (name: string, flags = 0) =>
        client.errnoOf(T.Unlinkat, (writer) => writer.u32(0).text(name).u32(flags));
      expect(await unlink("file")).toBe(0);
      expect([await client.read(1), (await client.stat(1)).sizeBytes]).toEqual(["kept", 4]);
      expect(await unlink("file")).toBe(Errno.ENOENT);
      expect(await unlink("dir")).toBe(Errno.EISDIR);
      await client.walk(2, "dir");
      await mkdir("inner", 2);
      expect(await unlink("dir", 0x200)).toBe(Errno.ENOTEMPTY);
      await client.walk(3, "dir", "inner");
      await client.call(T.Remove, (writer) => writer.u32(3));
      expect(await unlink("dir", 0x200)).toBe(0);
    });

    it("says what the file system has, and always gives locks", async () => {
      const statfs = await client.call(T.Statfs, (writer) => writer.u32(0));
      statfs.u32();
      expect(statfs.u32()).toBeGreaterThan(0);
      const lock = await client.call(T.Lock, (writer) => writer.u32(0).u8(1).u32(0).u64(0).u64(0).u32(1).text("me"));
      expect(lock.u8()).toBe(0);
      const held = await client.call(T.Getlock, (writer) => writer.u32(0).u8(1).u64(5).u64(6).u32(7).text("me"));
      expect([held.u8(), held.u64(), held.u64(), held.u32(), held.text()]).toEqual([2, 5, 6, 7, "me"]);
      expect(await client.errnoOf(T.Xattrwalk, (writer) => writer.u32(0).u32(1).text("user.x"))).toBe(Errno.EOPNOTSUPP);
    });

    it("refuses names that lead elsewhere", async () => {
      for (const name of ["", ".", "..", "a/b", "/etc", "x\0y"]) {
        expect(await client.errnoOf(T.Mkdir, (writer) => writer.u32(0).text(name).u32(0o755).u32(0))).toBe(
          Errno.EINVAL,
        );
        expect(await client.errnoOf(T.Lcreate, (writer) => writer.u32(0).text(name).u32(2).u32(0o644).u32(0))).toBe(
          Errno.EINVAL,
        );
      }
      expect(await client.errnoOf(T.Mkdir, (writer) => writer.u32(0).text("n".repeat(256)).u32(0).u32(0))).toBe(
        Errno.ENAMETOOLONG,
      );
    });

    it("answers messages that make no sense with an error", async () => {
      const answer = async (bytes: Uint8Array) => (await server.handle(bytes, new Uint8Array(8192)))[4];
      expect(await answer(new Uint8Array(0))).toBe(T.Error + 1);
      expect(await answer(message(T.Walk))).toBe(T.Error + 1);
      expect(await answer(message(200))).toBe(T.Error + 1);
      expect(await answer(message(T.Write, (writer) => writer.u32(0).u64(0).u32(0xffff_ffff)))).toBe(T.Error + 1);
      expect(await answer(message(T.Mkdir, (writer) => writer.u32(0).u16(2).u8(0xff).u8(0xfe).u32(0).u32(0)))).toBe(
        T.Error + 1,
      );
    });

    it("opens files again after a restore", async () => {
      await put("file", "still here");
      await client.walk(1, "file");
      await client.open(1);
      const saved = structuredClone(server.save());
      server.parse(saved)();
      expect([await client.read(1), server.save()]).toEqual(["still here", saved]);
    });
  });
}

describe("a folder of the host", () => {
  it("does not lead out of itself by its symbolic links", async () => {
    const outside = hostFolder();
    writeFileSync(join(outside, "secret"), "secret");
    const folder = hostFolder();
    symlinkSync(outside, join(folder, "way-out"));
    symlinkSync(join(outside, "secret"), join(folder, "file"));
    mkdirSync(join(folder, "dir"));
    const client = new TestClient(new NinepServer("9p", new NodeFileTree(folder)));
    await client.start();
    expect(await client.walk(1, "way-out", "secret")).toBe(1);
    await client.walk(2, "way-out");
    expect(await client.errnoOf(T.Lopen, (writer) => writer.u32(2).u32(0))).toBe(Errno.ELOOP);
    expect(await client.errnoOf(T.Lcreate, (writer) => writer.u32(2).text("x").u32(2).u32(0o644).u32(0))).toBe(
      Errno.ELOOP,
    );
    expect(await client.errnoOf(T.Mkdir, (writer) => writer.u32(2).text("x").u32(0o755).u32(0))).toBe(Errno.ELOOP);
    expect(await client.errnoOf(T.Unlinkat, (writer) => writer.u32(2).text("secret").u32(0))).toBe(Errno.ELOOP);
    expect(await client.errnoOf(T.Renameat, (writer) => writer.u32(2).text("secret").u32(0).text("mine"))).toBe(
      Errno.ELOOP,
    );
    await client.walk(3, "file");
    expect(await client.errnoOf(T.Lopen, (writer) => writer.u32(3).u32(1 | 0o1000))).toBe(Errno.ELOOP);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
    expect(existsSync(join(outside, "x"))).toBe(false);
  });

  it("is not changed when it is read-only", async () => {
    const folder = hostFolder();
    writeFileSync(join(folder, "file"), "x");
    const client = new TestClient(new NinepServer("9p", new NodeFileTree(folder, { readOnly: true })));
    await client.start();
    await client.walk(1, "file");
    expect(await client.errnoOf(T.Lopen, (writer) => writer.u32(1).u32(1))).toBe(Errno.EROFS);
    expect(await client.errnoOf(T.Mkdir, (writer) => writer.u32(0).text("d").u32(0o755).u32(0))).toBe(Errno.EROFS);
    await client.open(1);
    expect(await client.read(1)).toBe("x");
  });
});

describe("a tree in memory", () => {
  it("has no more room than it was given", async () => {
    const client = new TestClient(new NinepServer("9p", new MemoryFileTree({ capacityBytes: 10 })));
    await client.start();
    await client.walk(1);
    await client.create(1, "file");
    expect(await client.write(1, "0123456789")).toBe(10);
    const write = (writer: Parameters<Parameters<typeof message>[1] & {}>[0]) => {
      writer
        .u32(1)
        .u64(2 ** 50)
        .room(1);
      return writer.used(1);
    };
    expect(await client.errnoOf(T.Write, write)).toBe(Errno.ENOSPC);
  });

  it("makes device nodes", async () => {
    const client = new TestClient(new NinepServer("9p", new MemoryFileTree()));
    await client.start();
    await client.call(T.Mknod, (writer) => writer.u32(0).text("null").u32(0o020666).u32(1).u32(3).u32(0));
    await client.walk(1, "null");
    expect(await client.stat(1)).toMatchObject({ mode: 0o020666, rdev: 0x103 });
  });
});
