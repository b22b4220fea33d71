import { expect, it } from "vitest";
import { answerCompileRequests, type CompileRequest, RemoteCompiler } from "./remoteCompiler.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** (func (export "0") (param i32) (result i32) i32.const 0), and one that traps. */
const withBody = (...body: number[]) =>
  new Uint8Array([
    ...[...HEADER, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x30, 0, 0],
    ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
  ]);
const WORKS = withBody(0x41, 0);
const TRAPS = withBody(0);
const BROKEN = new Uint8Array([1, 2, 3]);

/** Of the memory, WebAssembly's. */
const PAGES = 16;

function connected(): { compiler: RemoteCompiler; deliver: () => void } {
  const requests: CompileRequest[] = [];
  const answer = answerCompileRequests();
  const compiler = new RemoteCompiler((request) => requests.push(request));
  const deliver = () => {
    for (const request of requests.splice(0)) compiler.receive(answer(request));
  };
  return { compiler, deliver };
}

it("compiles on the other side, code that traps too", async () => {
  const { compiler, deliver } = connected();
  const modules = [compiler.compile(WORKS, PAGES), compiler.compile(TRAPS, PAGES)];
  deliver();
  for (const module of await Promise.all(modules)) expect(module).toBeInstanceOf(WebAssembly.Module);
});

it("says what cannot be compiled", async () => {
  const { compiler, deliver } = connected();
  const module = compiler.compile(BROKEN, PAGES);
  deliver();
  await expect(module).rejects.toThrow("could not be compiled");
});

it("answers everything when the other side is gone", async () => {
  const { compiler } = connected();
  const module = compiler.compile(WORKS, PAGES);
  compiler.fail();
  await expect(module).rejects.toThrow("has failed");
  await expect(compiler.compile(WORKS, PAGES)).rejects.toThrow("has failed");
});
