/** Debian's cloud kernel to its shell, on hosts that lack a feature. The page without shared memory: e2e/embed.spec.ts. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findGuest } from "../../images/guests.ts";
import { Vm } from "../../src/vm/vm.ts";
import type { VmConfig } from "../../src/vm/vmConfig.ts";
import { guestFile, TEST_LIMIT_MS } from "../cli/tabvisor.ts";
import { type EngineMode, engineModules, FALLBACK_MODES, HOSTS } from "../support/engine.ts";
import { hasGuest } from "../support/images.ts";

const GUEST = "linux-amd64";
const PROMPT = "~ #";

function configFor(host: EngineMode): VmConfig {
  const guest = findGuest(GUEST);
  const file = (kind: "kernel" | "initrd") => readFileSync(guestFile(GUEST, kind));
  return {
    memoryMib: guest?.memoryMib ?? 0,
    engine: "auto",
    clock: "host",
    jit: { features: HOSTS[host].features },
    boot: { kind: "kernel", kernel: file("kernel"), initrd: file("initrd"), append: guest?.append ?? "" },
  };
}

/** Resolves when the guest has written `text` to its serial line; rejects when it stops before. */
function waitFor(vm: Vm, text: string): Promise<void> {
  const decoder = new TextDecoder();
  let output = "";
  return new Promise((resolve, reject) => {
    vm.serial.onOutput((bytes) => {
      output += decoder.decode(bytes, { stream: true });
      if (output.includes(text)) resolve();
    });
    vm.onState((_state, reason) => {
      if (reason !== undefined) reject(new Error(`${JSON.stringify(reason)} after ${output.slice(-300)}`));
    });
  });
}

describe.runIf(hasGuest(GUEST))("boot", () => {
  it.each(FALLBACK_MODES)("%s", { timeout: TEST_LIMIT_MS }, async (host) => {
    const vm = await Vm.create(configFor(host), await engineModules(HOSTS[host].build));
    const prompt = waitFor(vm, PROMPT);
    vm.start();
    await prompt;
    const stats = vm.stats();
    vm.close();
    expect(stats.translatedShare).toBeGreaterThan(0.9);
  });
});
