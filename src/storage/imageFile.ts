import type { BlockBackend } from "../bus/blockBackend.ts";

/** The bytes of an image as they lie in a file, before its format is looked at: like a BlockBackend, but of any size. */
export interface ImageFile extends Omit<BlockBackend, "discard"> {
  /** For messages: a path, an address. */
  readonly name: string;
}
