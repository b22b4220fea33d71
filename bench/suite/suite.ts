/**
 * Runs the boots and then the guest programs in each contender in turn: program by program, because the speed of the host changes from minute to
 * minute. A contender has one machine for all programs, which stands still while others are measured; one that fails is started anew
 * for the next program.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { medianOfKnown } from "../figures.ts";
import type { BootTiming, Contender, Counters, GuestFigures, RunningGuest } from "./contender.ts";
import type { Arch, GuestImage } from "./guestImage.ts";
import { GuestSession } from "./guestSession.ts";
import { measureProgram, type PhaseTiming } from "./measure.ts";
import type { GuestProgram } from "./programs.ts";
import type { BenchReport, MeasuredProgram, Progress } from "./report.ts";

export interface SuiteOptions {
  programs: readonly GuestProgram[];
  boot: boolean;
  runs: number;
}

type Results = Pick<BenchReport, "programs" | "boots" | "ends" | "errors">;

export class Suite {
  private readonly programs = new Samples<MeasuredProgram>();
  private readonly boots = new Samples<BootTiming>();
  private readonly ends = new Samples<GuestFigures>();
  private readonly errors: string[] = [];
  /** By program: the first answer, and whose it was. */
  private readonly checksums = new Map<string, { checksum: string; who: string }>();

  constructor(
    private readonly options: SuiteOptions,
    private readonly say: (line: string) => void,
  ) {}

  /** Measures the pairs in turn, as often as was asked for. */
  async measure(pairs: readonly { contender: Contender; image: GuestImage }[]): Promise<void> {
    const images = new Set(pairs.map(({ image }) => image));
    for (let run = 0; run < this.options.runs; run++) {
      if (this.options.boot) for (const { contender, image } of pairs) await this.measureBoot(contender, image);
      for (const image of this.options.programs.length > 0 ? images : []) {
        const contenders = pairs.filter((pair) => pair.image === image).map(({ contender }) => contender);
        await this.measurePrograms(contenders, image);
      }
    }
  }

  results(images: readonly GuestImage[]): Results {
    const arches = images.map(({ arch }) => arch);
    return {
      programs: arches.flatMap((arch) =>
        this.options.programs.map(({ name, title, group }) => {
          return { arch, name, title, group, timings: this.programs.of(keyOf(arch, name), medianProgram) };
        }),
      ),
      boots: images
        .filter(() => this.options.boot)
        .map(({ arch, guest }) => ({ arch, title: guest.title, timings: this.boots.of(arch, medianOfFields) })),
      ends: arches.map((arch) => ({ arch, figures: this.ends.of(arch, medianOfFields) })),
      errors: this.errors,
    };
  }

  private async measureBoot(contender: Contender, image: GuestImage): Promise<void> {
    if (!contender.boot) return;
    this.say(`${contender.title}, ${image.arch}: boot …`);
    try {
      this.boots.add(image.arch, contender.id, await contender.boot(image.shell, image));
    } catch (error) {
      this.complain(contender, image, "boot", error);
    }
  }

  private async measurePrograms(contenders: readonly Contender[], image: GuestImage): Promise<void> {
    const seats = contenders.map((contender): Seat => ({ contender, image, machine: undefined, hasGivenUp: false }));
    for (const program of this.options.programs) for (const seat of seats) await this.measureProgram(seat, program);
    for (const { contender, machine } of seats) {
      if (machine) this.ends.add(image.arch, contender.id, await machine.figures());
      await machine?.stop();
    }
  }

  private async measureProgram(seat: Seat, program: GuestProgram): Promise<void> {
    const { contender, image } = seat;
    if (seat.hasGivenUp) return;
    try {
      seat.machine ??= await Machine.start(contender, image);
    } catch (error) {
      this.complain(contender, image, "start", error);
      seat.hasGivenUp = true;
      return;
    }
    this.say(`${contender.title}, ${image.arch}: ${program.name} …`);
    try {
      this.keep(contender, image, program, await seat.machine.measure(program));
    } catch (error) {
      this.complain(contender, image, program.name, error);
      await seat.machine.stop();
      seat.machine = undefined;
    }
  }

  private keep(contender: Contender, { arch }: GuestImage, { name }: GuestProgram, timing: MeasuredProgram): void {
    const who = `${contender.title}, ${arch}`;
    const known = this.checksums.get(name);
    if (known === undefined) this.checksums.set(name, { checksum: timing.checksum, who });
    else if (known.checksum !== timing.checksum)
      this.errors.push(`${who}: ${name}: checksum ${timing.checksum}, but ${known.checksum} in ${known.who}`);
    this.programs.add(keyOf(arch, name), contender.id, timing);
  }

  private complain(contender: Contender, { arch }: GuestImage, what: string, error: unknown): void {
    const line = `${contender.title}, ${arch}: ${what}: ${(error as Error).message}`;
    this.errors.push(line);
    this.say(line);
  }
}

