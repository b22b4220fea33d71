import { describe, expect, it } from "vitest";
import { NodeTerminal } from "./nodeTerminal.ts";
import { SerialChannel } from "./serialChannel.ts";
import { SerialText, SerialTimeoutError } from "./serialText.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("SerialText", () => {
  it("decodes UTF-8 across writes", () => {
    const serial = new SerialText();
    for (const byte of bytes("größe €")) serial.write(byte);
    expect(serial.text).toBe("größe €");
  });

  it("waits for a pattern that spans writes", async () => {
    const serial = new SerialText();
    const found = serial.waitFor(/login: (\w+)/);
    serial.append(bytes("debian log"));
    serial.append(bytes("in: root\n"));
    expect((await found)[1]).toBe("root");
    expect((await serial.waitFor("debian"))[0]).toBe("debian");
  });

  it("finds what came after a position only", async () => {
    const serial = new SerialText();
    serial.append(bytes("# one\n# "));
    const from = serial.position;
    const found = serial.waitFor(/# $/, { from });
    serial.append(bytes("ls\n# "));
    expect((await found)[0]).toBe("# ");
    expect(serial.textFrom(from)).toBe("ls\n# ");
  });

  it("fails with the end of the output when time is up or it is aborted", async () => {
    const serial = new SerialText();
    serial.append(bytes("Kernel panic"));
    await expect(serial.waitFor("login", { timeoutMs: 1 })).rejects.toThrow(SerialTimeoutError);
    await expect(serial.waitFor("login", { timeoutMs: 1 })).rejects.toThrow(/Kernel panic/);
    const abort = new AbortController();
    const waiting = serial.waitFor("login", { signal: abort.signal });
    abort.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
  });

  it("keeps no more than its limit, and positions go on", () => {
    const serial = new SerialText({ limit: 100 });
    for (let i = 0; i < 100; i++) serial.append(bytes("0123456789"));
    expect(serial.text.length).toBeLessThanOrEqual(125);
    expect(serial.position).toBe(1000);
    expect(serial.textFrom(995)).toBe("56789");
  });
});

describe("SerialChannel", () => {
  it("gathers a slice's bytes and keeps early input", async () => {
    const channel = new SerialChannel();
    const got: string[] = [];
    channel.onOutput((chunk) => got.push(new TextDecoder().decode(chunk)));
    channel.send(bytes("early"));
    for (const byte of bytes("out")) channel.write(byte);
    await Promise.resolve();
    expect(got).toEqual(["out"]);
    const received: string[] = [];
    channel.connect({ receive: (chunk) => received.push(new TextDecoder().decode(chunk)) });
    channel.send(bytes("late"));
    expect(received).toEqual(["early", "late"]);
  });
});

describe("NodeTerminal", () => {
  function makeTerminal(isTTY = true) {
    const channel = new SerialChannel();
    const sent: number[] = [];
    channel.connect({ receive: (chunk) => sent.push(...chunk) });
    const log: string[] = [];
    const hooks = new Map<string, () => void>();
    let onData: ((chunk: Uint8Array) => void) | undefined;
    const terminal = new NodeTerminal({
      channel,
      input: {
        isTTY,
        setRawMode: (raw) => log.push(`raw ${raw}`),
        on: (_event, listener) => {
          onData = listener;
        },
        off: () => {
          onData = undefined;
        },
        resume: () => undefined,
        pause: () => undefined,
      },
      output: { write: (data) => log.push(typeof data === "string" ? data.trim() : new TextDecoder().decode(data)) },
      exitHooks: { once: (event, listener) => hooks.set(event, listener), off: (event) => hooks.delete(event) },
      onQuit: () => log.push("quit"),
    });
    terminal.start();
    return { channel, sent, log, hooks, terminal, type: (...data: number[]) => onData?.(Uint8Array.from(data)) };
  }

  it("passes everything but Ctrl-A x", () => {
    const { sent, log, hooks, type } = makeTerminal();
    type(0x03, 0x61, 0x01);
    type(0x01, 0x01, 0x78, 0x62);
    expect(sent).toEqual([0x03, 0x61]);
    expect(log).toEqual(["raw true", "raw false", "quit"]);
    expect(hooks.size).toBe(0);
  });

  it("puts the tty back on an exit of any kind, once", () => {
    const { log, hooks, terminal } = makeTerminal();
    hooks.get("exit")?.();
    terminal.stop();
    expect(log).toEqual(["raw true", "raw false"]);
  });

  it("passes Ctrl-A through where input is no tty", () => {
    const { sent, log, type } = makeTerminal(false);
    type(0x01, 0x78);
    expect(sent).toEqual([0x01, 0x78]);
    expect(log).toEqual([]);
  });
});
