import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { withLock } from "./lock.ts";
import { temporaryFolder } from "./testing.ts";

describe("withLock", () => {
  let path: string;
  const take = () =>
    withLock(
      path,
      () => {},
      async () => "done",
    );
  beforeEach(() => {
    path = join(temporaryFolder(), "thing.lock");
  });

  it("lets one in at a time, and says that it waits where that takes long", async () => {
    const events: string[] = [];
    const onWait = vi.fn();
    const work = (name: string, lastsMs: number) =>
      withLock(path, onWait, async () => {
        events.push(`${name} begins`);
        await sleep(lastsMs);
        events.push(`${name} ends`);
      });
    await Promise.all([work("first", 2500), work("second", 0)]);
    expect(events).toEqual(["first begins", "first ends", "second begins", "second ends"]);
    expect(onWait).toHaveBeenCalledOnce();
  });

  it("leaves nothing behind, also where the work fails", async () => {
    const failing = withLock(
      path,
      () => {},
      () => Promise.reject(new Error("work")),
    );
    await expect(failing).rejects.toThrow("work");
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("takes over from a process that is gone", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    writeFileSync(path, `${child.pid} 1`);
    expect(await take()).toBe("done");
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it.runIf(process.platform === "linux")("takes over from one whose number another process has now", async () => {
    let own = "";
    await withLock(
      path,
      () => {},
      async () => {
        own = readFileSync(path, "utf8");
      },
    );
    const [pid, startTime] = own.split(" ");
    writeFileSync(path, `${pid} ${Number(startTime) - 1}`);
    expect(await take()).toBe("done");
  });
});
