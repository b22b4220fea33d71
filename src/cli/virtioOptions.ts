/** `--virtio-rings`, `--virtio-legacy`, `--virtio-rng`: how virtio devices present themselves. */
import type { VirtioConfig } from "../vm/vmConfig.ts";
import { UsageError } from "./usageError.ts";

const STRING = { type: "string" } as const;

/** For `parseArgs`. */
export const VIRTIO_SPEC = { "virtio-rings": STRING, "virtio-legacy": STRING, "virtio-rng": STRING } as const;

export type VirtioValues = { [Name in keyof typeof VIRTIO_SPEC]?: string | undefined };

/** @throws UsageError for the first thing that is wrong. */
export function parseVirtio(values: VirtioValues): VirtioConfig {
  const packed = choose(values, "virtio-rings", { split: false, packed: true });
  const transitional = choose(values, "virtio-legacy", SWITCH);
  const rng = choose(values, "virtio-rng", SWITCH);
  return {
    ...(packed !== undefined && { packed }),
    ...(transitional !== undefined && { transitional }),
    ...(rng !== undefined && { rng }),
  };
}

const SWITCH = { on: true, off: false } as const;

function choose<T>(values: VirtioValues, option: keyof VirtioValues, meanings: Readonly<Record<string, T>>) {
  const text = values[option];
  if (text === undefined) return undefined;
  if (Object.hasOwn(meanings, text)) return meanings[text];
  throw new UsageError(`--${option} ${text}: must be ${Object.keys(meanings).join(" or ")}`);
}
