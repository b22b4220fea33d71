import { StorageError } from "../bus/blockBackend.ts";
import type { DriveOpeners } from "../machine/openDrives.ts";
import type { TreeOpener } from "../machine/openShares.ts";
import { BlobFile } from "../storage/blobFile.ts";
import { HandleFileTree } from "../storage/handleFileTree.ts";
import { HttpFile } from "../storage/httpFile.ts";
import { OpfsStore } from "../storage/opfsStore.ts";

/** Folders that the user has chosen. */
export const openTree: TreeOpener = (share) => {
  if (!("folder" in share)) throw new Error("a browser opens folders by their handles");
  return new HandleFileTree(share.folder as FileSystemDirectoryHandle, { readOnly: share.readOnly ?? false });
};

/** Opens Files and Blobs, addresses, and overlays in the browser's storage. Writes never go to a source itself. */
export const browserOpeners: DriveOpeners = {
  async openSource(source) {
    if (source.kind === "blob") return new BlobFile(source.blob, source.name);
    if (source.kind === "url") return HttpFile.open(source.url);
    throw new StorageError(`images from a ${source.kind} cannot be opened in a browser`);
  },

  openStore: (name) => OpfsStore.open(name),
};
