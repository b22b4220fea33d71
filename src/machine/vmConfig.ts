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
  drives?: DriveConfig[];
  /** What the firmware tries first; what is left out comes after it. Disk, CD-ROM, floppy when left out. */
  bootOrder?: BootDevice[];
  /** Folders that the guest may mount by virtio-9p. */
  shares?: ShareConfig[];
  /** The graphics adapter (default `std`, that of the Bochs emulator); without one the machine is told so, and has its serial line. */
  vga?: VgaKind;
  /** Attach isa-debug-exit at port 0xf4. */
  debugExit?: boolean;
  /** Virtio devices; left out, they are as guests expect them. */
  virtio?: VirtioConfig;
  /** How guest code is translated; left out, everything is as it is best. */
  jit?: JitTuning;
}

/** A drive and, except for a drive with removable media, what is in it. */
export interface DriveConfig extends Partial<MediumConfig> {
  interface: DriveInterface;
  /** IDE: 0-3 are primary master, primary slave, secondary master, secondary slave. Floppy: 0-1. The first free one when left out. */
  index?: number;
  /** `disk` when left out. */
  media?: DriveMedia;
}

/** A medium: an image, and where writes to it go. */
export interface MediumConfig {
  source: DriveSource;
  /** Told by content when left out: what is no qcow2 or zstd image is raw. */
  format?: ImageFormat;
  /** The image that a qcow2 image lies over; its own header's word is not taken for which that is. */
  backing?: DriveSource;
  /** The guest sees a write-protected medium. CD-ROMs are so in any case. */
  readOnly?: boolean;
  /** Name of the file (Node) or the entry in the browser's storage that keeps what the guest writes. Left out: it is gone with the VM. */
  overlay?: string;
  /** Writes go to the image itself. */
  writable?: boolean;
}

/** Where the bytes of an image are. */
export type DriveSource =
  | { kind: "bytes"; bytes: Uint8Array; name: string }
  | { kind: "blob"; blob: BlobLike; name: string }
  | { kind: "url"; url: string }
  /** In Node. */
  | { kind: "file"; path: string };

/** What is used of a browser's Blob or File. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export type DriveInterface = "ide" | "floppy" | "virtio" | "nvme";
export type DriveMedia = "disk" | "cdrom";
export type ImageFormat = "raw" | "qcow2" | "zstd";
export type BootDevice = "floppy" | "disk" | "cdrom";

/** What is known here of a browser's FileSystemDirectoryHandle. */
export interface FolderHandle {
  readonly kind: "directory";
  readonly name: string;
}

/** A folder of the host: in Node by its path, in a browser by the handle that its user's choice has given. */
export type ShareConfig = {
  /** By which the guest mounts it: ASCII without spaces. */
  tag: string;
  /** The guest changes nothing in it. */
  readOnly?: boolean;
} & ({ path: string } | { folder: FolderHandle });

/** How virtio devices present themselves. */
export interface VirtioConfig {
  /** Offers packed rings (default false). */
  packed?: boolean;
  /** Serves drivers of before virtio 1.0 too (default true). */
  transitional?: boolean;
  /** A source of random numbers (default true). */
  rng?: boolean;
  /** A console, Linux's hvc0 (default false). */
  console?: boolean;
}

export type VgaKind = "std" | "none";

/** Settings of the translation of guest code to WebAssembly. */
export interface JitTuning {
  /** Runs of a block before it is translated (`auto`). */
  threshold?: number;
  /** Memory for what belongs to translated code, at least 1 MiB. All there is when left out. */
  cacheBytes?: number;
  /**
   * Whether modules are compiled on another thread while the guest goes on (`auto`, where the VM's owner has such a thread), or in place.
   * `async` when left out, but `sync` under the instruction clock: translated code is found and checked by page walks, so when it comes
   * decides when page-table entries get their accessed bits.
   */
  compile?: "async" | "sync";
  /** JitFeature bits; what the host has when left out. SHARED_MEMORY follows from the memory. */
  features?: number;
  /** Count what each translated piece of code executes. */
  profile?: boolean;
}

/** Where guest time went, of a VM with JitTuning.profile. */
export interface VmProfile {
  /** Executed altogether, and in translated code. */
  instructions: number;
  translatedInstructions: number;
  /** The busiest first. */
  regions: RegionProfile[];
}

/** A piece of guest code. Addresses are linear. */
export interface RegionProfile {
  /** Where it was entered first. */
  address: bigint;
  /** 16, 32 or 64. */
  bits: number;
  /** Runs at CPL 3. */
  isUser: boolean;
  /** Executed in it. */
  instructions: number;
  /** How many translations of it are counted here. */
  translations: number;
  /** Basic blocks of the largest. */
  blocks: number;
  /** Where the code of all of them lies, in order and without overlaps. */
  ranges: AddressRange[];
}

export interface AddressRange {
  start: bigint;
  /** The first address after it. */
  end: bigint;
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

/** What a guest tells its surroundings beside its output. */
export type GuestSignal =
  /** Whether it takes positions of the pointer (VM mouse), or movements only (PS/2 mouse). */
  | { kind: "pointer"; absolute: boolean }
  /** The lights of the keyboard. */
  | { kind: "leds"; scrollLock: boolean; numLock: boolean; capsLock: boolean }
  /** Its kernel has panicked; `crashLoaded` if it handles that itself. */
  | { kind: "panicked"; crashLoaded: boolean };

/** Figures of a running VM since it was made, for `--stats` and the page. Times in seconds, sizes in bytes. */
export interface VmStats {
  instructions: number;
  /** Wall time spent executing guest code, translating included. */
  seconds: number;
  mips: number;
  /** Shares of the instructions that ran in translated code and in the interpreter, 0 to 1; together they are 1. */
  translatedShare: number;
  interpreterShare: number;
  /** Pieces of guest code that were translated, each a function; again if they were again. */
  regions: number;
  /** WebAssembly modules with these functions. */
  modules: number;
  /** Guest code in the regions. */
  regionBytes: number;
  regionInstructions: number;
  /** Length of the modules. */
  wasmBytes: number;
  wasmBytesPerInstruction: number;
  /** Time in the host's WebAssembly compiler, on the guest's thread. */
  compileSeconds: number;
  /** Regions dropped because their code was written to, and because their room was wanted for newer ones. */
  regionInvalidations: number;
  regionEvictions: number;
  /** Ways from translated code to translated code by a link that held. */
  chainHits: number;
  /** Times that the run loop looked for the code to go on with, in or out of translated code. */
  dispatches: number;
  dispatchesPerMillion: number;
  /** WebAssembly of the regions that can be run now, and what the engine keeps of them in its own memory. */
  codeBytes: number;
  codeRecordBytes: number;
  /** Engine memory beyond guest RAM. */
  engineBytes: number;
  /** JavaScript heap of the thread, where it can be told; else 0. */
  heapBytes: number;
  /** From the VM's creation to its first guest instruction. */
  timeToFirstInstruction: number;
  /** Page walks for the software TLB; a million: of instructions. */
  tlbMisses: number;
  tlbMissesPerMillion: number;
  /** Decoded blocks: made, dropped because their code was written to; and how often all were dropped for want of room. */
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
