/**
 * Serves the page as a web server would: the Vite build in dist/page (made when a source has changed), guest images, the
 * engine, and the headers that make the page cross-origin isolated. `tsx tools/serve.ts [--port N] [--host ADDRESS]`
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, preview } from "vite";
import { imageBuilds } from "./imageBuilds.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const configFile = join(root, "vite.config.ts");
const outDir = join(root, "dist/page");
const stampFile = join(outDir, ".stamp");

/** All that the build reads. */
const SOURCES = [
  ...["src", "public", "assembly/shared", "images/guests.ts", "index.html", "embed.html"],
  ...["vite.config.ts", "tsconfig.json", "tsconfig.base.json", "package-lock.json"],
];

export const DEFAULT_PORT = 5173;
const PORTS_TRIED = 50;

export interface ServeOptions {
  /** Where to begin looking for a free port. Default 5173. */
  port?: number;
  /** Take that port or fail. */
  strictPort?: boolean;
  /** Address to listen on. Default 127.0.0.1: only this machine. */
  host?: string;
}

export interface PageServer {
  url: string;
  close(): Promise<void>;
}

/** Something the user can put right, without a stack. */
export class ServeError extends Error {}

/** Builds the page into dist/page if a source has changed; says whether it had to. */
export async function buildPage(): Promise<boolean> {
  const stamp = fingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return false;
  await build({ configFile, logLevel: "warn" });
  writeFileSync(stampFile, stamp);
  return true;
}

/** Builds the page if needed and serves it. */
export async function serve(options: ServeOptions = {}): Promise<PageServer> {
  const host = options.host ?? "127.0.0.1";
  const port = await choosePort(options.port ?? DEFAULT_PORT, host, options.strictPort === true);
  await buildPage();
  const local = host === "127.0.0.1" || host === "localhost" || host === "::1";
  const server = await preview({
    configFile,
    logLevel: "warn",
    plugins: [imageBuilds()],
    // Whoever opens the server to a network reaches it under whatever name that has.
    preview: { port, host, strictPort: true, ...(!local && { allowedHosts: true }) },
  });
  const shown = host === "0.0.0.0" || host === "::" || local ? "localhost" : host;
  return { url: `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}/`, close: () => server.close() };
}

async function choosePort(first: number, host: string, strict: boolean): Promise<number> {
  const last = strict ? first : Math.min(first + PORTS_TRIED - 1, 65535);
  for (let port = first; port <= last; port++) if (await isFree(port, host)) return port;
  if (strict) throw new ServeError(`port ${first} is taken`);
  throw new ServeError(`the ports ${first} to ${last} are all taken; --port N names another to begin with`);
}

/** Throws a ServeError when it is not the port that is at fault. */
function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(new ServeError(`cannot listen on ${host}:${port}: ${error.message}`));
    });
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap(filesIn))
    hash.update(relative(root, file)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

function filesIn(source: string): string[] {
  const path = join(root, source);
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function parseOptions(args: string[]): ServeOptions {
  const { values } = parseArgs({
    args,
    options: { port: { type: "string" }, host: { type: "string" }, "strict-port": { type: "boolean" } },
  });
  const port = values.port === undefined ? DEFAULT_PORT : Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new ServeError(`--port ${values.port}: not a port`);
  return { port, strictPort: values["strict-port"] === true, ...(values.host !== undefined && { host: values.host }) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { url } = await serve(parseOptions(process.argv.slice(2)));
    console.log(`Tabvisor is at ${url}`);
  } catch (error) {
    const wrongUse = String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
    if (!(error instanceof ServeError) && !wrongUse) throw error;
    console.error(`serve: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
