/** `--virtfs PATH,tag=NAME[,readonly=on|off]`: folders of the host that the guest may mount by virtio-9p. */
import type { ShareConfig } from "../vm/vmConfig.ts";
import { UsageError } from "./usageError.ts";

/** For `parseArgs`. */
export const VIRTFS_SPEC = { virtfs: { type: "string", multiple: true } } as const;

/** @throws UsageError for the first thing that is wrong. */
export function parseShares(values: readonly string[] | undefined): ShareConfig[] {
  return (values ?? []).map(parseShare);
}

/** A user's files are not changed unasked: the guest may write only with `readonly=off`. In PATH `,,` is a comma. */
function parseShare(text: string): ShareConfig {
  const option = `--virtfs ${text}`;
  const [path = "", ...settings] = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(",,", ","));
  const given = new Map<string, string>();
  for (const setting of settings) {
    const [, key = setting, value] = /^(tag|readonly)=(.*)$/s.exec(setting) ?? [];
    if (value === undefined) throw new UsageError(`${option}: "${key}" is neither tag= nor readonly=`);
    if (given.has(key)) throw new UsageError(`${option}: ${key}= is given twice`);
    given.set(key, value);
  }
  const [tag, readOnly = "on"] = [given.get("tag"), given.get("readonly")];
  if (path === "") throw new UsageError(`${option} needs a folder`);
  if (!tag) throw new UsageError(`${option} needs tag=NAME, by which the guest mounts it`);
  if (readOnly !== "on" && readOnly !== "off")
    throw new UsageError(`${option}: readonly=${readOnly} must be on or off`);
  return { tag, path, readOnly: readOnly === "on" };
}
