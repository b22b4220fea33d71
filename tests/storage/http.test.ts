import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { HttpFile } from "../../src/storage/httpFile.ts";
import { Random } from "../support/random.ts";

const CHUNK = 0x1_0000;
const content = new Random(6).bytes(60 * CHUNK + 700);

type Answer = (request: IncomingMessage, response: ServerResponse, start: number, end: number) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** As it should be. */
const sendRange: Answer = (_request, response, start, end) => {
  response.writeHead(206, { "Content-Range": `bytes ${start}-${end - 1}/${content.length}`, ETag: '"1"' });
  response.end(content.subarray(start, end));
};

/** A server; `answers` are used up one by one, then it sends what it is asked for. Gives what was asked for, in chunks. */
async function serve(...answers: Answer[]): Promise<{ url: string; asked: number[][] }> {
  const asked: number[][] = [];
  const server = createServer((request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(first);
    const end = Math.min(Number(last) + 1, content.length);
    asked.push([start / CHUNK, Math.ceil((end - start) / CHUNK)]);
    (answers.shift() ?? sendRange)(request, response, start, end);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/disk.img`, asked };
}

const status =
  (code: number): Answer =>
  (_request, response) =>
    void response.writeHead(code).end("sorry");
const hangUp: Answer = (request) => request.socket.destroy();
/** Half of what was asked for, then nothing. */
const breakOff: Answer = (_request, response, start, end) => {
  const headers = { "Content-Range": `bytes ${start}-${end - 1}/${content.length}`, "Content-Length": end - start };
  response.writeHead(206, headers).write(content.subarray(start, start + (end - start) / 2), () => response.destroy());
};

const waits: number[] = [];
const quickly = { sleep: async (ms: number) => void waits.push(ms) };

async function expectRead(file: HttpFile, offset: number, length: number): Promise<void> {
  const target = new Uint8Array(length);
  await file.read(offset, target);
  expect(Buffer.compare(target, content.subarray(offset, offset + length))).toBe(0);
}

it("fetches the blocks that are read, and no others", async () => {
  const { url, asked } = await serve();
  const file = await HttpFile.open(url);
  expect(file.sizeBytes).toBe(content.length);
  await expectRead(file, 100, 1000);
  await expectRead(file, 40 * CHUNK - 512, 1024);
  await expectRead(file, 20 * CHUNK, 512);
  await expectRead(file, content.length - 512, 512);
  expect(asked).toEqual([
    [0, 1],
    [39, 2],
    [20, 1],
    [60, 1],
  ]);
});

it("reads ahead in large requests", async () => {
  const { url, asked } = await serve();
  const file = await HttpFile.open(url);
  for (let at = 0; at < content.length; at += 0x8000) await expectRead(file, at, Math.min(0x8000, content.length - at));
  expect(asked.reduce((sum, [, count]) => sum + count, 0)).toBe(61);
  expect(asked.length).toBeLessThan(16);
});

it("goes on after network errors, where it was", async () => {
  waits.length = 0;
  const { url, asked } = await serve(sendRange, hangUp, status(503), breakOff, hangUp, breakOff);
  const file = await HttpFile.open(url, quickly);
  await expectRead(file, 10 * CHUNK, 4 * CHUNK);
  expect(asked.slice(0, 7)).toEqual([
    [0, 1],
    [10, 4],
    [10, 4],
    [10, 4],
    [12, 2],
    [12, 2],
    [13, 1],
  ]);
  expect(waits).toEqual([250, 500, 250, 500, 250]);
});

it("says so when the network stays away, and works when it is back", async () => {
  const { url } = await serve(sendRange, ...Array<Answer>(7).fill(hangUp));
  const file = await HttpFile.open(url, quickly);
  await expect(file.read(CHUNK, new Uint8Array(512))).rejects.toThrow(`${url}: the server cannot be reached`);
  await expectRead(file, CHUNK, 512);
});

it("takes less than it asked for", async () => {
  const { url, asked } = await serve(sendRange, (request, response, start, end) =>
    sendRange(request, response, start, Math.min(end, start + CHUNK)),
  );
  await expectRead(await HttpFile.open(url), 5 * CHUNK, 2 * CHUNK);
  expect(asked).toEqual([
    [0, 1],
    [5, 2],
    [6, 1],
  ]);
});

it.each<[string, Answer, RegExp]>([
  [
    "no range requests",
    (_, response) => void response.end(content),
    /the server gives whole files only; disk images need/,
  ],
  ["no such file", status(404), /disk.img: the server answers with HTTP 404$/],
  ["an empty file", status(416), /disk.img is empty$/],
  ["a server error that stays", status(500), /disk.img: the server answers with HTTP 500$/],
  ["no Content-Range", status(206), /does not say which range it sends .*expose Content-Range/],
  [
    "another range",
    (request, response) => sendRange(request, response, 10, 20),
    /another range than it was asked for$/,
  ],
  [
    "a hostile range",
    (_, response) => void response.writeHead(206, { "Content-Range": "bytes 0-99999999999/99999999999999" }).end("x"),
    /another range than it was asked for$/,
  ],
])("says what is wrong: %s", async (_name, answer, message) => {
  const { url } = await serve(answer, answer, answer);
  await expect(HttpFile.open(url, quickly)).rejects.toThrow(message);
});

it("notices that the file has changed", async () => {
  const { url } = await serve(sendRange, (_, response, start, end) => {
    response.writeHead(206, { "Content-Range": `bytes ${start}-${end - 1}/${content.length}`, ETag: '"2"' });
    response.end(content.subarray(start, end));
  });
  const file = await HttpFile.open(url);
  await expect(file.read(CHUNK, new Uint8Array(512))).rejects.toThrow("has changed on the server since it was opened");
});

it("says that nobody is there", async () => {
  await expect(HttpFile.open("http://127.0.0.1:9/disk.img", quickly)).rejects.toThrow("the server cannot be reached");
});
