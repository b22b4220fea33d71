// The only external declarations of the engine: what the VMM does for it. See HostImports in src/core/engine.ts.
// No call crosses with a 64-bit integer (BigInt would allocate): addresses come in two halves, times as f64.

/** IN. `size` is 1, 2 or 4; the result is zero-extended. */
@external("host", "portRead")
export declare function portRead(port: u32, size: u32): u32;


@external("host", "portWrite")
export declare function portWrite(port: u32, value: u32, size: u32): void;

/**
 * INS of up to `count` units of `size` bytes into the engine's memory at `address`, in one piece. How many units came: 0 where the
 * device takes them one at a time.
 */
@external("host", "portReadBlock")
export declare function portReadBlock(port: u32, size: u32, address: u32, count: u32): u32;

/** OUTS likewise. */
@external("host", "portWriteBlock")
export declare function portWriteBlock(port: u32, size: u32, address: u32, count: u32): u32;

/** A read of physical address `high:low` that is neither RAM nor ROM. `size` is 1, 2 or 4. */
@external("host", "mmioRead")
export declare function mmioRead(low: u32, high: u32, size: u32): u32;


@external("host", "mmioWrite")
export declare function mmioWrite(low: u32, high: u32, value: u32, size: u32): void;

/** INTA: the vector of the highest pending interrupt, or -1 when it has gone away. */
@external("host", "acknowledgeInterrupt")
export declare function acknowledgeInterrupt(): i32;

/** Guest time in nanoseconds since power-on; the TSC counts these (1 GHz). */
@external("host", "nowNs")
export declare function nowNs(): f64;

/** Things the board must know of: see `HostEvent`. */
@external("host", "event")
export declare function hostEvent(kind: u32, value: u32): void;

/** Asks the board: see `HostQuery`. */
@external("host", "query")
export declare function hostQuery(kind: u32): u32;

/**
 * Compiles the module at `address`, `length` bytes, and puts its functions "0", "1", ... (`count`) into the exported table from `tableIndex`
 * on, or sees to it that this is done later. With length 0 empties those places, and forgets what was to come there. A ModuleAnswer.
 */
@external("host", "installModule")
export declare function installModule(address: u32, length: u32, tableIndex: u32, count: u32): u32;
