/** Opens the trees of files of a configuration, with what this host can open: folders by their paths in Node, by handles in a browser. */
import type { FileTree } from "../bus/fileTree.ts";
import type { AttachedShare } from "./expansionCards.ts";
import type { ShareConfig } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

/** Throws an Error for a folder that is not there. */
export type TreeOpener = (share: ShareConfig) => FileTree;

/** The longest tag that virtio-9p can carry. */
const MAX_TAG_LENGTH = 255;

/** Throws a VmError. */
export function openShares(shares: readonly ShareConfig[], open?: TreeOpener): AttachedShare[] {
  const tags = new Set<string>();
  return shares.map((share) => {
    const { tag } = share;
    const name = "path" in share ? share.path : share.folder.name;
    if (!/^[\x21-\x7e]+$/.test(tag) || tag.length > MAX_TAG_LENGTH)
      throw new VmError("bad-config", `"${tag}" is no tag of a shared folder: 1 to 255 letters, digits or signs`);
    if (tags.has(tag)) throw new VmError("bad-config", `two shared folders have the tag ${tag}`);
    tags.add(tag);
    if (!open) throw new VmError("bad-config", `the folder ${name} cannot be opened here`);
    try {
      return { tag, tree: open(share) };
    } catch (error) {
      throw new VmError("bad-config", `the folder ${name} cannot be shared: ${(error as Error).message}`);
    }
  });
}
