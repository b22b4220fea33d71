/** A device that changes the memory map in the middle of an instruction: all code is dropped, and the instruction is done once. */
import { expect, it } from "vitest";
import { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import { createEngine, ENGINE_MODES, emptyHost } from "../support/engine.ts";

const ENTRY = 0x1000;
/** inc eax; inc ecx; out 80h, al; inc edx; hlt */
const CODE = Uint8Array.of(0x40, 0x41, 0xe6, 0x80, 0x42, 0xf4);
const ALL = 0xffff_ffff;
const FRAME_BUFFER_PAGE = 0xf_d000;

it.each(ENGINE_MODES)("%s", async (mode) => {
  let writes = 0;
  const portWrite = () => {
    writes++;
    engine.mapMemory(FRAME_BUFFER_PAGE, 16, MemoryKind.RAM, MemoryMap.VRAM);
  };
  const engine: Engine = await createEngine(mode, 4, emptyHost({ portWrite }));
  engine.write(ENTRY, CODE);
  engine.setField64(VcpuField.CR0, 0x11n);
  engine.setSegment(1, 8, 0, ALL, 0xc09b);
  engine.setField64(VcpuField.RIP, BigInt(ENTRY));
  engine.stateChanged();
  while (engine.field(VcpuField.HALTED) === 0) engine.run(100, false);
  expect(writes).toBe(1);
  const [eax, ecx] = [0, 1].map((index) => Number(engine.field64(VcpuField.REGISTERS, index)));
  expect([eax, ecx, engine.instructionsRetired()]).toEqual([1, 1, 5]);
});
