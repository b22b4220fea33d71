// Development tool, on an x86 host with gcc:
//   npx tsx tests/softfloat/fuzz.ts check <seed> <count>   millions of fresh cases against the host CPU
//   npx tsx tests/softfloat/fuzz.ts write                  makes expected.txt anew
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, instantiate, OPS, RECORD_BYTES } from "./harness";
import { pack } from "./records";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "../../build/softfloat");
mkdirSync(build, { recursive: true });
const generator = join(build, "generate");
execFileSync("gcc", ["-O2", "-Wall", "-o", generator, join(here, "generate.c")]);

function generate(kind: string, seed: number, count: number): Uint8Array {
  return execFileSync(generator, [kind, String(seed), String(count)], { maxBuffer: (count + 1) * RECORD_BYTES });
}

const [command, seed = "1", count = "1000000"] = process.argv.slice(2);
if (command === "write") {
  // sorted by instruction, so that the columns compress
  const all = Buffer.concat([generate("edge", 11, 15120), generate("random", 12, 18000)]);
  const records: Buffer[] = [];
  for (let at = 0; at < all.length; at += RECORD_BYTES) records.push(all.subarray(at, at + RECORD_BYTES));
  records.sort((a, b) => (a[0] as number) - (b[0] as number));
  const text = pack(Buffer.concat(records));
  writeFileSync(join(here, "expected.txt"), text);
  console.log(`${records.length} cases, ${text.length} bytes`);
} else {
  const harness = await instantiate("fuzz");
  const counts = new Map<string, number>();
  const failures = new Map<string, string[]>();
  const chunk = 1_000_000;
  for (let done = 0, round = 0; done < Number(count); done += chunk, round++) {
    for (const kind of ["random", "edge"]) {
      for (const { name, text } of check(harness, generate(kind, Number(seed) + round, chunk / 2), counts)) {
        failures.set(name, [...(failures.get(name) ?? []), text]);
      }
    }
  }
  for (const name of OPS) {
    const wrong = failures.get(name) ?? [];
    console.log(`${name}: ${counts.get(name)} cases, ${wrong.length} wrong`);
    for (const text of wrong.slice(0, 5)) console.log(`  ${text}`);
  }
}
