/**
 * The text of a translated function, with names for locals, engine addresses and helpers, and shorter than the official form:
 * `$x` is (local.get $x), a number is a constant of the type that its place asks for, `[a+8]` is an address with its offset.
 */
import binaryen from "binaryen";
import { type AddressNames, hexNumber } from "./addresses.ts";
import { type Expression, parseExpression, printExpression } from "./expression.ts";
import type { RegionText } from "./regionReader.ts";

/** Locals that every function has, in their order (lowerState.ts beginLocals). */
const FIXED_LOCALS = ["target", "exit", "left", "tlb", "bail"];
const TABLES: Readonly<Record<string, string>> = { "i64.load": "recovery", "i32.load": "recovery+8" };

/** Of call_indirect, before those of the function: table and type. */
const CALL_INDIRECT_OPERANDS = 2;

export function wasmText(region: RegionText, names: AddressNames, helper: (number: number) => string): string {
  const module = binaryen.readBinaryWithFeatures(region.wasm, binaryen.Features.All);
  const parts = parseExpression(module.emitText());
  module.dispose();
  const body = (parts as Expression[]).find((part) => typeof part !== "string" && part[0] === "func") as Expression;
  const namer = new Namer(localNames(region.locals), names, helper);
  return `${printExpression(namer.rewrite(body))}
`;
}

function localNames(locals: string): Map<string, string> {
  const names = new Map(FIXED_LOCALS.map((name, index) => [String(index), name]));
  for (const line of locals.split("\n")) {
    const [index, name] = line.split(" ");
    if (index && name !== undefined) names.set(index, name);
  }
  return names;
}

class Namer {
  constructor(
    private readonly locals: ReadonlyMap<string, string>,
    private readonly addresses: AddressNames,
    private readonly helper: (number: number) => string,
  ) {}

  rewrite(expression: Expression): Expression {
    if (typeof expression === "string") return expression;
    const [operation = "", ...rest] = expression as [string, ...Expression[]];
    switch (operation) {
      case "func":
        return this.rewriteFunction(rest);
      case "local.get":
        return this.local(rest[0] as string);
      case "local.set":
      case "local.tee":
        return [operation, this.local(rest[0] as string), this.rewrite(rest[1] as Expression)];
      case "i32.const":
      case "i64.const":
        return this.constant(rest[0] as string);
      case "call_indirect":
        return this.call(rest.slice(CALL_INDIRECT_OPERANDS));
      default:
        return this.rewriteOther(operation, rest);
    }
  }

  /** Without its type, and with the locals of each type together. */
  private rewriteFunction(parts: readonly Expression[]): Expression {
    const isLocal = (part: Expression) => typeof part !== "string" && part[0] === "local";
    const byType = new Map<Expression, string[]>();
    for (const part of parts.filter(isLocal)) {
      const [, name = "", type = ""] = part as string[];
      byType.set(type, [...(byType.get(type) ?? []), this.local(name)]);
    }
    const locals = [...byType].map(([type, names]): Expression => ["local", type, ...names]);
    const body = parts.filter(
      (part) => typeof part !== "string" && !["type", "param", "local"].includes(part[0] as string),
    );
    const [result, ...code] = body;
    return [
      "func",
      ["param", "$target", "i32"],
      result as Expression,
      ["locals", ...locals],
      ...code.map((part) => this.rewrite(part)),
    ];
  }

  private local(name: string): string {
    const index = name.slice(1);
    return `$${this.locals.get(index) ?? `t${index}`}`;
  }

  /** A call of a helper: its operands, then its number, which is its place in the table. */
  private call(parts: readonly Expression[]): Expression {
    const [, number] = parts.at(-1) as string[];
    return ["call", `$${this.helper(Number(number))}`, ...parts.slice(0, -1).map((part) => this.rewrite(part))];
  }

  private constant(text: string): string {
    const value = BigInt(text);
    const name = this.addresses.name(Number(value));
    return name ?? hexNumber(value);
  }

  private rewriteOther(operation: string, rest: readonly Expression[]): Expression {
    const offset = rest.find((part): part is string => typeof part === "string" && part.startsWith("offset="));
    const others = rest.filter((part) => typeof part !== "string" || !/^(offset|align)=/.test(part));
    const isMemory = /\.(load|store)/.test(operation);
    if (!isMemory) return [operation, ...others.map((part) => this.rewrite(part))];
    const [address, ...values] = others;
    return [
      operation,
      ...this.address(operation, address as Expression, Number(offset?.slice("offset=".length) ?? 0)),
      ...values.map((part) => this.rewrite(part)),
    ];
  }

  /** `[name]` for a fixed address, `[base+8]`, or base and offset apart where the base is more than a name. */
  private address(operation: string, base: Expression, offset: number): Expression[] {
    const table = TABLES[operation];
    const isFixed = typeof base !== "string" && base[0] === "i32.const" && base[1] === "0";
    if (!isFixed && table !== undefined) this.addresses.callTable(offset, table);
    if (!isFixed && operation === "i32.load8_u") this.addresses.callTable(offset, "entries");
    const name = this.addresses.name(offset);
    if (isFixed && name !== undefined) return [`[${name}]`];
    const where = this.rewrite(base);
    const plus = offset === 0 ? "" : `+${name ?? offset}`;
    return typeof where === "string" ? [`[${where}${plus}]`] : plus === "" ? [where] : [`[${plus}]`, where];
  }
}
