/** The built images, for tests that boot guests: `npm test` builds them, a bare `vitest` may be without. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_CACHE_DIR } from "../../images/build.ts";
import { findGuest, type Guest, pathsOf } from "../../images/guests.ts";

export const IMAGES = join(DEFAULT_CACHE_DIR, "out");

/** Whether these are built; paths are those of the catalogue (`images/guests.ts`). */
export function hasImages(...paths: readonly string[]): boolean {
  return paths.every((path) => existsSync(join(IMAGES, path)));
}

/** Whether all images of a guest are. */
export function hasGuest(id: string): boolean {
  return hasImages(...pathsOf(guestOf(id)));
}

/** A guest of the catalogue. */
export function guestOf(id: string): Guest {
  const guest = findGuest(id);
  if (!guest) throw new Error(`there is no guest ${id}`);
  return guest;
}

/** The bytes of an image. */
export function image(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(IMAGES, path)));
}
