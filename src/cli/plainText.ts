/**
 * What a terminal would show of a stream of bytes, as plain lines: escape sequences (ECMA-48) and control characters are left
 * out, and line ends of any kind are `\n`. Stateful: a sequence may be cut anywhere between two writes.
 */
const ESC = "\x1b";
const BEL = "\x07";

/** Where in an escape sequence the stream is. */
type State = "text" | "escape" | "intermediate" | "control" | "string" | "stringEscape";

export class PlainText {
  private readonly decoder = new TextDecoder();
  private state: State = "text";
  /** A carriage return was seen; a line feed may follow and belongs to it. */
  private returned = false;

  /** The new plain text in `bytes`. */
  write(bytes: Uint8Array): string {
    let plain = "";
    for (const character of this.decoder.decode(bytes, { stream: true })) {
      if (this.state === "text") plain += this.text(character);
      else this.state = nextState(this.state, character);
    }
    return plain;
  }

  private text(character: string): string {
    if (character === "\r") {
      this.returned = true;
      return "";
    }
    const start = this.returned && character !== "\n" ? "\n" : "";
    this.returned = false;
    if (character === ESC) this.state = "escape";
    return start + (isPrinted(character) ? character : "");
  }
}

function isPrinted(character: string): boolean {
  return (character >= " " && character !== "\x7f") || character === "\n" || character === "\t";
}

/** ECMA-48 5.4 (control sequences) and 5.6 (command strings). */
function nextState(state: Exclude<State, "text">, character: string): State {
  if (state === "string") return character === BEL ? "text" : character === ESC ? "stringEscape" : "string";
  if (state === "stringEscape") return character === "\\" ? "text" : "string";
  if (state === "control") return character >= "@" && character <= "~" ? "text" : "control";
  if (character >= " " && character <= "/") return "intermediate";
  if (state === "escape" && character === "[") return "control";
  if (state === "escape" && "]PX^_".includes(character)) return "string";
  return "text";
}
