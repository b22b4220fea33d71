/**
 * Makes expected-<family>-<mode>.txt: runs every case on this machine's processor. Needs gcc and gcc-multilib.
 *
 *   npx tsx tests/instructions/generate.ts [family…]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FAMILY_NAMES, familyCases } from "./allCases.ts";
import { packCases, unpackResults } from "./caseFile.ts";
import { packExpected } from "./expected.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const build = fileURLToPath(new URL("../../build/instructions", import.meta.url));
mkdirSync(build, { recursive: true });
mkdirSync(join(here, "expected"), { recursive: true });

let total = 0;
let bytes = 0;
for (const bits of [64, 32] as const) {
  const host = join(build, `host${bits}`);
  execFileSync(
    "gcc",
    ["-O1", "-Wall", "-Wextra", `-m${bits}`, "-no-pie", "-fno-stack-protector", "-o", host, join(here, "host.c")],
    { stdio: "inherit" },
  );
  for (const family of process.argv.length > 2 ? process.argv.slice(2) : FAMILY_NAMES) {
    const cases = familyCases(family, bits);
    const output = execFileSync(host, { input: packCases(cases), maxBuffer: 1 << 30 });
    const results = unpackResults(output, cases.length);
    const text = packExpected(cases, results);
    writeFileSync(join(here, "expected", `${family}-${bits}.txt`), text);
    total += cases.length;
    bytes += text.length;
    const faults = results.filter(
      (result, n) => result.vector !== 13 || result.rip !== BigInt(cases[n]!.at + cases[n]!.code.length - 1),
    ).length;
    console.log(
      `${family.padEnd(14)} ${bits}-bit ${String(cases.length).padStart(6)} cases, ${String(faults).padStart(5)} fault or end elsewhere, ${text.length} bytes`,
    );
  }
}
console.log(`${total} cases, ${(bytes / 1024).toFixed(0)} KiB`);
