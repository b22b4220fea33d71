import { type SpawnOptions, spawn } from "node:child_process";

export interface RunResult {
  /** null if the program could not be started at all. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end and collects what it says; a failure is an answer, not an exception. */
export function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const result: RunResult = { code: null, stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      result.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      result.stderr += text;
    });
    child.on("error", (error) => resolve({ ...result, code: null, stderr: error.message }));
    child.on("close", (code) => resolve({ ...result, code: code ?? 1 }));
  });
}
