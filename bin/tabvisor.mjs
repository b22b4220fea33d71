#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --v8-pool-size=1
// The command `tabvisor`. The program itself is src/cli, bundled into dist/cli.js.
// One thread for V8's compiler and collector: with the usual four the guest waits for a processor, on machines with few. And one arena of glibc
// for it and the guest's thread: what the compiler frees is not kept for the compiler alone (docs/performance.md).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const program = new URL("../dist/cli.js", import.meta.url);
if (!existsSync(program)) {
  console.error(`tabvisor is not built yet: run "npm run build" in ${fileURLToPath(new URL("..", import.meta.url))}`);
  process.exit(2);
}
const { main } = await import(program.href);
process.exit(await main(process.argv.slice(2)));
