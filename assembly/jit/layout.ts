// Where the translator's scratch lies in MemoryMap.JIT. The rest of it belongs to the code cache (codeCache.ts).
import { MemoryMap } from "../shared/memoryMap";

/** The translator's; nothing in it outlives a module. */
export const JIT_SCRATCH: u32 = MemoryMap.JIT;
export const JIT_SCRATCH_SIZE: u32 = 0x40_0000;
export const CODE_CACHE: u32 = JIT_SCRATCH + JIT_SCRATCH_SIZE;
export const CODE_CACHE_SIZE: u32 = MemoryMap.JIT_SIZE - JIT_SCRATCH_SIZE;

/** The region under construction (region.ts): 16 KiB. */
export const REGION: u32 = JIT_SCRATCH;
/** The builder's state (build.ts) and the lowering's (lower.ts): 48 KiB. */
export const BUILD_STATE: u32 = JIT_SCRATCH + 0x4000;
/** The module writer's state: 192 bytes. */
export const MODULE_STATE: u32 = JIT_SCRATCH + 0xff00;
/** Two vectors that translated code hands to the engine, which puts the result in place of the first. */
export const VECTOR_SCRATCH: u32 = JIT_SCRATCH + 0xffc0;
/** IR nodes of one region: 1 MiB. */
export const NODES: u32 = JIT_SCRATCH + 0x1_0000;
export const NODES_SIZE: u32 = 0x10_0000;
/** Code of one function, before its locals and length are known: 1 MiB less the rest. */
export const FUNCTION_CODE: u32 = NODES + NODES_SIZE;
export const FUNCTION_CODE_SIZE: u32 = 0xf_0000;
/** Branch hints (branchHints.ts): of the function, and those of the module as they are encoded; 64 KiB together. */
export const FUNCTION_HINTS: u32 = FUNCTION_CODE + FUNCTION_CODE_SIZE;
export const MODULE_HINTS: u32 = FUNCTION_HINTS + 0x4000;
export const MODULE_HINTS_SIZE: u32 = 0xc000;
/** The module: 2 MiB less the hints and the table of misses. */
export const MODULE_CODE: u32 = MODULE_HINTS + MODULE_HINTS_SIZE;
export const MODULE_CODE_SIZE: u32 = 0x1d_8000;
/** Instructions whose accesses are often missed (misses.ts): 32 KiB. */
export const MISS_TABLE: u32 = MODULE_CODE + MODULE_CODE_SIZE;
export const MISS_TABLE_SIZE: u32 = 0x8000;
/** Targets of indirect jumps (targets.ts): 64 KiB. */
export const TARGET_TABLE: u32 = MISS_TABLE + MISS_TABLE_SIZE;
