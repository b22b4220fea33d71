/** How translated modules get from bytes to code that runs when something else compiles them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { JitOptions } from "../../src/core/jit.ts";
import type { ModuleCompiler } from "../../src/core/moduleInstaller.ts";
import { ModulePreparer } from "../../src/vm/preparedModule.ts";
import { counter, dword, machine32, outcome } from "./machine32.ts";

const ENTRY = 0x1000;
const OTHER = 0x5000;
const HLT = 0xf4;
const INC_EAX = 0x40;
const DEC_ECX = 0x49;
const SLICE = 2000;

/** `again`: add eax, step; jmp again */
const spin = (step: number) => [0x05, ...dword(step), 0xe9, ...dword(-10)];
/** mov ecx, rounds; `again`: inc eax; dec ecx; jnz again; then what follows */
const count = (rounds: number, ...after: number[]) => [
  ...[0xb9, ...dword(rounds)],
  ...[INC_EAX, DEC_ECX, 0x0f, 0x85, ...dword(-8)],
  ...after,
];
const jump = (from: number, to: number) => [0xe9, ...dword(to - from - 5)];

/** Compiles when it is told to. */
class PatientCompiler implements ModuleCompiler {
  private readonly asked: {
    bytes: Uint8Array<ArrayBuffer>;
    answer: (module: WebAssembly.Module) => void;
    fail: (error: Error) => void;
  }[] = [];

  get waiting(): number {
    return this.asked.length;
  }

  compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
    return new Promise((answer, fail) => this.asked.push({ bytes, answer, fail }));
  }

  /** Answers what was asked as number `index` of those without an answer. */
  async answer(index = 0): Promise<void> {
    const [{ bytes, answer }] = this.asked.splice(index, 1);
    answer(new WebAssembly.Module(bytes));
    await Promise.resolve();
  }

  async fail(): Promise<void> {
    this.asked.shift()?.fail(new Error("no more workers"));
    await Promise.resolve();
  }
}

async function machine(code: Record<number, number[]>, over: Partial<JitOptions> = {}) {
  const compiler = new PatientCompiler();
  return {
    compiler,
    engine: await machine32({ mode: "auto", threshold: 2, compiler, inPlaceBytes: 0, ...over }, ENTRY, code),
  };
}

const translated = (engine: Engine) => counter(engine, VcpuField.STAT_JIT_INSTRUCTIONS);
const eax = (engine: Engine) => Number(engine.field64(VcpuField.REGISTERS) & 0xffff_ffffn);

/** Slices until the compiler has been asked for `modules` modules in all that it has not answered. */
function runUntilAsked(engine: Engine, compiler: PatientCompiler, modules = 1): void {
  for (let slice = 0; compiler.waiting < modules && slice < 10_000; slice++) engine.run(SLICE, true);
  expect(compiler.waiting).toBe(modules);
}

it("goes on in the interpreter, asks once, and enters the code when it has come", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(3) });
  runUntilAsked(engine, compiler);
  for (let slice = 0; slice < 5; slice++) engine.run(SLICE, true);
  expect(compiler.waiting).toBe(1);
  expect(translated(engine)).toBe(0);
  await compiler.answer();
  expect(translated(engine)).toBe(0);
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(SLICE);
  expect(eax(engine)).toBe((engine.instructionsRetired() / 2) * 3);
});

it("does not enter code that was written meanwhile, and translates it anew", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(1) });
  runUntilAsked(engine, compiler);
  const before = eax(engine);
  engine.write(ENTRY + 1, new Uint8Array(dword(0x1000)));
  expect(counter(engine, VcpuField.STAT_JIT_INVALIDATIONS)).toBe(1);
  await compiler.answer();
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(0);
  expect(eax(engine)).toBe(before + (SLICE / 2) * 0x1000);
  runUntilAsked(engine, compiler);
  await compiler.answer();
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(SLICE);
});

