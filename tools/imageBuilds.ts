/**
 * Lets the page have guests built that are not there yet: `image-builds/GUEST` beside the page, for the servers that this
 * project's tools start. docs/page-api.md has the protocol.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { findGuest } from "../images/guests.ts";
import type { BuildLine } from "../src/ui/launch/imageBuilds.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const PATH = "/image-builds/";

/** Builds a guest's images and says how it goes on; resolves to why it failed, or to undefined. */
export type BuildGuest = (guest: string, onProgress: (message: string) => void) => Promise<string | undefined>;

/** One build at work and those who watch it. */
interface Build {
  last: BuildLine;
  watchers: Set<ServerResponse>;
}

/**
 * Answers for `image-builds/`. A build that has begun goes on when nobody watches it any more, and whoever asks for it
 * again joins it.
 */
export class ImageBuilds {
  private readonly builds = new Map<string, Build>();

  constructor(private readonly build: BuildGuest = runBuild) {}

  readonly handle = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const guest = pathname.slice(PATH.length);
    if (!pathname.startsWith(PATH)) next();
    else if (guest === "") answer(response, 200, "POST image-builds/GUEST builds it");
    else if (findGuest(guest) === undefined) answer(response, 404, `there is no guest ${guest}`);
    else if (request.method !== "POST") answer(response, 405, "POST builds a guest");
    else if (!isSameOrigin(request)) answer(response, 403, "only this server's own page may ask for builds");
    else this.watch(guest, response);
  };

  private watch(guest: string, response: ServerResponse): void {
    const build = this.builds.get(guest) ?? this.begin(guest);
    response.writeHead(200, { "Content-Type": "application/x-ndjson", "Cache-Control": "no-store" });
    send(response, build.last);
    build.watchers.add(response);
    response.on("close", () => build.watchers.delete(response));
  }

  private begin(guest: string): Build {
    const build: Build = { last: { progress: "" }, watchers: new Set() };
    this.builds.set(guest, build);
    void this.run(guest, build);
    return build;
  }

  private async run(guest: string, build: Build): Promise<void> {
    const tell = (line: BuildLine): void => {
      build.last = line;
      for (const watcher of build.watchers) send(watcher, line);
    };
    const failure = await this.build(guest, (progress) => tell({ progress }));
    tell(failure === undefined ? { end: "done" } : { end: "failed", message: failure });
    this.builds.delete(guest);
    for (const watcher of build.watchers) watcher.end();
  }
}

/** In a process of its own: unpacking and compressing would hold up the server. */
async function runBuild(guest: string, onProgress: (message: string) => void): Promise<string | undefined> {
  const args = ["--import", "tsx", "images/cli.ts", guest];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let last = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    last = line;
    onProgress(line);
  });
  const code = await exitOf(child);
  if (code === 0) return undefined;
  return last || `the build ended with ${code}`;
}

function exitOf(child: ChildProcessByStdio<null, null, Readable>): Promise<number | string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "no code"));
  });
}

/** A page of another origin may not make this machine work; browsers say where a POST comes from. */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
}

function send(response: ServerResponse, line: BuildLine): void {
  response.write(`${JSON.stringify(line)}\n`);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain", "Cache-Control": "no-store" }).end(`${text}\n`);
}

/** For `preview` and the development server of Vite. */
export function imageBuilds(): Plugin {
  const builds = new ImageBuilds();
  const use = (server: { middlewares: { use(handler: ImageBuilds["handle"]): unknown } }) =>
    void server.middlewares.use(builds.handle);
  return { name: "tabvisor-image-builds", configureServer: use, configurePreviewServer: use };
}
