import { describe, expect, it } from "vitest";
import { MmioSpace } from "../bus/mmioSpace.ts";
import { PortSpace } from "../bus/portSpace.ts";
import { FakeClock } from "../bus/timerQueue.ts";
import { describeDevice } from "../devices/conformance/describeDevice.ts";
import { PciReg } from "../devices/pci/pciRegisters.ts";
import { StdVga } from "../devices/vga/stdVga.ts";
import { VgaFunction, type VgaFunctionOptions } from "./vgaFunction.ts";

const VRAM_BYTES = 0x10_0000;
const MEMORY_ENABLE = 2;

function create(ports: PortSpace, mmio: MmioSpace, onFrameBuffer: VgaFunctionOptions["onFrameBuffer"] = () => {}) {
  const vga = new StdVga({ name: "vga", clock: new FakeClock(), ports, mmio, vram: new Uint8Array(VRAM_BYTES) });
  return new VgaFunction({ ports, mmio }, { registerBar: vga.registerBar, vramBytes: VRAM_BYTES, onFrameBuffer });
}

describeDevice(
  "VGA's PCI function",
  ({ ports, mmio }) => create(ports, mmio),
  (device) => device.writeConfig(PciReg.Bar0, 0xe000_0000, 4),
);

describe("VGA's PCI function", () => {
  it("tells where the frame buffer is while memory decoding is on", () => {
    const heard: (number | undefined)[] = [];
    const device = create(new PortSpace(), new MmioSpace(), ([part]) => heard.push(part?.base));
    device.writeConfig(PciReg.Bar0, 0xffff_ffff, 4);
    expect(device.readConfig(PciReg.Bar0, 4)).toBe((0x1_0000_0000 - VRAM_BYTES + 8) >>> 0);
    device.writeConfig(PciReg.Bar0, 0xe000_0000, 4);
    expect(heard).toEqual([]);
    device.writeConfig(PciReg.Command, MEMORY_ENABLE, 2);
    device.writeConfig(PciReg.Bar0, 0xd000_0000, 4);
    device.writeConfig(PciReg.Command, 0, 2);
    expect(heard).toEqual([0xe000_0000, undefined, 0xd000_0000, undefined]);
  });
});
