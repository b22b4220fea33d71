/** Which format an image is in, and the medium that it holds. */
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import type { ImageFormat } from "../machine/vmConfig.ts";
import type { ImageFile } from "./imageFile.ts";
import { QCOW2_MAGIC } from "./qcow2Header.ts";
import { Qcow2Image } from "./qcow2Image.ts";
import { RawImage } from "./rawImage.ts";
import { ZSTD_MAGIC } from "./zstd.ts";
import { ZstdImage } from "./zstdImage.ts";

/**
 * The medium in `file`; `format` is told by content when left out, `backing` is the image beneath a qcow2 image. Throws StorageError;
 * then the caller closes `file` and `backing`.
 */
export async function openImage(file: ImageFile, format?: ImageFormat, backing?: BlockBackend): Promise<BlockBackend> {
  if (file.sizeBytes === 0) throw new StorageError(`${file.name} is empty`);
  const found = format ?? (await detectFormat(file));
  if (backing && found !== "qcow2") throw new StorageError(`${file.name}: only qcow2 images are over other images`);
  switch (found) {
    case "raw":
      return new RawImage(file);
    case "qcow2":
      return Qcow2Image.open(file, backing);
    case "zstd":
      return ZstdImage.open(file);
  }
}

async function detectFormat(file: ImageFile): Promise<ImageFormat> {
  const bytes = new Uint8Array(4);
  if (file.sizeBytes >= bytes.length) await file.read(0, bytes);
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0) === QCOW2_MAGIC) return "qcow2";
  return view.getUint32(0, true) === ZSTD_MAGIC ? "zstd" : "raw";
}
