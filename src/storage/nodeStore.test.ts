import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NodeFile } from "./nodeFile.ts";
import { NodeStore } from "./nodeStore.ts";

const folder = mkdtempSync(join(tmpdir(), "tabvisor-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (name: string) => join(folder, name);

describe("a file", () => {
  it("is read and written where it is asked to be", () => {
    const path = pathOf("disk.img");
    writeFileSync(path, new Uint8Array(3000).fill(1));
    const file = NodeFile.open(path, "r+");
    expect([file.sizeBytes, file.readOnly]).toEqual([3000, false]);
    file.write(1000, new Uint8Array(10).fill(2));
    file.close();
    expect(readFileSync(path).subarray(999, 1011)).toEqual(Buffer.from([1, ...Array(10).fill(2), 1]));
  });

  it("is one machine's at a time if it is written to", () => {
    const path = pathOf("shared.img");
    writeFileSync(path, new Uint8Array(512));
    const file = NodeFile.open(path, "r+");
    expect(() => NodeFile.open(path, "r+")).toThrow(`${path} is in use by process ${process.pid}`);
    NodeFile.open(path).close();
    file.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    NodeFile.open(path, "r+").close();
  });

  it("leaves no lock behind where it cannot be opened", () => {
    expect(() => NodeFile.open(pathOf("none"), "r+")).toThrow(`${pathOf("none")}: there is no such file`);
    expect(existsSync(`${pathOf("none")}.lock`)).toBe(false);
  });

  it("says what is wrong with it", () => {
    expect(() => NodeFile.open(pathOf("none"))).toThrow(`${pathOf("none")}: there is no such file`);
    expect(() => NodeFile.open(folder)).toThrow(`${folder}: it is no regular file`);
    const path = pathOf("cut.img");
    writeFileSync(path, new Uint8Array(3000));
    const file = NodeFile.open(path);
    truncateSync(path, 100);
    expect(() => file.read(0, new Uint8Array(512))).toThrow(`${path}: the file has been cut short`);
    file.close();
  });
});

describe("an overlay's file", () => {
  it("is made, grows, and reads as zeros behind its end", () => {
    const store = NodeStore.open(pathOf("a.tvo"));
    expect(store.sizeBytes).toBe(0);
    store.write(1000, Uint8Array.of(1, 2, 3));
    const bytes = new Uint8Array(6).fill(9);
    store.read(999, bytes);
    expect([...bytes]).toEqual([0, 1, 2, 3, 0, 0]);
    store.resize(1001);
    expect(store.sizeBytes).toBe(1001);
    store.close();
  });

  it("is one machine's at a time", () => {
    const path = pathOf("b.tvo");
    const store = NodeStore.open(path);
    expect(() => NodeStore.open(path)).toThrow(`${path} is in use by process ${process.pid}`);
    store.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    NodeStore.open(path).close();
  });

  it("is free when the process that had it is gone, even if ours has its number", () => {
    const path = pathOf("c.tvo");
    for (const owner of ["999999999", String(process.pid), "nonsense"]) {
      writeFileSync(`${path}.lock`, owner);
      NodeStore.open(path).close();
    }
    writeFileSync(`${path}.lock`, String(process.ppid));
    expect(() => NodeStore.open(path)).toThrow(`${path} is in use by process ${process.ppid}; `);
  });

  it("leaves no lock where it cannot be opened", () => {
    expect(() => NodeStore.open(folder)).toThrow("it is a folder");
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });
});
