/** What takes part in the comparison: a way to run the guest, and to boot a kernel to its shell. */
import type { Arch, BootFiles, GuestImage } from "./guestImage.ts";
import type { SerialPort } from "./serialPort.ts";

export const CONTENDERS = ["host", "qemu", "v86", "tabvisor", "chromium"] as const;
export type ContenderId = (typeof CONTENDERS)[number];

export interface Contender {
  readonly id: ContenderId;
  readonly title: string;
  readonly arches: readonly Arch[];
  /** Its programs' own clock is this machine's: finer than the marks on a serial line. */
  readonly hasTrueClock?: boolean;
  /** What is missing for it on this machine, in one line. */
  missing(image: GuestImage): string | undefined;
  /** Starts the machine that serves bench/guest/main.c's commands. */
  start(image: GuestImage): Promise<RunningGuest>;
  /** Starts a machine with these files and drives. */
  startFiles?(files: BootFiles): Promise<RunningGuest>;
  /** Boots to the shell's prompt; seconds of wall time from the start of the process, or of loading the page. */
  boot?(files: BootFiles, image: GuestImage): Promise<BootTiming>;
}

export interface RunningGuest {
  readonly port: SerialPort;
  figures(): Promise<GuestFigures>;
  /** As they are now, where it counts: soon enough to tell what a program does from what starts and ends it. */
  counters?(): Promise<Counters>;
  /** Leaves the processor to others until `resume`: idle guests are not idle enough. */
  pause?(): void;
  resume?(): void;
  stop(): Promise<void>;
}

export interface BootTiming extends GuestFigures {
  seconds: number;
}

export interface Counters {
  /** Since power-on. */
  instructions: number;
  /** Share of them that ran as translated code, 0 to 1. */
  translatedShare: number;
}

/** What a contender can tell of itself; each is absent where it cannot. */
export interface GuestFigures extends Partial<Counters> {
  /** Resident memory of the process without the guest's RAM. */
  processBytes?: number;
  /** Its own account of that: the engine's part of the shared memory, and the JavaScript heap. */
  engineBytes?: number;
  heapBytes?: number;
}
