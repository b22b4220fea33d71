import { StorageError } from "../bus/blockBackend.ts";
import type { DriveOpeners } from "../machine/openDrives.ts";
import { NodeFile } from "../storage/nodeFile.ts";
import { NodeStore } from "../storage/nodeStore.ts";

/** Opens files. */
export const nodeOpeners: DriveOpeners = {
  async openSource(source, writable) {
    if (source.kind === "file") return NodeFile.open(source.path, writable ? "r+" : "r");
    throw new StorageError(`images from a ${source.kind} cannot be opened in Node`);
  },

  async openStore(name) {
    return NodeStore.open(name);
  },
};
