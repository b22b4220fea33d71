/** What a divergence looks like to a person: the smallest program that shows it, with bytes, and where it comes apart. */
import { VcpuField } from "../../assembly/shared/vcpuField.ts";
import { REGISTER_NAMES } from "../../src/core/engine.ts";
import { type Divergence, type ScheduleName, scheduleOf } from "./differential.ts";
import { makeImage, type Place } from "./image.ts";
import type { Pair } from "./pair.ts";
import type { Variant } from "./program.ts";
import { shrink } from "./shrink.ts";

/** Lines of differences that are shown. */
const SHOWN = 12;

const hexBytes = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

function targets(place: Place, places: readonly Place[]): string {
  if (!place.insn.text.endsWith("→")) return "";
  const { bytes, next } = place;
  const size = bytes.length === 2 ? 1 : bytes[0] === 0x0f ? bytes.length - 2 : bytes.length - 1;
  const distance = Buffer.from(bytes.slice(-size)).readIntLE(0, size);
  const number = places.findIndex(({ ip }) => ip === next + distance);
  return number < 0 ? "" : ` #${number}`;
}

/** The program, an instruction a line; `at` is the IP to be marked. */
function listing(places: readonly Place[], at: number | undefined): string[] {
  let block = -1;
  return places.flatMap((place, n) => {
    const mark = place.ip === at ? ">" : " ";
    const number = `#${n}`.padStart(4);
    const line = `${mark}${number} ${place.ip.toString(16)}: ${hexBytes(place.bytes).padEnd(33)} ${place.insn.text}${targets(place, places)}`;
    const heading = place.insn.block === block ? [] : [`  block ${place.insn.block}:`];
    block = place.insn.block;
    return [...heading, line];
  });
}

export class Investigation {
  /** `pair` makes the machines that failed. */
  constructor(
    private readonly full: Variant,
    private readonly name: ScheduleName,
    private readonly pair: Pair,
  ) {}

  private async check(variant: Variant, name: ScheduleName, limit?: number): Promise<Divergence | undefined> {
    this.pair.renew();
    return this.pair.runNamed(variant, name, limit);
  }

  /** Least number of instructions after which the states differ when both engines run that far in one go. */
  private async firstDifference(variant: Variant, until: number): Promise<number | undefined> {
    let same = 0;
    let different = until;
    if (!(await this.check(variant, "whole", until))) return undefined;
    while (different - same > 1) {
      const middle = (same + different) >> 1;
      if (await this.check(variant, "whole", middle)) different = middle;
      else same = middle;
    }
    return different;
  }

  /** The IP at which the interpreter stands after `count` instructions, and the registers it has there. */
  private async stateAt(variant: Variant, count: number): Promise<{ ip: number; registers: string }> {
    if (count > 0) await this.check(variant, "whole", count);
    const [{ engine }] = await this.pair.get();
    const registers = REGISTER_NAMES.map((name, n) => `${name}=${engine.field64(VcpuField.REGISTERS, n).toString(16)}`);
    return {
      ip: Number(engine.field64(VcpuField.RIP)),
      registers: `${registers.join(" ")} eflags=${engine.eflags().toString(16)}`,
    };
  }

  /** The report, for the divergence that was found. */
  async report(found: Divergence): Promise<string> {
    const { full, name } = this;
    const { program } = full;
    const head = `seed ${program.seed}, ${program.environment.name}, schedule ${name}, backend ${this.pair.backend}`;
    const schedules: ScheduleName[] = name === "whole" ? ["whole"] : ["whole", name];
    for (const candidate of schedules) {
      if (!(await this.check(full, candidate))) continue;
      const small = await shrink(full, async (variant) => (await this.check(variant, candidate)) !== undefined);
      return [head, ...(await this.describe(small, candidate))].join("\n");
    }
    return [`${head}: differs only after other programs on the same engine`, ...found.lines.slice(0, SHOWN)].join("\n");
  }

  private async describe(small: Variant, name: ScheduleName): Promise<string[]> {
    const divergence = (await this.check(small, name))!;
    const first = divergence.retired > 0 ? await this.firstDifference(small, divergence.retired) : undefined;
    const at = first === undefined ? undefined : await this.stateAt(small, first - 1);
    const { places } = makeImage(small, small.program.seed);
    const lines = first === undefined ? divergence.lines : (await this.check(small, "whole", first))!.lines;
    return [
      `shrunk to ${places.length} of ${small.program.insns.length} instructions, ${small.iterations + 1} passes, ` +
        `contents ${small.contents ? "random" : "zero"}, schedule ${name}`,
      ...listing(places, at?.ip),
      first === undefined ? `differs after ${divergence.retired} instructions` : `differs after ${first} instructions`,
      ...(at ? [`before the last one: ${at.registers}`] : []),
      "interpreter, other:",
      ...lines.slice(0, SHOWN).map((line) => `  ${line}`),
    ];
  }
}

export async function investigate(variant: Variant, pair: Pair, found: Divergence): Promise<string> {
  return new Investigation(variant, scheduleOf(variant.program.seed), pair).report(found);
}
