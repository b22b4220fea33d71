/**
 * What is new on a text screen since a moment: a screen shows old text until it has scrolled away, and a pattern must not match
 * what it has matched already.
 */
export class ScreenTail {
  private marked: string[] = [];

  /** Everything on `screen` counts as old from now on. */
  mark(screen: string): void {
    this.marked = usedLines(screen);
  }

  /** The part of `screen` that came after the mark; all of it where the screen has been cleared or is another. */
  after(screen: string): string {
    const lines = usedLines(screen);
    if (this.marked.length === 0) return lines.join("\n");
    for (let scrolled = 0; scrolled < this.marked.length; scrolled++) {
      const old = this.marked.slice(scrolled);
      if (isContinued(old, lines)) return [lastPart(old, lines), ...lines.slice(old.length)].join("\n");
    }
    return lines.join("\n");
  }
}

/** Lines down to the last that is not blank. */
function usedLines(screen: string): string[] {
  return screen
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** Whether `lines` begins with `old`, whose last line may have grown. */
function isContinued(old: readonly string[], lines: readonly string[]): boolean {
  const last = old.length - 1;
  return old.every((line, i) => (i === last ? lines[i]?.startsWith(line) : lines[i] === line));
}

function lastPart(old: readonly string[], lines: readonly string[]): string {
  const last = old.length - 1;
  return (lines[last] as string).slice((old[last] as string).length);
}