/** A contender's place in the comparison. */
interface Seat {
  contender: Contender;
  image: GuestImage;
  machine: Machine | undefined;
  /** It does not even start. */
  hasGivenUp: boolean;
}

/** What a guest gets to make up for the timers that it has missed. */
const SETTLE_MS = 300;

/** A guest that is up, and stands still if it can but for what it is asked to do. */
class Machine {
  private constructor(
    private readonly guest: RunningGuest,
    private readonly session: GuestSession,
    private readonly hasTrueClock: boolean,
  ) {}

  static async start(contender: Contender, image: GuestImage): Promise<Machine> {
    const guest = await contender.start(image);
    const session = new GuestSession(guest.port);
    try {
      await session.ready();
    } catch (error) {
      await guest.stop();
      throw error;
    }
    guest.pause?.();
    return new Machine(guest, session, contender.hasTrueClock ?? false);
  }

  async measure({ name, warmRounds }: GuestProgram): Promise<MeasuredProgram> {
    await this.wake();
    let looks: (Promise<Counters> | undefined)[] = [];
    const timing = await measureProgram(async (rounds) => {
      looks = [];
      const result = await this.session.run(name, rounds, () => looks.push(this.guest.counters?.()));
      return this.hasTrueClock ? { ...result, seconds: result.guestSeconds } : result;
    }, warmRounds);
    const [before, after] = await Promise.all(looks);
    this.guest.pause?.();
    const { rounds, perRound } = timing.steady;
    return { ...timing, ...(before && after && progress(before, after, rounds * perRound)) };
  }

  async figures(): Promise<GuestFigures> {
    await this.wake();
    return this.guest.figures();
  }

  stop(): Promise<void> {
    return this.guest.stop();
  }

  private async wake(): Promise<void> {
    if (!this.guest.resume) return;
    this.guest.resume();
    await sleep(SETTLE_MS);
  }
}

/** What was executed between two looks at the counters, and how. */
export function progress(before: Counters, after: Counters, seconds: number): Progress {
  const instructions = after.instructions - before.instructions;
  const translated = translatedInstructions(after) - translatedInstructions(before);
  return { mips: instructions / seconds / 1e6, translatedShare: translated / instructions };
}

function translatedInstructions({ instructions, translatedShare }: Counters): number {
  return instructions * translatedShare;
}

function keyOf(arch: Arch, name: string): string {
  return `${arch} ${name}`;
}

/** What was measured, by subject and contender, once for each run. */
class Samples<T> {
  private readonly map = new Map<string, Map<Contender["id"], T[]>>();

  add(key: string, contender: Contender["id"], sample: T): void {
    const row = this.map.get(key) ?? new Map<Contender["id"], T[]>();
    this.map.set(key, row);
    row.set(contender, [...(row.get(contender) ?? []), sample]);
  }

  of(key: string, median: (samples: readonly T[]) => T): Partial<Record<Contender["id"], T>> {
    const row = this.map.get(key) ?? new Map<Contender["id"], T[]>();
    return Object.fromEntries([...row].map(([contender, samples]) => [contender, median(samples)]));
  }
}

function medianProgram(samples: readonly MeasuredProgram[]): MeasuredProgram {
  const phase = (name: "warm" | "steady") => medianOfFields<PhaseTiming>(samples.map((sample) => sample[name]));
  const { mips, translatedShare } = medianOfFields<Partial<Progress>>(samples);
  return {
    warm: phase("warm"),
    steady: phase("steady"),
    checksum: samples[0]!.checksum,
    ...(mips !== undefined && { mips }),
    ...(translatedShare !== undefined && { translatedShare }),
  };
}

/** The median of each number that the samples have. */
function medianOfFields<T extends object>(samples: readonly T[]): T {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample)))] as (keyof T)[];
  const entries = names.map((name) => {
    const numbers = samples.map((sample) => sample[name]).filter((value) => typeof value === "number");
    return [name, medianOfKnown(numbers as number[])] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T;
}
