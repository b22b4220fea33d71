/** A drawn screen: RGBA pixels, top to bottom, and which rows of it the last render changed. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Four bytes a pixel; valid until the next render. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Rows `[first, end)` changed; nothing did when they are equal. */
  readonly changedRows: { readonly first: number; readonly end: number };
}

/** The frame while it is drawn. */
export class FrameBuffer {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** The same pixels, a little-endian RGBA word each. */
  readonly words: Uint32Array;
  private first = 0;
  private end = 0;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.pixels = new Uint8ClampedArray(width * height * 4);
    this.words = new Uint32Array(this.pixels.buffer);
  }

  /** Notes that rows `[first, end)` have been drawn. */
  markRows(first: number, end: number): void {
    if (this.first === this.end) this.first = first;
    this.first = Math.min(this.first, first);
    this.end = Math.max(this.end, end);
  }

  /** The frame with the rows marked since the last call. */
  take(): Frame {
    const changedRows = { first: this.first, end: this.end };
    this.first = this.end = 0;
    return { width: this.width, height: this.height, pixels: this.pixels, changedRows };
  }
}
