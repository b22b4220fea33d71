/** Figures and states as people read them. */
import type { ClientState } from "../vm/vmClient.ts";
import type { StopReason } from "../vm/vmConfig.ts";

const UNITS = [
  [1e12, "trillion"],
  [1e9, "billion"],
  [1e6, "million"],
] as const;

/** "1.62 billion", "950,000". */
export function formatCount(count: number): string {
  for (const [size, name] of UNITS) if (count >= size) return `${significant(count / size)} ${name}`;
  return Math.round(count).toLocaleString("en");
}

/** Three significant digits, never an exponent. */
function significant(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** "148 MIPS"; "idle" when the guest executes next to nothing. */
export function formatSpeed(mips: number): string {
  if (mips < 0.5) return "idle";
  return `${significant(mips)} MIPS`;
}

const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** "1.41 MiB". */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < BYTE_UNITS.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : significant(size)} ${BYTE_UNITS[unit]}`;
}

const STATE_NAMES: Readonly<Record<ClientState, string>> = {
  loading: "Loading",
  created: "Starting",
  running: "Running",
  paused: "Paused",
  off: "Powered off",
  crashed: "Crashed",
  closed: "Closed",
  failed: "Could not run",
};

export function stateName(state: ClientState): string {
  return STATE_NAMES[state];
}

/** Why a machine stopped by itself, in one sentence; undefined where its state says it all. */
export function describeReason(reason: StopReason | undefined): string | undefined {
  if (reason?.kind === "debug-exit") return `The guest left through the debug port with status ${reason.status}.`;
  if (reason?.kind === "triple-fault") return "The guest crashed: a triple fault, which a PC answers with a reset.";
  if (reason?.kind === "internal-error") return `Tabvisor itself failed: ${reason.message}`;
  return undefined;
}
