// Development fuzzing against the host CPU: node tests/softfloat/fuzz.mjs <records> (a file from generate.c).
// Needs build/softfloat/test.wasm, which softfloat.test.ts (or compile.mjs) makes.
import { readFileSync } from "node:fs";
import { check, instantiate, OPS } from "./harness.mjs";

const harness = await instantiate();
const failures = new Map();
const counts = new Map();
const records = readFileSync(process.argv[2]);
for (const failure of check(harness, records, counts)) {
  const list = failures.get(failure.name) ?? [];
  list.push(failure.text);
  failures.set(failure.name, list);
}
for (const name of OPS) {
  const list = failures.get(name) ?? [];
  console.log(`${name}: ${counts.get(name) ?? 0} cases, ${list.length} wrong`);
  for (const text of list.slice(0, Number(process.argv[3] ?? 4))) console.log(`  ${text}`);
}
