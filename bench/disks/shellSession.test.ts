import { expect, it } from "vitest";
import { FakePort } from "../suite/testing.ts";
import { ShellSession } from "./shellSession.ts";

const PROMPT = "~ # ";

/** Obeys `echo` of marks as a shell does that echoes nothing; a command takes as many ms as its name says. */
function fakeShell(): FakePort {
  let nowMs = 0;
  const port = new FakePort((text) => {
    for (const command of text.trim().split("; ")) {
      const [, echoed] = /^echo ?(.*)$/.exec(command) ?? [];
      if (echoed === undefined) nowMs += Number(/\d+/.exec(command)?.[0] ?? 0);
      else port.say(`${echoed.replaceAll('"', "").replace("$?", "0")}\r\n`, nowMs);
    }
    port.say(PROMPT, nowMs);
    nowMs += 1000;
  });
  return port;
}

it("times each command by itself", async () => {
  const port = fakeShell();
  const session = new ShellSession(port);
  port.say(PROMPT);
  await session.ready();
  expect(await session.run("sleep 250")).toBe(0.25);
  expect(await session.run("sleep 500")).toBe(0.5);
});
