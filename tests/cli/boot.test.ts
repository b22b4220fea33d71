/** `tabvisor run` on real guests. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hasGuest, hasImages, IMAGES } from "../support/images.ts";
import { BUILD_LIMIT_MS, buildTabvisor, LIMIT, linuxArgs, TEST_LIMIT_MS, tabvisor } from "./tabvisor.ts";

const PROMPT = "~ #";
const PNG_SIGNATURE = "89504e470d0a1a0a";

const STATS = [
  ...["instructions", "seconds", "mips", "translatedShare", "interpreterShare"],
  ...["regions", "modules", "regionBytes", "wasmBytesPerInstruction", "compileSeconds"],
  ...["regionInvalidations", "regionEvictions", "chainHits", "dispatchesPerMillion", "tlbMissesPerMillion"],
  ...["heapBytes", "engineBytes", "codeBytes", "timeToFirstInstruction"],
] as const;

const folder = mkdtempSync(join(tmpdir(), "tabvisor-boot-"));

function readStats(name: string): Record<string, number> {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}

describe.runIf(hasGuest("linux-amd64"))("tabvisor run with Debian's cloud kernel", () => {
  beforeAll(buildTabvisor, BUILD_LIMIT_MS);

  it("boots to a shell that answers, and reports", { timeout: TEST_LIMIT_MS }, async () => {
    const screen = join(folder, "screen.png");
    const { status, stdout, stderr } = await tabvisor([
      ...[...linuxArgs("linux-amd64"), ...LIMIT, "--send", `${PROMPT}=>echo machine=$(uname -m)\\n`],
      ...["--until", "^machine=x86_64$", "--screen", screen, "--screen-text", "--stats", join(folder, "stats.json")],
    ]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain("machine=x86_64");
    expect(stdout).toContain("Linux version");
    expect(readFileSync(screen).subarray(0, 8).toString("hex")).toBe(PNG_SIGNATURE);
    const stats = readStats("stats.json");
    for (const name of STATS) expect(stats[name], name).toBeTypeOf("number");
    expect(stats.instructions).toBeGreaterThan(100_000_000);
    expect(stats.translatedShare).toBeGreaterThan(0.9);
  });

  it("profiles the boot", { timeout: TEST_LIMIT_MS }, async () => {
    const [profile, map] = [join(folder, "profile.txt"), join(folder, "System.map")];
    writeFileSync(map, "ffffffff81000000 T _text\nffffffff81100000 t later\nffffffff83000000 T _end\n");
    const args = [...linuxArgs("linux-amd64"), ...LIMIT, "--append", "console=ttyS0 nokaslr"];
    const { status } = await tabvisor([...args, "--until", PROMPT, "--profile", profile, "--symbols", map]);
    expect(status).toBe(0);
    const lines = readFileSync(profile, "utf8").split("\n");
    expect(lines[0]).toMatch(/^[\d,]+ instructions: 9\d\.\d\d% in translated code, the rest interpreted\.$/);
    // The busiest region, its share and address; the whole list has most of the boot.
    expect(lines[4]).toMatch(/^ *\d+\.\d\d% +\d+\.\d\d% +[\d,]+ +kernel 64 .* ffffffff8[0-9a-f]{7}( |$)/);
    expect(lines.join("\n")).toMatch(/ ffffffff810[0-9a-f]{5} {2}_text\+0x[0-9a-f]+\n/);
    const totals = [...lines.join("\n").matchAll(/^ *\d+\.\d\d% +(\d+\.\d\d)%/gm)].map(([, total]) => Number(total));
    expect(totals.at(-1)).toBeGreaterThan(80);
  });

  it("ends with 0 when the guest powers off", { timeout: TEST_LIMIT_MS }, async () => {
    const script = ["--send", `${PROMPT}=>poweroff\\n`];
    const { status, stdout, stderr } = await tabvisor([...linuxArgs("linux-amd64"), ...LIMIT, ...script]);
    expect(stdout).toContain("reboot: Power down");
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("ends with 124 when time is up, with statistics on standard output", async () => {
    const args = ["--timeout", "1", "--until", "no such text", "--serial", "none", "--stats", "-"];
    const { status, stdout, stderr } = await tabvisor([...linuxArgs("linux-amd64"), ...args]);
    expect(status).toBe(124);
    expect(stderr).toBe("tabvisor: time-out after 1 s: still waiting for /no such text/ of --until\n");
    expect(JSON.parse(stdout)).toHaveProperty("mips");
  });

  it("repeats a run exactly with --clock icount", { timeout: TEST_LIMIT_MS }, async () => {
    // The guest decides where the run ends: host events, such as a match of --until, come between slices of any length.
    const append = ["--append", "console=ttyS0,115200 rdinit=/bin/busybox -- poweroff -f"];
    const args = [...linuxArgs("linux-amd64"), ...append, ...LIMIT, "--clock", "icount", "--stats"];
    const outcomes = await Promise.all(
      ["first.json", "second.json"].map((name) => tabvisor([...args, join(folder, name)])),
    );
    expect(outcomes[0]?.stdout).toContain("reboot: Power down");
    expect(outcomes[1]).toMatchObject({ status: 0, stdout: outcomes[0]?.stdout });
    const [first, second] = ["first.json", "second.json"].map(readStats);
    expect(second?.instructions).toBe(first?.instructions);
  });
});

describe.runIf(hasGuest("linux-686"))("tabvisor run with Debian's 686 kernel", () => {
  beforeAll(buildTabvisor, BUILD_LIMIT_MS);

  it("boots to a shell that answers", { timeout: TEST_LIMIT_MS }, async () => {
    const script = ["--send", `${PROMPT}=>echo machine=$(uname -m)\\n`, "--until", "^machine=i686$"];
    const { status, stderr } = await tabvisor([...linuxArgs("linux-686"), ...LIMIT, ...script]);
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe.runIf(hasGuest("seabios"))("tabvisor run with SeaBIOS alone", () => {
  beforeAll(buildTabvisor, BUILD_LIMIT_MS);

  it("shows its banner and finds nothing to boot", { timeout: TEST_LIMIT_MS }, async () => {
    const args = ["run", "--memory", "32", ...LIMIT, "--until", "No bootable device", "--screen-text"];
    const { status, stdout } = await tabvisor(args);
    expect(status).toBe(0);
    expect(stdout).toContain("SeaBIOS (version");
  });
});

const HVC_IMAGES = ["linux-686/vmlinuz", "linux-686/initrd.gz", "virtio-modules-686/modules.gz"] as const;

describe.runIf(hasImages(...HVC_IMAGES))("tabvisor run with a virtio console", () => {
  beforeAll(buildTabvisor, BUILD_LIMIT_MS);

  it("has its shell there, and no graphics adapter", { timeout: TEST_LIMIT_MS }, async () => {
    const [kernel, ...initrds] = HVC_IMAGES.map((name) => join(IMAGES, name)) as [string, string, string];
    const initrd = join(folder, "initrd-hvc.gz");
    writeFileSync(initrd, Buffer.concat(initrds.map((path) => readFileSync(path))));
    const { status, stdout, stderr } = await tabvisor([
      ...["run", "--kernel", kernel, "--initrd", initrd, "--append", "console=hvc0 rdinit=/init.modules", ...LIMIT],
      ...["--memory", "128", "--virtio-console", "stdio", "--vga", "none", "--virtio-rings", "packed"],
      ...["--send", `${PROMPT}=>tty; ls /sys/bus/pci/drivers/virtio-pci | wc -l; cat /sys/bus/pci/devices/*/class\\n`],
      ...["--send", `${PROMPT}=>poweroff\\n`],
    ]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain("/dev/hvc0");
    // Class 3 would be a display.
    expect(stdout).toMatch(/0x0601/);
    expect(stdout).not.toMatch(/0x03/);
  });
});
