import { describe, expect, it } from "vitest";
import { StorageError } from "../bus/blockBackend.ts";
import { MemoryStore } from "../storage/memoryStore.ts";
import { placeDrives } from "./drivePlacement.ts";
import { type DriveOpeners, openDrives } from "./openDrives.ts";
import type { DriveConfig } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

const bytes = (length: number) => new Uint8Array(length).fill(0x55);
const disk = (over: Partial<DriveConfig> = {}): DriveConfig => ({
  interface: "ide",
  source: { kind: "bytes", bytes: bytes(1024), name: "disk.img" },
  ...over,
});
const cdrom: DriveConfig = { interface: "ide", media: "cdrom" };

const indexesOf = (...configs: DriveConfig[]) => placeDrives(configs).map(({ index }) => index);

describe("places of drives", () => {
  it("are the first that are free; a CD-ROM drive is hdc", () => {
    expect(indexesOf(disk(), cdrom, disk(), disk())).toEqual([0, 2, 1, 3]);
    expect(indexesOf(cdrom, cdrom)).toEqual([2, 3]);
    expect(indexesOf(disk({ index: 2 }), cdrom)).toEqual([2, 3]);
    expect(indexesOf(disk(), disk({ index: 0 }))).toEqual([1, 0]);
    expect(indexesOf(disk({ interface: "nvme" }), disk({ interface: "floppy" }), disk())).toEqual([0, 0, 0]);
  });

  it.each([
    [[disk({ index: 1 }), disk({ index: 1 })], "two drives want to be ide 1 (hdb)"],
    [[disk(), disk(), disk(), disk(), cdrom], "there are more than 4 drives on ide"],
    [[disk({ index: 4 })], "ide has places 0 to 3, not 4"],
    [[disk({ interface: "floppy", index: 0.5 })], "floppy has places 0 to 1, not 0.5"],
    [[{ ...cdrom, interface: "virtio" as const }], "a CD-ROM drive is on ide, not on virtio"],
    [[{ interface: "nvme" as const }], "a disk on nvme needs an image"],
    [[disk({ interface: "scsi" as never })], "there is no drive interface called scsi"],
  ])("that cannot be are an error (%#)", (configs: DriveConfig[], message) => {
    expect(() => placeDrives(configs)).toThrow(VmError);
    expect(() => placeDrives(configs)).toThrow(message);
  });
});

describe("opening drives", () => {
  it("never changes an image unasked", async () => {
    const image = bytes(1024);
    const [drive] = await openDrives([disk({ source: { kind: "bytes", bytes: image, name: "disk.img" } })]);
    await drive.backend?.write(0, new Uint8Array(512));
    expect(image).toEqual(bytes(1024));
    const target = new Uint8Array(512).fill(1);
    await drive.backend?.read(0, target);
    expect(target).toEqual(new Uint8Array(512));
  });

  it("changes it when asked to", async () => {
    const image = bytes(1024);
    const source = { kind: "bytes", bytes: image, name: "disk.img" } as const;
    const [drive] = await openDrives([disk({ source, writable: true })]);
    await drive.backend?.write(0, new Uint8Array(512));
    expect(image.subarray(0, 512)).toEqual(new Uint8Array(512));
  });

  it("protects CD-ROMs and what is to be read only", async () => {
    const iso = { kind: "bytes", bytes: bytes(4096), name: "cd.iso" } as const;
    const drives = await openDrives([disk({ readOnly: true }), { ...cdrom, source: iso, writable: true }, cdrom]);
    expect(drives.map(({ backend }) => backend?.readOnly)).toEqual([true, true, undefined]);
  });

  it("closes what is open when a later one cannot be opened", async () => {
    const store = new MemoryStore();
    let closed = 0;
    store.close = () => void closed++;
    const openers: DriveOpeners = {
      openSource: async () => Promise.reject(new StorageError("b.img: there is no such file")),
      openStore: async () => store,
    };
    const configs = [disk({ overlay: "o" }), disk({ source: { kind: "file", path: "b.img" } })];
    await expect(openDrives(configs, openers)).rejects.toThrow("b.img: there is no such file");
    expect(closed).toBe(1);
    await expect(openDrives(configs)).rejects.toThrow("the overlay o cannot be opened here");
  });

  it("refuses an empty image", async () => {
    const source = { kind: "bytes", bytes: new Uint8Array(0), name: "e.img" } as const;
    await expect(openDrives([disk({ source })])).rejects.toThrow("e.img is empty");
  });
});
