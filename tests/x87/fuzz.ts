// Development tool, on an x86-64 host with gcc:
//   npx tsx tests/x87/fuzz.ts check <seed> <rounds>   fresh cases against the host CPU
//   npx tsx tests/x87/fuzz.ts write                   makes expected.txt anew
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, instruction, X87 } from "./harness";
import { pack, parse } from "./records";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "../../build/x87");
mkdirSync(build, { recursive: true });
const generator = join(build, "generate");
execFileSync("gcc", ["-O2", "-Wall", "-o", generator, join(here, "generate.c")]);

function generate(seed: number, rounds: number): Uint8Array {
  return execFileSync(generator, [String(seed), String(rounds)], { maxBuffer: 1 << 30 });
}

const [command, seed = "1", rounds = "1000"] = process.argv.slice(2);
if (command === "write") {
  const text = pack(generate(21, 40));
  writeFileSync(join(here, "expected.txt"), text);
  console.log(`${text.length} bytes`);
} else {
  const all = parse(generate(Number(seed), Number(rounds)));
  const cpu = await X87.create();
  const failures = new Map<string, string[]>();
  for (const record of all.records) {
    const text = check(cpu, all, record);
    if (text === undefined) continue;
    const key = instruction(record);
    failures.set(key, [...(failures.get(key) ?? []), text]);
  }
  for (const [key, texts] of failures) console.log(`${key}: ${texts.length}\n  ${texts.slice(0, 3).join("\n  ")}`);
  console.log(`${all.records.length} cases`);
}
