/** How a VM is to be made. Structured-cloneable: it crosses to a worker as it is. */
export interface VmConfig {
  /** Guest RAM in MiB, 1 to 3072. */
  memoryMib: number;
  /** Which execution engine: `jit` translates at first execution, `interp` never, `auto` when it pays. */
  engine: EngineMode;
  /** Where guest time comes from: the wall clock, or instructions retired (then a run repeats bit for bit). */
  clock: ClockMode;
  boot: BootSource;
  /** Firmware (SeaBIOS) image; without it only direct kernel boot works. */
  bios?: Uint8Array;
  /** VGA BIOS option ROM. */
  vgaBios?: Uint8Array;
  /** Attach isa-debug-exit at port 0xf4. */
  debugExit?: boolean;
}

export type EngineMode = "auto" | "interp" | "jit";
export type ClockMode = "host" | "icount";

export type BootSource =
  /** The firmware looks for something to boot. */
  | { kind: "firmware" }
  /** A Linux bzImage or a multiboot 1 image, told apart by content; `modules` are multiboot's (each with its command line). */
  | { kind: "kernel"; kernel: Uint8Array; initrd?: Uint8Array; modules?: BootModule[]; append: string };

/** A file that a multiboot loader hands to the kernel. */
export interface BootModule {
  data: Uint8Array;
  commandLine: string;
}

/** Where a VM is in its life. */
export type VmState = "created" | "running" | "paused" | "off" | "crashed" | "closed";

/** Why a VM stopped by itself. */
export type StopReason =
  /** ACPI S5. */
  | { kind: "power-off" }
  /** isa-debug-exit with this exit status, `(value << 1) | 1`. */
  | { kind: "debug-exit"; status: number }
  /** Triple fault; `registers` is a printable dump. */
  | { kind: "triple-fault"; registers: string }
  /** A defect of the VMM itself, in one line. */
  | { kind: "internal-error"; message: string };

/** Figures of a running VM, for `--stats` and the page. Times in seconds, sizes in bytes. */
export interface VmStats {
  instructions: number;
  /** Wall time spent executing guest code. */
  seconds: number;
  mips: number;
  /** Share of instructions executed by the interpreter, 0 to 1. */
  interpreterShare: number;
  /** Engine memory beyond guest RAM. */
  engineBytes: number;
  /** JavaScript heap of the thread, where it can be told; else 0. */
  heapBytes: number;
  /** From the VM's creation to its first guest instruction. */
  timeToFirstInstruction: number;
  tlbMisses: number;
  blocksBuilt: number;
  invalidations: number;
  evictions: number;
  interrupts: number;
  exceptions: number;
}

export interface ScreenSize {
  width: number;
  height: number;
}
