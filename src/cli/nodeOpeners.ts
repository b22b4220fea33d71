import { StorageError } from "../bus/blockBackend.ts";
import type { DriveOpeners } from "../machine/openDrives.ts";
import type { TreeOpener } from "../machine/openShares.ts";
import { HttpFile } from "../storage/httpFile.ts";
import { NodeFile } from "../storage/nodeFile.ts";
import { NodeFileTree } from "../storage/nodeFileTree.ts";
import { NodeStore } from "../storage/nodeStore.ts";

/** Opens files and addresses. */
export const nodeOpeners: DriveOpeners = {
  async openSource(source, writable) {
    if (source.kind === "file") return NodeFile.open(source.path, writable ? "r+" : "r");
    if (source.kind === "url") return HttpFile.open(source.url);
    throw new StorageError(`images from a ${source.kind} cannot be opened in Node`);
  },

  async openStore(name) {
    return NodeStore.open(name);
  },
};

export const openTree: TreeOpener = (share) => {
  if (!("path" in share)) throw new Error("a browser's folder has no path");
  return new NodeFileTree(share.path, { readOnly: share.readOnly ?? false });
};