it.each([
  ["a reset of the settings", (engine: Engine, options: JitOptions) => engine.setJit(options)],
  ["state set from outside", (engine: Engine) => engine.stateChanged()],
])("forgets what is pending at %s", async (_name, drop) => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(1) });
  runUntilAsked(engine, compiler);
  drop(engine, { mode: "auto", threshold: 1_000_000, compiler });
  await compiler.answer();
  const before = translated(engine);
  engine.run(10, true);
  expect(translated(engine)).toBe(before);
});

it("keeps what is pending when its places have been given to a newer module", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(1) });
  runUntilAsked(engine, compiler);
  engine.stateChanged();
  runUntilAsked(engine, compiler, 2);
  await compiler.answer(0);
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(0);
  await compiler.answer(0);
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(SLICE);
});

it("takes modules in whatever order they come", async () => {
  const first = count(100_000);
  const code = { [ENTRY]: [...first, ...jump(ENTRY + first.length, OTHER)], [OTHER]: spin(2) };
  const { engine, compiler } = await machine(code);
  runUntilAsked(engine, compiler, 1);
  engine.setField64(VcpuField.RIP, BigInt(OTHER));
  runUntilAsked(engine, compiler, 2);
  await compiler.answer(1);
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(SLICE);
  await compiler.answer(0);
  engine.setField64(VcpuField.RIP, BigInt(ENTRY));
  engine.run(SLICE, true);
  expect(translated(engine)).toBeGreaterThan(2 * SLICE - 10);
});

it("compiles in place what the compiler fails at", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(1) });
  runUntilAsked(engine, compiler);
  await compiler.fail();
  engine.run(SLICE, true);
  expect(translated(engine)).toBe(SLICE);
});

it("waits no longer than is good for a caller that lets no events in", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: count(100_000_000, HLT) });
  const expected = await machine32({ mode: "off" }, ENTRY, { [ENTRY]: count(100_000_000, HLT) });
  const started = performance.now();
  while (translated(engine) === 0 && performance.now() - started < 10_000) engine.run(SLICE, true);
  expect(compiler.waiting).toBeGreaterThan(0);
  expect(translated(engine)).toBeGreaterThan(0);
  expected.run(engine.instructionsRetired(), true);
  expect(outcome(engine)).toBe(outcome(expected));
});

it("leaves the forced mode in place", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(1) }, { mode: "forced" });
  engine.run(SLICE, true);
  expect(compiler.waiting).toBe(0);
  expect(translated(engine)).toBe(SLICE);
});

it("compiles small modules in place", async () => {
  const { engine, compiler } = await machine({ [ENTRY]: spin(1) }, { inPlaceBytes: 100_000 });
  for (let slice = 0; slice < 100; slice++) engine.run(SLICE, true);
  expect(compiler.waiting).toBe(0);
  expect(translated(engine)).toBeGreaterThan(0);
});

/** Whether what is referred to has gone, once it may. */
async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let tries = 0; reference.deref() && tries < 5; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
  }
  return reference.deref() === undefined;
}

it("lets go of modules whose places have been emptied", async () => {
  const modules: WeakRef<WebAssembly.Module>[] = [];
  // As the thread that compiles does.
  const preparer = new ModulePreparer();
  const compile = async (bytes: Uint8Array<ArrayBuffer>, memoryPages: number) => {
    const module = preparer.prepare(bytes, memoryPages);
    modules.push(new WeakRef(module));
    return module;
  };
  const { engine } = await machine({ [ENTRY]: spin(1) }, { compiler: { compile } });
  for (let slice = 0; translated(engine) === 0 && slice < 10_000; slice++) {
    engine.run(SLICE, true);
    await Promise.resolve();
  }
  expect(translated(engine)).toBeGreaterThan(0);
  expect(modules).toHaveLength(1);
  expect(await isCollected(modules[0]!)).toBe(false);
  engine.stateChanged();
  expect(await isCollected(modules[0]!)).toBe(true);
});
