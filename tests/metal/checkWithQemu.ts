/**
 * Runs the kernels in QEMU (Debian: qemu-system-x86) and compares with expected/<kernel>.txt. Lines there that begin with "~" are those
 * QEMU is known to get wrong (it checks no segment limits); kernels that need the test host's interrupts are left out.
 *
 *   npx tsx tests/metal/checkWithQemu.ts [--write] [kernel…]     --write makes missing expectations from QEMU's output
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assemble, KERNELS } from "./metal.ts";

/** QEMU has neither port 0xf5, which asks for interrupts, nor (in TCG) PCIDs. */
const ENGINE_ONLY = ["interrupts", "pcid"];

function qemu(rom: string): string {
  const log = `${rom}.log`;
  rmSync(log, { force: true });
  const devices = [
    "-device",
    "isa-debug-exit,iobase=0xf4,iosize=4",
    "-debugcon",
    `file:${log}`,
    "-net",
    "none",
    "-serial",
    "none",
  ];
  const machine = [
    "-M",
    "pc,accel=tcg",
    "-cpu",
    "max,-la57,vendor=GenuineIntel",
    "-m",
    "16",
    "-display",
    "none",
    "-no-reboot",
    "-bios",
    rom,
  ];
  spawnSync("qemu-system-x86_64", [...machine, ...devices], { timeout: 10_000 });
  return existsSync(log) ? readFileSync(log, "latin1").slice(0, 30_000) : "";
}

const write = process.argv.includes("--write");
const names = process.argv.slice(2).filter((name) => !name.startsWith("--"));
let bad = 0;
for (const name of names.length ? names : KERNELS.filter((kernel) => !ENGINE_ONLY.includes(kernel))) {
  const file = fileURLToPath(new URL(`./expected/${name}.txt`, import.meta.url));
  const got = qemu(assemble(name, "QEMU")).split("\n");
  if (write && !existsSync(file)) writeFileSync(file, got.join("\n"));
  const wanted = readFileSync(file, "latin1").split("\n");
  let differences = 0;
  for (let line = 0; line < Math.max(got.length, wanted.length); line++) {
    if (wanted[line]?.startsWith("~") || wanted[line] === got[line]) continue;
    differences++;
    console.log(`${name}:${line + 1}\n  expected ${wanted[line]}\n  qemu     ${got[line]}`);
  }
  console.log(
    `${name}: ${differences ? `${differences} lines differ` : "as expected"}, ${wanted.filter((l) => l.startsWith("~")).length} not compared`,
  );
  bad += differences;
}
process.exit(bad ? 1 : 0);
