/** Opens the drives of a configuration, with what this host can open: files in Node, Blobs in a browser. */
import { type BlockBackend, StorageError } from "../bus/blockBackend.ts";
import type { ImageFile } from "../storage/imageFile.ts";
import { openImage } from "../storage/imageFormat.ts";
import { MemoryBackend } from "../storage/memoryBackend.ts";
import { MemoryStore } from "../storage/memoryStore.ts";
import { OverlayBackend } from "../storage/overlay.ts";
import type { OverlayStore } from "../storage/overlayStore.ts";
import { placeDrives } from "./drivePlacement.ts";
import type { AttachedDrive } from "./drives.ts";
import type { DriveConfig, DriveMedia, DriveSource, MediumConfig } from "./vmConfig.ts";

/** What depends on the host; both throw StorageErrors. Bytes and throw-away overlays need none. */
export interface DriveOpeners {
  /** The bytes of an image; read-only unless `writable`. */
  openSource(source: DriveSource, writable: boolean): Promise<ImageFile>;
  /** What keeps an overlay; it is empty if there has been none of that name. */
  openStore(name: string): Promise<OverlayStore>;
}

/** Throws a VmError or StorageError; then none stays open. */
export async function openDrives(configs: readonly DriveConfig[], openers?: DriveOpeners): Promise<AttachedDrive[]> {
  const drives: AttachedDrive[] = [];
  try {
    for (const { config, index, media } of placeDrives(configs)) {
      const { source } = config;
      const backend = source && (await openMedium({ ...config, source }, media, openers));
      drives.push({ interface: config.interface, index, media, ...(backend && { backend }) });
    }
    return drives;
  } catch (error) {
    await Promise.allSettled(drives.map(({ backend }) => backend?.close()));
    throw error;
  }
}

/** Throws a StorageError. */
export async function openMedium(
  config: MediumConfig,
  media: DriveMedia,
  openers?: DriveOpeners,
): Promise<BlockBackend> {
  const readOnly = config.readOnly === true || media === "cdrom";
  const writable = config.writable === true && !readOnly;
  const image = await openImageOf(config, writable, openers);
  try {
    if (readOnly) return image;
    if (!writable) return await overlayOn(image, config.overlay, openers);
    if (!image.readOnly) return image;
    throw new StorageError(`${nameOf(config.source)} cannot be written to; writes need an overlay`);
  } catch (error) {
    await Promise.allSettled([image.close()]);
    throw error;
  }
}

/** What people call a source. */
export function nameOf(source: DriveSource): string {
  if (source.kind === "url") return source.url;
  return source.kind === "file" ? source.path : source.name;
}

async function openImageOf(config: MediumConfig, writable: boolean, openers?: DriveOpeners): Promise<BlockBackend> {
  const { source, format, backing } = config;
  const beneath = backing && (await openImageOf({ source: backing }, false, openers));
  let file: ImageFile | undefined;
  try {
    file = await openSource(source, writable, openers);
    return await openImage(file, format, beneath);
  } catch (error) {
    await Promise.allSettled([file?.close(), beneath?.close()]);
    throw error;
  }
}

async function openSource(source: DriveSource, writable: boolean, openers?: DriveOpeners): Promise<ImageFile> {
  if (source.kind === "bytes") return new MemoryBackend(source.bytes, { readOnly: !writable, name: source.name });
  if (openers) return openers.openSource(source, writable);
  throw new StorageError(`images from a ${source.kind} cannot be opened here`);
}

async function overlayOn(image: BlockBackend, name: string | undefined, openers?: DriveOpeners): Promise<BlockBackend> {
  const store = await openStore(name, openers);
  try {
    return await OverlayBackend.open(image, store);
  } catch (error) {
    store.close();
    throw error;
  }
}

async function openStore(name: string | undefined, openers?: DriveOpeners): Promise<OverlayStore> {
  if (name === undefined) return new MemoryStore();
  if (openers) return openers.openStore(name);
  throw new StorageError(`the overlay ${name} cannot be opened here`);
}
