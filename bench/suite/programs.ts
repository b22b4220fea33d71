/** The guest programs (bench/guest/programs.c has the same names) and what they stand for. */

/** `compute`: what processors are compared by. `system`: what a kernel does for processes. `dispersed`: code wider than loops. */
export type Group = "compute" | "system" | "dispersed";

export interface GuestProgram {
  name: string;
  title: string;
  group: Group;
  /** What a fresh process does for the warm-up figure: about 100 ms of work in QEMU's translator, on the machine of docs/performance.md. */
  warmRounds: number;
}

export const PROGRAMS: readonly GuestProgram[] = [
  compute("sieve", "sieve of Eratosthenes", 80),
  compute("sha256", "SHA-256", 110),
  compute("sort", "sort, compare callback", 30),
  compute("trees", "binary trees, malloc", 30),
  compute("bytecode", "byte-code interpreter", 16),
  compute("nbody", "n-body, double", 40),
  compute("matrix", "matrix product, float", 6),
  compute("memcpy", "memcpy of 2 MiB", 6),
  compute("strings", "string functions", 450),
  compute("core", "list, matrix, state machine", 300),
  { name: "dispersed", title: "2,000 dispersed functions", group: "dispersed", warmRounds: 140 },
  system("syscall", "500 system calls", 220),
  system("fork", "fork and wait", 100),
  system("pipe", "20 pipe round trips", 36),
  system("faults", "256 page faults", 32),
];

function compute(name: string, title: string, warmRounds: number): GuestProgram {
  return { name, title, group: "compute", warmRounds };
}

function system(name: string, title: string, warmRounds: number): GuestProgram {
  return { name, title, group: "system", warmRounds };
}
