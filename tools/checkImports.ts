/**
 * The import rules of the house (design, section 2): no cycles between files, and no arrow that points back up from a lower layer
 * to a higher one. `npm run lint` runs this; the tables below are the rules.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

type Layers = readonly (readonly string[])[];

/**
 * Layers, lowest first; those in one row may import each other (not in a circle). A layer is a folder with all below it, or one
 * file; the longest name that fits decides, so that a file whose folder lies elsewhere can be placed, with a reason.
 */
const SRC_LAYERS: Layers = [
  // The vocabulary of errors and settings, which every layer above the devices speaks; it imports nothing.
  ["src/util", "src/machine/vmError.ts", "src/machine/vmConfig.ts"],
  ["src/bus"],
  ["src/core"],
  ["src/devices"],
  ["src/display", "src/input", "src/console", "src/storage", "src/network", "src/audio"],
  ["src/machine"],
  ["src/snapshot"],
  ["src/vm"],
  // The page's ends of the worker protocol.
  ["src/worker", "src/vm/vmClient.ts", "src/vm/vmManager.ts"],
  ["src/ui", "src/cli"],
  ["src/embed"],
];

const ASSEMBLY_LAYERS: Layers = [
  ["assembly/shared"],
  ["assembly/host", "assembly/wasm", "assembly/softfloat"],
  ["assembly/cpu"],
  ["assembly/decode"],
  // The MMU tells the caches of decoded and translated code of writes to code; these tell the MMU which pages hold code.
  [
    "assembly/mmu",
    "assembly/interp/blocks.ts",
    ...["codeCache", "translations", "segments", "churn", "layout", "validate"].map(
      (name) => `assembly/jit/${name}.ts`,
    ),
  ],
  // A change of mode or of some MSRs flushes the TLB, so these lie above the MMU.
  ["assembly/cpu/mode.ts", "assembly/cpu/msr.ts", "assembly/cpu/reset.ts"],
  // Rare instructions are plain functions on the interpreter's backend, not generic ones (design, 3.1).
  ["assembly/isa", "assembly/interp/exec.ts"],
  ["assembly/interp"],
  ["assembly/jit"],
  // What is hot is translated between two blocks.
  ["assembly/interp/run.ts"],
  ["assembly/index.ts"],
];

/** Beyond the ranks: a device is handed what it needs (design, section 4), the engine's view is not its business. */
const FORBIDDEN: readonly { from: string; to: string; why: string }[] = [
  { from: "src/devices/", to: "src/core/", why: "a device is handed guest memory and lines, it knows no engine" },
];

/** What of `assembly` the TypeScript side may see. */
const SHARED = "assembly/shared/";

/** What each file imports, by path from the project's folder, with `/`. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** Relative imports and exports of a module; comments and strings that look like one do not count. */
export function findImports(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const statement = /^\s*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["'](\.[^"']*)["']|\bimport\(\s*["'](\.[^"']*)["']/gm;
  return [...code.matchAll(statement)].map(([, name, dynamic]) => (name ?? dynamic) as string);
}

/** Every broken rule, one line each. */
export function checkImports(graph: ImportGraph): string[] {
  const homeless = [...graph.keys()].filter((file) => rankOf(file) === undefined);
  return [
    ...homeless.map((file) => `${file} is in no known layer`),
    ...[...graph].flatMap(([from, imports]) => imports.flatMap((to) => checkArrow(from, to) ?? [])),
    ...findCycles(graph).map((cycle) => `cycle: ${cycle.join(" -> ")}`),
  ];
}

function checkArrow(from: string, to: string): string | undefined {
  const rule = FORBIDDEN.find((entry) => from.startsWith(entry.from) && to.startsWith(entry.to));
  if (rule) return `${from} imports ${to}: ${rule.why}`;
  if (from.startsWith("src/") && to.startsWith("assembly/"))
    return to.startsWith(SHARED)
      ? undefined
      : `${from} imports ${to}: of the engine's sources only ${SHARED} is for src`;
  const [fromRank, toRank] = [rankOf(from), rankOf(to)];
  if (fromRank === undefined || toRank === undefined || toRank <= fromRank) return undefined;
  return `${from} imports ${to}: a lower layer never imports a higher one`;
}

/** Place in the layers of its tree; undefined for what is in none. */
function rankOf(path: string): number | undefined {
  const layers = path.startsWith("assembly/") ? ASSEMBLY_LAYERS : SRC_LAYERS;
  const parts = path.split("/");
  for (let length = parts.length; length > 1; length--) {
    const name = parts.slice(0, length).join("/");
    const rank = layers.findIndex((names) => names.includes(name));
    if (rank >= 0) return rank;
  }
  return undefined;
}

/** One shortest cycle for each knot of files that import each other (Tarjan's strongly connected components). */
export function findCycles(graph: ImportGraph): string[][] {
  return components(graph).flatMap((knot) => {
    const [start] = knot.sort();
    const isAlone = knot.length === 1 && !graph.get(start as string)?.includes(start as string);
    return isAlone ? [] : [shortestCycle(graph, start as string, new Set(knot))];
  });
}

function components(graph: ImportGraph): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const open = new Set<string>();
  const found: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file) as number);
    stack.push(file);
    open.add(file);
    for (const to of graph.get(file) ?? []) {
      if (!graph.has(to)) continue;
      if (!order.has(to)) visit(to);
      if (open.has(to)) low.set(file, Math.min(low.get(file) as number, low.get(to) as number));
    }
    if (low.get(file) !== order.get(file)) return;
    const knot = stack.splice(stack.indexOf(file));
    for (const member of knot) open.delete(member);
    found.push(knot);
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

/** The shortest way from `start` back to itself within a knot. */
function shortestCycle(graph: ImportGraph, start: string, knot: ReadonlySet<string>): string[] {
  const queue = [[start]];
  const seen = new Set<string>();
  for (const path of queue) {
    for (const to of graph.get(path.at(-1) as string) ?? []) {
      if (to === start) return [...path, start];
      if (!knot.has(to) || seen.has(to)) continue;
      seen.add(to);
      queue.push([...path, to]);
    }
  }
  return [start];
}

/** The graph of `src` and `assembly` below `root`; tests may import what they like. */
export function readGraph(root: string): ImportGraph {
  const files = ["src", "assembly"].flatMap((tree) =>
    readdirSync(join(root, tree), { recursive: true, encoding: "utf8" })
      .map((path) => posix.join(tree, path.replaceAll("\\", "/")))
      .filter((path) => path.endsWith(".ts") && !/\.(test|d)\.ts$/.test(path)),
  );
  return new Map(files.map((file) => [file, importsOf(root, file)]));
}

/** AssemblyScript imports leave the extension out. */
function importsOf(root: string, file: string): string[] {
  return findImports(readFileSync(join(root, file), "utf8")).map((name) => {
    const path = posix.join(posix.dirname(file), name);
    return file.startsWith("assembly/") && !path.endsWith(".ts") ? `${path}.ts` : path;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const graph = readGraph(fileURLToPath(new URL("..", import.meta.url)));
  const broken = checkImports(graph);
  for (const line of broken) console.error(line);
  console.error(`imports: ${graph.size} files, ${broken.length} broken rules`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
