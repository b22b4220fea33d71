/** The screen benchmark's guest in this process; a display is a timer that draws into pixels. */
import { readFile } from "node:fs/promises";
import { Vm } from "../../src/vm/vm.ts";
import type { EngineMode } from "../../src/vm/vmConfig.ts";
import { SCREEN, screenKernel } from "./program.ts";
import type { ScreenGuest } from "./screen.ts";

const ENGINE = new URL("../../build/engine.wasm", import.meta.url);
const MEMORY_MIB = 16;

export async function startInNode(engine: EngineMode): Promise<ScreenGuest> {
  const modules = { shared: await WebAssembly.compile(await readFile(ENGINE)) };
  const boot = { kind: "kernel", kernel: screenKernel(), append: "" } as const;
  const vm = await Vm.create({ memoryMib: MEMORY_MIB, engine, clock: "host", boot }, modules);
  vm.start();
  let display: ReturnType<typeof setInterval> | undefined;
  const show = async (shown: boolean) => {
    clearInterval(display);
    display = shown ? setInterval(() => vm.frame(), 1000 / SCREEN.framesPerSecond) : undefined;
  };
  return {
    count: async () => ({ instructions: vm.stats().instructions, atMs: performance.now() }),
    show,
    stop: async () => {
      await show(false);
      await vm.close();
    },
  };
}
