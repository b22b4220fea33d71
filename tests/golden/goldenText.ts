/** The texts of a golden file from what the translator has made: IR with names, and wasm. */
import { readEnum } from "../decode/harness.ts";
import { AddressNames, hexNumber } from "./addresses.ts";
import type { RegionText } from "./regionReader.ts";
import { wasmText } from "./wasmText.ts";

const WASM = namesOf("wasm/opcodes.ts", "Wasm");
const HELPERS = namesOf("jit/helperNumber.ts", "Helper");
const FLAGS = namesOf("cpu/flags.ts", "FlagOp");

function namesOf(file: string, name: string): ReadonlyMap<number, string> {
  return new Map([...readEnum(file, name)].map(([key, value]) => [value, key]));
}

/** I32_LOAD8_U is i32.load8_u. */
function wasmName(code: number): string {
  return (WASM.get(code) ?? `wasm${code}`).toLowerCase().replace("_", ".");
}

/** TO_INTEGER is toInteger. */
function helperName(number: number): string {
  return (HELPERS.get(number) ?? `helper${number}`).toLowerCase().replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
}

export interface GoldenText {
  ir: string;
  wasm: string;
}

/** @param listing the instructions by address */
export function goldenText(region: RegionText, listing: ReadonlyMap<number, string>): GoldenText {
  const names = new AddressNames(region.links);
  return { ir: irText(region.ir, names, listing), wasm: wasmText(region, names, helperName) };
}

function irText(ir: string, names: AddressNames, listing: ReadonlyMap<number, string>): string {
  return ir
    .replace(/wasm\((\d+)\)/g, (_, code) => wasmName(Number(code)))
    .replace(/helper\((\d+)\)/g, (_, number) => helperName(Number(number)))
    .replace(/flag\((\d+)\)/g, (_, kind) => FLAGS.get(Number(kind)) ?? kind)
    .replace(/at\((\d+)\)/g, (_, address) => names.name(Number(address)) ?? hexNumber(BigInt(address)))
    .replace(/^; ([0-9a-f]+)$/gm, (line, address) => `${line}  ${listing.get(Number.parseInt(address, 16)) ?? "?"}`);
}
