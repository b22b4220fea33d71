/**
 * Which pages of video memory have changed, for any number of displays that look when they like: each page has the number of the
 * look before which it was written last.
 *
 * Writes through the chip are marked here. Those of the CPU to the linear frame buffer are not seen by the chip; the engine logs
 * them by page, and is asked at each look.
 */

/** Bytes of a page: a bit of the engine's log. */
const PAGE_SHIFT = 12;
const WORD_PAGES = 32;
/** The last look of a display that has not looked yet. */
export const NEVER_LOOKED = 0;

/**
 * Gives a bit for each page of video memory, the lowest first: written since the last call, or undefined where none was. Valid
 * until the next call.
 */
export type DirtyLog = () => Uint32Array | undefined;

export class ChangedPages {
  /** The number of the look that will first see what was written last. */
  private readonly seenBy: Uint32Array;
  private nextLook = 1;

  /** @param log of writes that do not pass through the chip */
  constructor(
    bytes: number,
    private readonly log: DirtyLog = () => undefined,
  ) {
    this.seenBy = new Uint32Array(bytes >>> PAGE_SHIFT).fill(this.nextLook);
  }

  /** The byte `at` of video memory was written. */
  mark(at: number): void {
    this.seenBy[at >>> PAGE_SHIFT] = this.nextLook;
  }

  /** Bytes `[first, end)` were. */
  markRange(first: number, end: number): void {
    if (end > first) this.seenBy.fill(this.nextLook, first >>> PAGE_SHIFT, ((end - 1) >>> PAGE_SHIFT) + 1);
  }

  /** A display looks: gives the number of this look, to be given to {@link since} at the display's next one. */
  look(): number {
    this.takeLog();
    return this.nextLook++;
  }

  /** Whether any of bytes `[first, end)` was written after look `last`, or that is NEVER_LOOKED. */
  since(last: number, first: number, end: number): boolean {
    const endPage = Math.min(this.seenBy.length, ((end - 1) >>> PAGE_SHIFT) + 1);
    for (let page = first >>> PAGE_SHIFT; page < endPage; page++) if (this.seenBy[page] > last) return true;
    return false;
  }

  /** A bit for each page written after look `last`, the lowest first. */
  bitsSince(last: number): Uint32Array {
    const words = new Uint32Array(Math.ceil(this.seenBy.length / WORD_PAGES));
    for (let page = 0; page < this.seenBy.length; page++) {
      if (this.seenBy[page] > last) words[page >>> 5] |= 1 << (page & 31);
    }
    return words;
  }

  private takeLog(): void {
    const words = this.log();
    if (words === undefined) return;
    for (const [index, word] of words.entries()) {
      if (word !== 0) this.markWord(index * WORD_PAGES, word);
    }
  }

  private markWord(firstPage: number, word: number): void {
    for (let bit = 0; bit < WORD_PAGES; bit++) if (word & (1 << bit)) this.seenBy[firstPage + bit] = this.nextLook;
  }
}
