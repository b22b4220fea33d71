/** Zstandard (RFC 8878), by the reference decoder compiled to WebAssembly. */
import { ZSTDDecoder } from "zstddec";
import { StorageError } from "../bus/blockBackend.ts";

/** A frame begins with it. */
export const ZSTD_MAGIC = 0xfd2f_b528;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
const CHECKSUM_BYTES = 4;

const decoder = new ZSTDDecoder();

/** The content of one or more frames, which is `sizeBytes` bytes. Throws a StorageError that says `what` is damaged. */
export async function decompressZstd(frames: Uint8Array, sizeBytes: number, what: string): Promise<Uint8Array> {
  await decoder.init();
  // A failure of the decoder is a negative length, so an empty result.
  const bytes = decoder.decode(frames, sizeBytes);
  if (bytes.length !== sizeBytes) throw new StorageError(`${what} is damaged`);
  return bytes;
}

/** Length of the frame that `bytes` begins with (RFC 8878, section 3.1.1); undefined if it does not end in them. */
export function zstdFrameLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 6) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return undefined;
  const descriptor = bytes[4];
  let at = 5 + frameHeaderRest(descriptor);
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_BYTES > bytes.length) return undefined;
    const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) return undefined;
    isLast = (header & 1) !== 0;
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >> 3);
  }
  if ((descriptor & 0x04) !== 0) at += CHECKSUM_BYTES;
  return at <= bytes.length ? at : undefined;
}

/** Window descriptor, dictionary id and content size, as the frame header's descriptor says (section 3.1.1.1.1). */
function frameHeaderRest(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << contentSizeFlag;
  return (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3] + contentSizeBytes;
}
