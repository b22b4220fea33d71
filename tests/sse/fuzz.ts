// Development tool, on an x86-64 host with gcc:
//   npx tsx tests/sse/fuzz.ts check <seed> <rounds>   fresh cases against the host CPU
//   npx tsx tests/sse/fuzz.ts write                   makes expected.txt anew
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXPECTED_ROUNDS, EXPECTED_SEED } from "./expected";
import { compare, instantiate, pack, runAll } from "./harness";
import { makeInputs, RECORD_BYTES } from "./inputs";

const here = fileURLToPath(new URL(".", import.meta.url));
const build = join(here, "../../build/sse");
mkdirSync(build, { recursive: true });
execFileSync("gcc", ["-O1", "-Wall", "-o", join(build, "host"), join(here, "host.c")]);

function runOnHost(inputs: Uint8Array): Uint8Array {
  return execFileSync(join(build, "host"), { input: inputs, maxBuffer: inputs.length + RECORD_BYTES });
}

const [command, seed = "1", rounds = "100"] = process.argv.slice(2);
if (command === "write") {
  const inputs = makeInputs(EXPECTED_SEED, EXPECTED_ROUNDS);
  const text = pack(inputs, runOnHost(inputs));
  writeFileSync(join(here, "expected.txt"), text);
  console.log(`${inputs.length / RECORD_BYTES} cases, ${text.length} bytes`);
} else {
  const engine = instantiate("fuzz");
  let wrong = 0;
  let cases = 0;
  for (let done = 0; done < Number(rounds); done += 20) {
    const inputs = makeInputs(Number(seed) + done, 20);
    cases += inputs.length / RECORD_BYTES;
    for (const text of compare(inputs, runOnHost(inputs), runAll(engine, inputs))) if (wrong++ < 20) console.log(text);
  }
  console.log(`${cases} cases, ${wrong} wrong`);
}
