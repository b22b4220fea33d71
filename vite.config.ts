/** The page's build, and the servers that show it: headers for cross-origin isolation, guest images, the engine. */
import { createReadStream, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

/**
 * Shared memory needs an isolated page (COOP and COEP). CORP lets pages of other origins, isolated ones too, show
 * embed.html in an iframe.
 */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "cross-origin",
} as const;

/** What is served beside the build, by the first part of the path: made by other tools, and too large to copy. */
const FOLDERS: Readonly<Record<string, string>> = {
  images: join(root, "images/.cache/out"),
  engine: join(root, "build"),
};

const MIME_TYPES: Readonly<Record<string, string>> = {
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/** Read at once: kernels come to tens of MB, and each piece costs a turn of the server's event loop. */
const CHUNK_BYTES = 1 << 20;

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Serves {@link FOLDERS}; what is not there is a plain 404, never the page. */
function serveFolders(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  const [, name, ...rest] = path.split("/");
  const folder = Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
  if (folder === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
    next();
    return;
  }
  for (const [header, value] of Object.entries(HEADERS)) response.setHeader(header, value);
  const file = normalize(join(folder, ...rest));
  const stat = file.startsWith(folder + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined;
  if (!stat?.isFile()) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end(`there is no ${path}\n`);
    return;
  }
  sendFile(request, response, file, stat.size, `"${stat.size}-${stat.mtimeMs}"`);
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: string, size: number, tag: string): void {
  response.setHeader("ETag", tag).setHeader("Cache-Control", "no-cache").setHeader("Accept-Ranges", "bytes");
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304).end();
    return;
  }
  const type = MIME_TYPES[file.slice(file.lastIndexOf("."))] ?? "application/octet-stream";
  const range = parseRange(request.headers.range, size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size };
  const headers = { "Content-Type": type, "Content-Length": end - start };
  if (range) response.writeHead(206, { ...headers, "Content-Range": `bytes ${start}-${end - 1}/${size}` });
  else response.writeHead(200, headers);
  if (request.method === "HEAD" || end === start) response.end();
  else
    createReadStream(file, { start, end: end - 1, highWaterMark: CHUNK_BYTES })
      .on("error", (error) => response.destroy(error))
      .pipe(response);
}

/** One range with a beginning, as disk images are read (RFC 9110, section 14.1.2); everything else gives the whole file. */
function parseRange(header: string | undefined, size: number) {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (!match) return undefined;
  const start = Number(match[1]);
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
  return start < end ? { start, end } : "unsatisfiable";
}

function tabvisorFolders(): Plugin {
  const use = (server: { middlewares: { use(handler: Handler): unknown } }) =>
    void server.middlewares.use(serveFolders);
  return { name: "tabvisor-folders", configureServer: use, configurePreviewServer: use };
}

export default defineConfig({
  root,
  // Relative URLs: the page may lie in any folder of a web server.
  base: "./",
  // No page stands in for a missing one.
  appType: "mpa",
  plugins: [tabvisorFolders()],
  server: { headers: HEADERS },
  preview: { headers: HEADERS },
  worker: { format: "es" },
  build: {
    outDir: "dist/page",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: { index: join(root, "index.html"), embed: join(root, "embed.html") },
      // A loaded machine is no fault of the build.
      checks: { pluginTimings: false },
    },
  },
});
