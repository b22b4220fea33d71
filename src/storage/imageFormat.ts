/** Which format an image is in, and the medium that it holds. */
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import type { ImageFormat } from "../machine/vmConfig.ts";
import type { ImageFile } from "./imageFile.ts";
import { RawImage } from "./rawImage.ts";

/** The medium in `file`; `format` is told by content when left out. Throws StorageError. The caller closes `file` if it does. */
export async function openImage(file: ImageFile, format?: ImageFormat): Promise<BlockBackend> {
  if (file.sizeBytes === 0) throw new StorageError(`${file.name} is empty`);
  switch (format ?? "raw") {
    case "raw":
      return new RawImage(file);
    default:
      throw new StorageError(`${file.name}: images of the format ${format} cannot be read`);
  }
}
