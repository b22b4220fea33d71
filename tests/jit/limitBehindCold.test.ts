// An exact limit, when instructions before it had the run loop look what they want and go on: none of them may be counted out of what
// translated code may still run.
import { expect, it } from "vitest";
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { start } from "../fuzz/differential.ts";
import { ENVIRONMENTS } from "../fuzz/environment.ts";
import { createMachine } from "../fuzz/pair.ts";
import { whole } from "../fuzz/program.ts";
import { loopProgram } from "../fuzz/skeleton.ts";
import { allDifferences } from "../fuzz/state.ts";
import { Writer } from "../fuzz/writer.ts";
import { Random } from "../support/random.ts";

const COLD = 40;
/** So far behind the cold ones that the loop goes on after each of them (LONGEST_BLOCK in interp/run.ts). */
const LIMITS = [3000, 3001, 4567];

it.each(ENVIRONMENTS.map((environment) => [environment.name, environment] as const))(
  "in %s",
  async (_name, environment) => {
    const w = new Writer(environment, new Random(1));
    const program = loopProgram(w, 1, 2, () => {
      for (let n = 0; n < COLD; n++) w.push("cpuid", () => [0x0f, 0xa2]);
      w.push("xor ecx, ecx", () => [0x31, 0xc9]);
      w.push("loop to itself", () => [0xe2, 0xfe]);
    });
    const [interp, jit] = [await createMachine("interp"), await createMachine("jit")];
    for (const limit of LIMITS) {
      start(whole(program), interp, jit, 0);
      for (const machine of [interp, jit]) machine.run(limit, true);
      expect(allDifferences(interp, jit), `after ${limit} instructions`).toEqual([]);
    }
    expect(jit.engine.field64(VcpuField.STAT_JIT_INSTRUCTIONS)).toBeGreaterThan(2000n);
  },
);
