/** The guests that can be started, as the server has them, and their files. */
import { filesOf, type Guest, wholeFilesOf } from "../../../images/guests.ts";
import { guestBoot } from "../../machine/guestBoot.ts";
import { guestDrives } from "../../machine/guestDrives.ts";
import type { BootDevice, DriveConfig, DriveSource, EngineMode, ShareConfig, VmConfig } from "../../vm/vmConfig.ts";
import { VmError } from "../../vm/vmError.ts";
import { buildGuest } from "./imageBuilds.ts";

/** A guest of the menu; one that is not available has still to be built on the server. */
export interface CatalogueGuest extends Guest {
  available: boolean;
}

/** What a person may change about a guest. */
export interface MachineOptions {
  memoryMib: number;
  engine: EngineMode;
  append: string;
  drives?: DriveConfig[];
  /** Under this name the browser keeps what the guest writes to the first of its own disks. */
  overlay?: string;
  bootOrder?: BootDevice[];
  virtioConsole?: boolean;
  shares?: ShareConfig[];
}

interface ImageIndex {
  guests: CatalogueGuest[];
}

/** The catalogue of the server; throws VmError. */
export async function loadCatalogue(): Promise<readonly CatalogueGuest[]> {
  const response = await fetchImage("index.json").catch((error: unknown) => {
    if (!(error instanceof VmError)) throw error;
    throw new VmError("load-failed", `The list of guests is not there (${error.message}). \`npm start\` builds it.`);
  });
  return ((await response.json()) as ImageIndex).guests;
}

/** Fetches a guest's files, once the server has built them; throws VmError. */
export async function loadGuest(
  guest: CatalogueGuest,
  options: MachineOptions,
  onProgress: (message: string) => void,
): Promise<VmConfig> {
  if (!guest.available) await buildGuest(guest, onProgress);
  const files = new Map(
    await Promise.all(wholeFilesOf(guest).map(async (path) => [path, await fetchBytes(path)] as const)),
  );
  const read = (path: string) => files.get(path) as Uint8Array;
  const { bios, vgaBios } = filesOf(guest);
  const { overlay, drives: wished } = options;
  const drives = guestDrives(guest, { sourceOf, overlay, wished });
  return {
    memoryMib: options.memoryMib,
    engine: options.engine,
    clock: "host",
    boot: guestBoot(guest, read, options.append),
    ...(drives.length > 0 && { drives }),
    ...(options.bootOrder && { bootOrder: options.bootOrder }),
    ...(options.shares && { shares: options.shares }),
    ...(options.virtioConsole && { virtio: { console: true } }),
    bios: read(bios),
    ...(vgaBios && { vgaBios: read(vgaBios) }),
  };
}

/** Media come from the server block by block, as the guest reads them. */
function sourceOf(path: string): DriveSource {
  return { kind: "url", url: imageUrl(path) };
}

async function fetchBytes(path: string): Promise<Uint8Array> {
  const response = await fetchImage(path);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new VmError("load-failed", `images/${path} broke off while it was being fetched`);
  }
}

async function fetchImage(path: string): Promise<Response> {
  const url = imageUrl(path);
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new VmError("load-failed", `images/${path} could not be fetched: the server does not answer`);
  }
  if (!response.ok) throw new VmError("load-failed", `images/${path} could not be fetched: HTTP ${response.status}`);
  return response;
}

function imageUrl(path: string): string {
  return new URL(`images/${path}`, document.baseURI).href;
}
