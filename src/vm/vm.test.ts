import { readFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { buildEngine } from "../../tools/buildEngine.ts";
import { Machine } from "../machine/machine.ts";
import { Vm } from "./vm.ts";
import type { VmConfig } from "./vmConfig.ts";
import { EventYielder } from "./yieldToEvents.ts";

const ENTRY = 0x20_0100;

/** A multiboot kernel of these bytes of 32-bit code. */
function kernel(code: readonly number[]): Uint8Array {
  const image = new Uint8Array(4096);
  const view = new DataView(image.buffer);
  const flags = 0x1_0000;
  const sum = (0x1_0000_0000 - 0x1bad_b002 - flags) >>> 0;
  const header = [0x1bad_b002, flags, sum, 0x20_0000, 0x20_0000, 0, 0, ENTRY];
  for (const [index, word] of header.entries()) view.setUint32(index * 4, word, true);
  image.set(code, ENTRY - 0x20_0000);
  return image;
}

let engine: Promise<WebAssembly.Module> | undefined;

async function compileEngine(): Promise<WebAssembly.Module> {
  await buildEngine();
  return WebAssembly.compile(await readFile(new URL("../../build/engine.wasm", import.meta.url)));
}

async function create(code: readonly number[], over: Partial<VmConfig> = {}): Promise<Vm> {
  engine ??= compileEngine();
  const boot = { kind: "kernel", kernel: kernel(code), append: "" } as const;
  return Vm.create({ memoryMib: 8, engine: "interp", clock: "host", boot, ...over }, { shared: await engine });
}

const FOREVER = [0xeb, 0xfe];
const COUNT_FOREVER = [0x40, 0xeb, 0xfd]; // inc eax; jmp
const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 20));
/** Of a busy machine. */
const PATIENCE = { timeout: 20_000, interval: 5 };

function stopOf(vm: Vm): Promise<{ state: string; reason: unknown }> {
  return new Promise((resolve) => {
    vm.onState((state, reason) => {
      if (reason) resolve({ state, reason });
    });
  });
}

