/** Symbols of a kernel as `nm` prints them: a System.map, or the guest's own /proc/kallsyms. */
import { readInput } from "./files.ts";
import { UsageError } from "./usageError.ts";

/** Code symbols, global and local, strong and weak. */
const TEXT_SYMBOL = /^([0-9a-fA-F]{1,16}) [tTwW] (\S+)/gm;
/** No symbol reaches further than this, in bytes. */
const FURTHEST = 0x10_0000n;

interface CodeSymbol {
  address: bigint;
  name: string;
}

export class SymbolTable {
  private readonly symbols: readonly CodeSymbol[];

  constructor(map: string) {
    const symbols = [...map.matchAll(TEXT_SYMBOL)].map(([, address, name]) => ({
      address: BigInt(`0x${address}`),
      name: name as string,
    }));
    // Stable: of several names for one address the file's last one is found.
    this.symbols = symbols.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  get size(): number {
    return this.symbols.length;
  }

  /** `name+0x1f` for an address behind a symbol; undefined where there is none. */
  describe(address: bigint): string | undefined {
    const symbol = this.symbols[this.countUpTo(address) - 1];
    if (symbol === undefined || address - symbol.address >= FURTHEST) return undefined;
    const offset = address - symbol.address;
    return offset === 0n ? symbol.name : `${symbol.name}+0x${offset.toString(16)}`;
  }

  /** How many symbols lie at `address` or before. */
  private countUpTo(address: bigint): number {
    let low = 0;
    let high = this.symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.symbols[middle] as CodeSymbol).address <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** @throws UsageError if the file cannot be read or names no code. */
export function readSymbols(path: string): SymbolTable {
  const table = new SymbolTable(new TextDecoder().decode(readInput("--symbols", path)));
  if (table.size > 0) return table;
  throw new UsageError(
    `--symbols ${path}: no line in it is a code symbol, such as "ffffffff81000000 T _text": not a System.map, or an empty one`,
  );
}
