import { expect, it } from "vitest";
import { parseUrlOptions } from "./urlOptions.ts";

it("takes what the URL mentions and nothing else", () => {
  expect(parseUrlOptions("")).toEqual({});
  expect(parseUrlOptions("?guest=linux-686&engine=jit&memory=512&append=console%3DttyS0+quiet&view=serial")).toEqual({
    guest: "linux-686",
    engine: "jit",
    memoryMib: 512,
    append: "console=ttyS0 quiet",
    view: "serial",
  });
});

it("takes drives by their addresses", () => {
  const query = "?cdrom=images/cd.iso&hda=https%3A%2F%2Fexample.org%2Fa.qcow2&overlay=mine&fda=/dos.img&boot=d";
  expect(parseUrlOptions(query, "https://tabvisor.org/page/")).toEqual({
    drives: [
      { interface: "ide", index: 0, source: { kind: "url", url: "https://example.org/a.qcow2" }, overlay: "mine" },
      {
        interface: "ide",
        index: 2,
        media: "cdrom",
        source: { kind: "url", url: "https://tabvisor.org/page/images/cd.iso" },
      },
      { interface: "floppy", index: 0, source: { kind: "url", url: "https://tabvisor.org/dos.img" } },
    ],
    bootOrder: ["cdrom"],
  });
});

it("takes the overlay of a guest's own disk", () => {
  expect(parseUrlOptions("?guest=debian-nvme&overlay=mine")).toEqual({ guest: "debian-nvme", overlay: "mine" });
});

it("takes a virtio console", () => {
  expect(parseUrlOptions("?virtio-console=on")).toEqual({ virtioConsole: true });
  expect(() => parseUrlOptions("?virtio-console=hvc0")).toThrow(/virtio-console=hvc0/);
});

it("keeps an empty command line", () => {
  expect(parseUrlOptions("?append=")).toEqual({ append: "" });
});

it.each([
  "hda=",
  "cdrom=ftp://example.org/cd.iso",
  "hda=javascript:1",
  "overlay=",
  "boot=x",
  "memory=0",
  "memory=3073",
  "memory=1e3",
  "memory=",
  "memory=-5",
  "engine=",
  "engine=JIT",
  "view=vga",
])("%s is a mistake", (query) => {
  expect(() => parseUrlOptions(`?${query}`, "https://tabvisor.org/")).toThrow(query);
});
