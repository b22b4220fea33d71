/** A ModuleCompiler that is another thread: a worker of the page's (worker/compileWorker.ts) or of Node's (cli/compileThread.ts). */
import type { ModuleCompiler } from "../core/moduleInstaller.ts";
import { ModulePreparer } from "./preparedModule.ts";

export interface CompileRequest {
  id: number;
  bytes: Uint8Array<ArrayBuffer>;
  memoryPages: number;
}

export interface CompileAnswer {
  id: number;
  /** Unset when it could not be compiled. */
  module?: WebAssembly.Module;
}

interface Waiting {
  resolve(module: WebAssembly.Module): void;
  reject(error: Error): void;
}

export class RemoteCompiler implements ModuleCompiler {
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;
  private failed = false;

  constructor(private readonly post: (request: CompileRequest) => void) {}

  compile(bytes: Uint8Array<ArrayBuffer>, memoryPages: number): Promise<WebAssembly.Module> {
    if (this.failed) return Promise.reject(new Error("the compiling thread has failed"));
    return new Promise((resolve, reject) => {
      const id = this.asked++;
      this.waiting.set(id, { resolve, reject });
      this.post({ id, bytes, memoryPages });
    });
  }

  /** The thread has answered. */
  receive({ id, module }: CompileAnswer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (module) waiting?.resolve(module);
    else waiting?.reject(new Error("the module could not be compiled"));
  }

  /** The thread is no more: what it was asked is not answered. */
  fail(): void {
    this.failed = true;
    for (const { reject } of this.waiting.values()) reject(new Error("the compiling thread has failed"));
    this.waiting.clear();
  }
}

/** The other end: gives the answer to each request. */
export function answerCompileRequests(): (request: CompileRequest) => CompileAnswer {
  const preparer = new ModulePreparer();
  return ({ id, bytes, memoryPages }) => {
    try {
      return { id, module: preparer.prepare(bytes, memoryPages) };
    } catch {
      return { id };
    }
  };
}
