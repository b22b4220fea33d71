import { MemoryMap } from "../assembly/shared/memoryMap.ts";

const WASM_PAGE = 0x1_0000;

/** Memory that the engine has for itself, below the guest's RAM, in 64 KiB pages. */
export const ENGINE_PAGES = MemoryMap.GUEST_RAM / WASM_PAGE;
