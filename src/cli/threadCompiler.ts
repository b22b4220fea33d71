/** Compiles translated code on a thread of Node's. */
import { Worker } from "node:worker_threads";
import { RemoteCompiler } from "../vm/remoteCompiler.ts";

/** Starts the thread; it does not keep the process alive. `program` is the bundled compileThread.ts. */
export function startCompileThread(program: URL): RemoteCompiler {
  const thread = new Worker(program);
  const compiler = new RemoteCompiler((request) => thread.postMessage(request));
  thread.on("message", (answer) => compiler.receive(answer));
  thread.on("error", () => compiler.fail());
  thread.on("exit", () => compiler.fail());
  thread.unref();
  return compiler;
}
