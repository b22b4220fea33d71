// An exact limit that falls between a jump and the fault of fetching its target: the fault is delivered in the next run, in each mode
// and whatever the length of the runs before.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { start } from "../fuzz/differential.ts";
import { ENVIRONMENTS, offsetIn } from "../fuzz/environment.ts";
import { CODE, CODE_PAGES, PAGE } from "../fuzz/layout.ts";
import { createMachine } from "../fuzz/pair.ts";
import { whole } from "../fuzz/program.ts";
import { loopProgram } from "../fuzz/skeleton.ts";
import { allDifferences } from "../fuzz/state.ts";
import { Writer } from "../fuzz/writer.ts";
import { le } from "../instructions/encoder.ts";
import { Random } from "../support/random.ts";

const PAGED = ENVIRONMENTS.filter(({ bits, paging }) => bits !== 16 && paging !== "none");

it.each(PAGED.map((environment) => [environment.name, environment] as const))("in %s", async (_name, environment) => {
  const missing = offsetIn(environment, "cs", CODE + CODE_PAGES * PAGE);
  const w = new Writer(environment, new Random(1));
  const program = loopProgram(w, 1, 1000, () => {
    w.push("jmp to a page that is not there", (at) => [0xe9, ...le(missing - (at + 5), 4)]);
  });
  const [a, interp, jit] = [await createMachine("interp"), await createMachine("interp"), await createMachine("jit")];
  let atTarget = 0;
  for (let count = 1; count < 40; count++) {
    for (const b of [interp, jit]) {
      start(whole(program), a, b, 0);
      for (let n = 0; n < count; n++) a.run(1, true);
      b.run(count, true);
      expect(allDifferences(a, b), `after ${count} instructions`).toEqual([]);
    }
    if (Number(a.engine.field64(VcpuField.RIP)) === missing) atTarget++;
  }
  expect(atTarget).toBeGreaterThan(1);
});
