/** What a guest has printed, until somebody takes it. */

/** A guest that prints for ever fills no memory: what comes after this is lost. */
const MOST_BYTES = 64 << 20;

export class Printout {
  private pieces: Uint8Array<ArrayBuffer>[] = [];
  private length = 0;

  get sizeBytes(): number {
    return this.length;
  }

  append(bytes: Uint8Array): void {
    const piece = bytes.slice(0, MOST_BYTES - this.length);
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.length += piece.length;
  }

  /** All of it; it begins anew. */
  take(): Blob {
    const blob = new Blob(this.pieces, { type: "application/octet-stream" });
    this.pieces = [];
    this.length = 0;
    return blob;
  }
}
