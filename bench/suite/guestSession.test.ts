import { afterEach, describe, expect, it, vi } from "vitest";
import { GuestSession } from "./guestSession.ts";
import { type Line, LineReader } from "./serialPort.ts";
import { FakePort } from "./testing.ts";

afterEach(() => vi.useRealTimers());

describe("lines", () => {
  it("know when their first character came", () => {
    const lines: Line[] = [];
    const reader = new LineReader((line) => lines.push(line));
    reader.feed("on", 1);
    reader.feed("e\r\ntwo\nth", 2);
    reader.feed("ree\n", 3);
    reader.feed("\nrest", 4);
    expect(lines).toEqual([
      { text: "one", atMs: 1 },
      { text: "two", atMs: 2 },
      { text: "three", atMs: 2 },
      { text: "", atMs: 4 },
    ]);
    expect(reader.rest).toBe("rest");
  });
});

describe("a conversation with the guest", () => {
  it("begins when the guest is ready", async () => {
    const port = new FakePort();
    const ready = new GuestSession(port).ready();
    port.say("[    0.1] a kernel\r\n[ 0.2] half a lineREADY\r\n");
    await expect(ready).resolves.toBeUndefined();
  });

  it("times a program by its marks, past what a kernel says", async () => {
    const port = new FakePort();
    let marks = 0;
    const timing = new GuestSession(port).run("sieve", 30, () => marks++);
    expect(marks).toBe(0);
    port.say("B\n[ 1.0] random: crng init done\n", 1000);
    port.say("E 0000a", 1500);
    expect(marks).toBe(1);
    port.say("bcd 480000000\n", 1600);
    port.say("D 0\n", 1700);
    expect(port.sent).toEqual(["run sieve 30\n"]);
    expect(marks).toBe(2);
    await expect(timing).resolves.toEqual({ seconds: 0.5, guestSeconds: 0.48, checksum: "0000abcd" });
  });

  it.each([
    ["F out of memory\nD 256\n", "sieve: out of memory"],
    ["B\nD 11\n", "sieve: the process ended with wait status 11"],
    ["B\nE 0000abcd 5\nD 9\n", "sieve: the process ended with wait status 9"],
    ["B\nE 0000abcd\n", "sieve: the result cannot be read"],
    ["READY\n", "sieve: the guest has started anew"],
  ])("hears of failure in %j", async (text, message) => {
    const port = new FakePort();
    const timing = new GuestSession(port).run("sieve", 1);
    port.say(text);
    await expect(timing).rejects.toThrow(message);
  });

  it("ends with the guest, and quotes its last words", async () => {
    const port = new FakePort();
    const session = new GuestSession(port);
    const timing = session.run("sieve", 1);
    port.say("B\nKernel panic - not syncing");
    port.end("the process ended (status 3)");
    await expect(timing).rejects.toThrow(
      "sieve: the process ended (status 3); the guest's last words: B | Kernel panic - not syncing",
    );
    await expect(session.run("fork", 1)).rejects.toThrow("fork: the process ended");
    expect(port.sent).toHaveLength(1);
  });

  it("does not wait for ever", async () => {
    vi.useFakeTimers();
    const timing = new GuestSession(new FakePort(), 5000).run("sieve", 1);
    const outcome = expect(timing).rejects.toThrow("sieve: no answer in 5 s");
    await vi.advanceTimersByTimeAsync(5000);
    await outcome;
  });
});
