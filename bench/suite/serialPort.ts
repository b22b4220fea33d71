/** A guest's serial line as the harness sees it, and lines of text with the moment at which each began. */

export interface SerialPort {
  send(text: string): void;
  /** Text as it comes, with its time in ms on a clock that never steps. One listener. */
  onText(listener: (text: string, atMs: number) => void): void;
  /** Called once if the guest ends by itself, with what is known of it. */
  onEnd(listener: (why: string) => void): void;
}

/** A line without its end; `atMs` is when its first character came. */
export interface Line {
  text: string;
  atMs: number;
}

/** Cuts a stream into lines. */
export class LineReader {
  private pending = "";
  private startedMs = 0;

  constructor(private readonly onLine: (line: Line) => void) {}

  feed(text: string, atMs: number): void {
    const pieces = text.split("\n");
    const last = pieces.pop() as string;
    for (const piece of pieces) this.endLine(piece, atMs);
    this.add(last, atMs);
  }

  /** What has come of an unfinished line. */
  get rest(): string {
    return this.pending;
  }

  private endLine(piece: string, atMs: number): void {
    this.add(piece, atMs);
    const line = { text: this.pending.replace(/\r$/, ""), atMs: this.pending === "" ? atMs : this.startedMs };
    this.pending = "";
    this.onLine(line);
  }

  private add(piece: string, atMs: number): void {
    if (piece === "") return;
    if (this.pending === "") this.startedMs = atMs;
    this.pending += piece;
  }
}
