import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type BuildGuest, ImageBuilds } from "./imageBuilds.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The address of a server whose builds are `build`. */
async function serve(build: BuildGuest): Promise<string> {
  const builds = new ImageBuilds(build);
  server = createServer((request, response) => builds.handle(request, response, () => response.writeHead(404).end()));
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/image-builds/`;
}

async function lines(response: Response): Promise<unknown[]> {
  const text = await response.text();
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a build tells how it goes on and ends", async () => {
  const url = await serve(async (guest, onProgress) => {
    await undefined;
    onProgress(`fetching ${guest}`);
    return undefined;
  });
  const response = await fetch(`${url}linux-686`, { method: "POST" });
  expect(await lines(response)).toEqual([{ progress: "" }, { progress: "fetching linux-686" }, { end: "done" }]);
});

test("two who ask for one guest watch one build, and a failure is told to both", async () => {
  let begun = 0;
  let end: (failure: string) => void = () => undefined;
  const url = await serve(() => {
    begun++;
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  const responses = [
    await fetch(`${url}linux-686`, { method: "POST" }),
    await fetch(`${url}linux-686`, { method: "POST" }),
  ];
  end("no such package");
  for (const response of responses)
    expect((await lines(response)).at(-1)).toEqual({ end: "failed", message: "no such package" });
  expect(begun).toBe(1);
});

test("a build goes on without watchers, and can be asked for again when it has ended", async () => {
  let begun = 0;
  const url = await serve(async () => {
    begun++;
    return undefined;
  });
  const controller = new AbortController();
  await fetch(`${url}linux-686`, { method: "POST", signal: controller.signal });
  controller.abort();
  await (await fetch(`${url}linux-686`, { method: "POST" })).text();
  expect(begun).toBe(2);
});

test("what is no guest, no POST or from another site is refused", async () => {
  const url = await serve(async () => undefined);
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(`${url}..%2Fx`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${url}linux-686`)).status).toBe(405);
  const headers = { Origin: "http://elsewhere.example" };
  expect((await fetch(`${url}linux-686`, { method: "POST", headers })).status).toBe(403);
});
