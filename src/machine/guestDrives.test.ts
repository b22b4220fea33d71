import { expect, it } from "vitest";
import { guestDrives, hasDisk } from "./guestDrives.ts";
import type { DriveConfig, DriveSource } from "./vmConfig.ts";

const guest = {
  drives: [
    { file: "cd.iso", interface: "ide", media: "cdrom" },
    { file: "disk.img", interface: "ide" },
  ],
} as const;
const sourceOf = (path: string): DriveSource => ({ kind: "file", path });
const cdrom: DriveConfig = { interface: "ide", index: 2, media: "cdrom", source: sourceOf("cd.iso") };
const disk: DriveConfig = { interface: "ide", index: 0, source: sourceOf("disk.img") };

it("gives each drive its place", () => {
  expect(guestDrives(guest, { sourceOf })).toEqual([cdrom, disk]);
  expect(guestDrives({}, { sourceOf })).toEqual([]);
});

it("keeps what is written to the disk, not to the CD-ROM", () => {
  expect(guestDrives(guest, { sourceOf, overlay: "mine" })).toEqual([cdrom, { ...disk, overlay: "mine" }]);
  expect(() => guestDrives({ drives: [guest.drives[0]] }, { sourceOf, overlay: "mine" })).toThrow(/overlay=mine/);
  expect([hasDisk(guest), hasDisk({ drives: [guest.drives[0]] }), hasDisk({})]).toEqual([true, false, false]);
});

it("makes room for the drives that someone wishes", () => {
  const other: DriveConfig = { ...disk, source: sourceOf("other.img") };
  const second: DriveConfig = { interface: "nvme", source: sourceOf("second.img") };
  expect(guestDrives(guest, { sourceOf, wished: [other, second] })).toEqual([cdrom, other, second]);
});
