import { describe, expect, it } from "vitest";
import { type DroppedItem, readDrop } from "./drops.ts";

const CD = new File(["CD"], "cd.iso");
const FOLDER = { kind: "directory", name: "shared" } as FileSystemDirectoryHandle;

const fileItem = (file: File): DroppedItem => ({ kind: "file", getAsFile: () => file, webkitGetAsEntry: () => null });
const folderItem = (getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>): DroppedItem => ({
  kind: "file",
  // Browsers give a file of no use for a folder.
  getAsFile: () => new File([], "shared"),
  webkitGetAsEntry: () => ({ isDirectory: true }),
  ...(getAsFileSystemHandle && { getAsFileSystemHandle }),
});

describe("what is dropped", () => {
  it("is files", async () => {
    const text: DroppedItem = { kind: "string", getAsFile: () => null };
    expect(await readDrop([fileItem(CD), text, fileItem(CD)])).toEqual({ kind: "files", files: [CD, CD] });
  });

  it("is files where the browser knows no entries", async () => {
    expect(await readDrop([{ kind: "file", getAsFile: () => CD }])).toEqual({ kind: "files", files: [CD] });
  });

  it("is a folder to share", async () => {
    expect(await readDrop([folderItem(async () => FOLDER)])).toEqual({ kind: "folder", folder: FOLDER });
  });

  it.each([
    ["has no handles", undefined],
    ["gives no handle", async () => null],
    ["refuses", () => Promise.reject(new DOMException("no", "NotAllowedError"))],
  ])("is a folder that cannot be shared: the browser %s", async (_why, getHandle) => {
    await expect(readDrop([folderItem(getHandle)])).rejects.toThrow(/This browser gives no access to folders/);
  });

  it("is not both, and not several folders", async () => {
    const folder = folderItem(async () => FOLDER);
    await expect(readDrop([folder, fileItem(CD)])).rejects.toThrow(/Drop one folder/);
    await expect(readDrop([folder, folder])).rejects.toThrow(/Drop one folder/);
  });

  it("is read before the event is over", () => {
    let asked = 0;
    const getHandle = async () => {
      asked++;
      return FOLDER;
    };
    void readDrop([folderItem(getHandle)]);
    expect(asked).toBe(1);
  });
});