describe("Vm", () => {
  it("starts, pauses, resumes, resets and closes; a wrong step says so and changes nothing", async () => {
    const vm = await create(FOREVER);
    expect(() => vm.pause()).toThrow("cannot pause a VM that is created; it must be running");
    vm.start();
    await vi.waitFor(() => expect(vm.stats().instructions).toBeGreaterThan(0), PATIENCE);
    vm.pause();
    expect(vm.state).toBe("paused");
    await nextTurn();
    const { instructions } = vm.stats();
    await nextTurn();
    expect(vm.stats().instructions).toBe(instructions);
    expect(() => vm.start()).toThrow(/cannot start a VM that is paused/);
    vm.resume();
    await vi.waitFor(() => expect(vm.stats().instructions).toBeGreaterThan(instructions), PATIENCE);
    vm.reset();
    expect(vm.state).toBe("running");
    vm.close();
    vm.close();
    expect(vm.state).toBe("closed");
    expect(() => vm.reset()).toThrow(/closed/);
  });

  it("reports the status given to isa-debug-exit", async () => {
    const vm = await create([0xb0, 0x15, 0xe6, 0xf4, ...FOREVER], { debugExit: true }); // mov al, 15h; out f4h, al
    const stopped = stopOf(vm);
    vm.start();
    expect(await stopped).toEqual({ state: "off", reason: { kind: "debug-exit", status: 0x2b } });
    vm.close();
  });

  it("shows the registers of a triple fault, and starts afresh after a reset", async () => {
    const vm = await create([0x0f, 0x01, 0x1d, 0x00, 0x30, 0x20, 0x00, 0x0f, 0x0b]); // lidt [203000h] (zeros); ud2
    const stopped = stopOf(vm);
    vm.start();
    const { state, reason } = await stopped;
    expect(state).toBe("crashed");
    expect(reason).toMatchObject({
      kind: "triple-fault",
      registers: expect.stringContaining(`rip=${"0".repeat(10)}200107`),
    });
    const again = stopOf(vm);
    vm.reset();
    expect((await again).state).toBe("crashed");
    vm.close();
  });

  it("sleeps while the guest is in HLT", async () => {
    const vm = await create([0xfa, 0xf4, 0xeb, 0xfc]); // cli; hlt; jmp
    vm.start();
    await nextTurn();
    const { instructions } = vm.stats();
    await nextTurn();
    expect(vm.stats().instructions).toBe(instructions);
    vm.close();
  });

  it("wakes a guest that sleeps for good when it is reset", async () => {
    const vm = await create([0xfa, 0xf4]); // cli; hlt
    vm.start();
    await vi.waitFor(() => expect(vm.rests).toBe(1), PATIENCE);
    vm.reset();
    await vi.waitFor(() => expect(vm.rests).toBe(2), PATIENCE);
    vm.close();
  });

  it("gives no turn of the event loop to each slice that a timer of the guest cut short", async () => {
    const slices = vi.spyOn(Machine.prototype, "runSlice");
    const turns = vi.spyOn(EventYielder.prototype, "yield");
    const oneShot = [0xb0, 0x30, 0xe6, 0x43]; // mov al, 30h; out 43h, al: counter 0, mode 0
    const rearm = [0xb0, 0x14, 0xe6, 0x40, 0xb0, 0x00, 0xe6, 0x40]; // 20 ticks: 17 us
    const vm = await create([...oneShot, ...rearm, 0xeb, 0xf6]); // jmp rearm
    vm.start();
    await nextTurn();
    await nextTurn();
    vm.close();
    expect(turns).toHaveBeenCalled();
    expect(slices.mock.calls.length).toBeGreaterThan(5 * turns.mock.calls.length);
    vi.restoreAllMocks();
  });

  it("tells how much ran in translated code", async () => {
    const share = async (engine: VmConfig["engine"]) => {
      const vm = await create(COUNT_FOREVER, { engine, jit: { threshold: 10 } });
      vm.start();
      await nextTurn();
      const stats = vm.stats();
      vm.close();
      expect(stats.translatedShare + stats.interpreterShare).toBe(1);
      return stats;
    };
    expect(await share("interp")).toMatchObject({ translatedShare: 0, regions: 0, modules: 0, wasmBytes: 0 });
    for (const engine of ["auto", "jit"] as const) {
      const stats = await share(engine);
      expect(stats.translatedShare, engine).toBeGreaterThan(0.9);
      expect(stats.regions, engine).toBeGreaterThan(0);
      expect(stats.regionBytes, engine).toBeGreaterThanOrEqual(COUNT_FOREVER.length);
      expect(stats.wasmBytesPerInstruction, engine).toBeCloseTo(stats.wasmBytes / stats.regionInstructions);
      expect(stats.codeBytes, engine).toBe(stats.wasmBytes);
      expect(stats.compileSeconds, engine).toBeGreaterThan(0);
    }
  });

  it("profiles translated code, also what has been dropped", async () => {
    // Not so long that the loop would become wide (jit/widening.ts), which a fast machine would do more often than a slow one.
    const loop = [0x40, 0x49, 0x75, 0xfc]; // inc eax; dec ecx; jnz
    const code = [0xb9, ...[0xa0, 0x86, 0x01, 0x00], ...loop, 0xf4]; // mov ecx, 100000; ...; hlt
    const start = BigInt(ENTRY + 5);
    const vm = await create(code, { engine: "auto", jit: { threshold: 10, profile: true } });
    vm.start();
    await vi.waitFor(() => expect(vm.rests).toBe(1), PATIENCE);
    vm.reset(); // drops all translations
    await vi.waitFor(() => expect(vm.rests).toBe(2), PATIENCE);
    const { regions, instructions, translatedInstructions } = vm.profile();
    vm.close();
    expect(regions).toHaveLength(1);
    expect(regions[0]).toMatchObject({ bits: 32, isUser: false, translations: 2 });
    expect(regions[0]?.ranges).toEqual([{ start, end: start + BigInt(loop.length) }]);
    expect(regions[0]?.instructions).toBe(translatedInstructions);
    expect(translatedInstructions).toBeLessThan(instructions);
  });

  it("says how much memory was asked when it cannot be had", async () => {
    await expect(create(FOREVER, { memoryMib: 5000 })).rejects.toThrow("guest memory must be 1 to 3072 MiB, not 5000");
  });

  describe("drives", () => {
    const iso = (name: string, length = 4096) => ({
      source: { kind: "bytes" as const, bytes: new Uint8Array(length), name },
    });

    it("have media that can be changed where they are removable", async () => {
      const cdrom = { interface: "ide", media: "cdrom", ...iso("a.iso") } as const;
      const vm = await create(FOREVER, { drives: [{ interface: "ide", ...iso("disk.img") }, cdrom] });
      await vm.changeMedium("ide2", iso("b.iso"));
      await vm.changeMedium("ide2", undefined);
      await expect(vm.changeMedium("ide2", iso("empty.iso", 0))).rejects.toThrow("empty.iso is empty");
      await expect(vm.changeMedium("ide0", undefined)).rejects.toThrow("the medium of ide0 is fixed");
      await expect(vm.changeMedium("ide3", undefined)).rejects.toThrow("there is no drive ide3; there are: ide0, ide2");
      await vm.close();
      await expect(vm.changeMedium("ide2", undefined)).rejects.toThrow("cannot change a medium of a closed VM");
    });

    it("that cannot be opened, or have no place, are an error before there is a VM", async () => {
      const missing = { kind: "file", path: "/no/disk.img" } as const;
      const disk = (over: object) => ({ interface: "ide" as const, ...iso("disk.img"), ...over });
      await expect(create(FOREVER, { drives: [disk({ source: missing })] })).rejects.toThrow("cannot be opened here");
      await expect(create(FOREVER, { drives: [disk({ index: 0 }), disk({ index: 0 })] })).rejects.toThrow(
        "two drives want to be ide 0 (hda)",
      );
    });
  });
});
