import { beforeEach, describe, expect, it } from "vitest";
import { PortSpace } from "../../bus/portSpace.ts";
import { buildAcpiTables, defaultAcpiConfig } from "../acpi/tables.ts";
import { describeDevice, FakeMemory } from "../conformance/describeDevice.ts";
import { addAcpiTables, addBootOrder, addE820 } from "./firmwareFiles.ts";
import { FwCfg, FwCfgItem } from "./fwCfg.ts";

let ports: PortSpace;
let memory: FakeMemory;
let fwCfg: FwCfg;

beforeEach(() => {
  ports = new PortSpace();
  memory = new FakeMemory();
  fwCfg = new FwCfg(ports, memory, { ramBytes: 5 * 2 ** 30 });
});

function readItem(key: number, length: number): number[] {
  ports.write(0x510, key, 2);
  return Array.from({ length }, () => ports.read(0x511, 1));
}

const ascii = (bytes: Iterable<number>): string => String.fromCharCode(...bytes);
const big = (bytes: number[]): number => bytes.reduce((value, byte) => value * 256 + byte, 0);

/** Finds and reads a file as SeaBIOS does. */
function readFile(name: string): Uint8Array | undefined {
  const count = big(readItem(FwCfgItem.FileDirectory, 4));
  for (let index = 0; index < count; index++) {
    const entry = readItem(FwCfgItem.FileDirectory, 4 + (index + 1) * 64).slice(-64);
    if (ascii(entry.slice(8)).replace(/\0.*$/, "") !== name) continue;
    return Uint8Array.from(readItem(big(entry.slice(4, 6)), big(entry.slice(0, 4))));
  }
  return undefined;
}

/** Runs one DMA operation with its control block at 1000h and returns the control word left there. */
function dma(control: number, length: number, address: number): number {
  const view = new DataView(memory.bytes.buffer);
  view.setUint32(0x1000, control);
  view.setUint32(0x1004, length);
  view.setUint32(0x1008, 0);
  view.setUint32(0x100c, address);
  ports.write(0x514, 0, 4);
  ports.write(0x518, 0x00100000, 4); // 00001000h, big-endian
  return view.getUint32(0x1000);
}

describe("FwCfg", () => {
  it("is found and told the RAM size", () => {
    expect(ascii(readItem(FwCfgItem.Signature, 4))).toBe("QEMU");
    expect(readItem(FwCfgItem.Id, 6)).toEqual([3, 0, 0, 0, 0, 0]);
    expect(readItem(FwCfgItem.RamSize, 8)).toEqual([0, 0, 0, 0x40, 1, 0, 0, 0]);
    expect(readItem(0x3fff, 2)).toEqual([0, 0]);
  });

  it("shows that it has DMA", () => {
    expect([ports.read(0x514, 4), ports.read(0x518, 4)]).toEqual([0x554d4551, 0x47464320]);
  });

  it("lists and serves files", () => {
    fwCfg.addFile("etc/a", Uint8Array.of(1, 2, 3));
    fwCfg.addFile("etc/b", Uint8Array.of(4));
    fwCfg.addFile("etc/a", Uint8Array.of(9, 8));
    expect(readFile("etc/a")).toEqual(Uint8Array.of(9, 8));
    expect(readFile("etc/b")).toEqual(Uint8Array.of(4));
    expect(readFile("etc/c")).toBeUndefined();
    expect(() => fwCfg.addFile("x".repeat(56), new Uint8Array(0))).toThrow(RangeError);
  });

  it("reads, skips and selects by DMA, zeros past the end", () => {
    fwCfg.set(FwCfgItem.KernelData, Uint8Array.of(1, 2, 3, 4, 5));
    memory.bytes.fill(0xee, 0x2000, 0x2010);
    expect(dma((FwCfgItem.KernelData << 16) | 0x0a, 2, 0x2000)).toBe(0);
    expect(dma(0x04, 1, 0)).toBe(0);
    expect(dma(0x02, 4, 0x2002)).toBe(0);
    expect([...memory.bytes.subarray(0x2000, 0x2007)]).toEqual([1, 2, 4, 5, 0, 0, 0xee]);
    expect(dma(0x10, 4, 0x2000)).toBe(1);
  });

  it("gives SeaBIOS the memory map and boot order", () => {
    addE820(fwCfg, [{ base: 0x100000000, length: 0x40000000, type: 1 }]);
    addBootOrder(fwCfg, ["/pci@i0cf8/ide@1,1/drive@0/disk@0", "HALT"]);
    expect([...readFile("etc/e820")!]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 1, 0, 0, 0]);
    expect(ascii(readFile("bootorder")!)).toBe("/pci@i0cf8/ide@1,1/drive@0/disk@0\nHALT\0");
  });

  it("links ACPI tables by script to what is built for an address", () => {
    const config = defaultAcpiConfig(0x8000000);
    addAcpiTables(fwCfg, config);
    const files = new Map<string, { bytes: Uint8Array; address: number }>();
    const script = readFile("etc/table-loader")!;
    for (let at = 0; at < script.length; at += 128) runCommand(script.subarray(at, at + 128), files);
    const placed = buildAcpiTables(config, 0x7fe0000);
    expect(files.get("etc/acpi/tables")?.bytes).toEqual(placed.tables);
    expect(files.get("etc/acpi/rsdp")?.bytes).toEqual(placed.rsdp);
  });
});

/** SeaBIOS's src/fw/romfile_loader.c, with fixed addresses. */
function runCommand(command: Uint8Array, files: Map<string, { bytes: Uint8Array; address: number }>): void {
  const view = new DataView(command.buffer, command.byteOffset, command.length);
  const name = (at: number): string => ascii(command.subarray(at, at + 56)).replace(/\0.*$/, "");
  const code = view.getUint32(0, true);
  if (code === 1) {
    const high = view.getUint8(64) === 1;
    files.set(name(4), { bytes: readFile(name(4))!, address: high ? 0x7fe0000 : 0xf5000 });
    return;
  }
  const { bytes } = files.get(name(4))!;
  if (code === 2) {
    const at = view.getUint32(116, true);
    const target = new DataView(bytes.buffer);
    expect(view.getUint8(120)).toBe(4);
    target.setUint32(at, target.getUint32(at, true) + files.get(name(60))!.address, true);
  } else {
    const [at, start, length] = [60, 64, 68].map((offset) => view.getUint32(offset, true));
    bytes[at] -= bytes.subarray(start, start + length).reduce((sum, byte) => sum + byte, 0) & 0xff;
  }
}

describeDevice(
  "FwCfg",
  (env) => new FwCfg(env.ports, env.memory, { ramBytes: 1 << 20 }),
  (_device, env) => {
    env.ports.write(0x510, 0x19, 2);
    env.ports.read(0x511, 1);
    env.ports.write(0x514, 0x12345678, 4);
  },
);
