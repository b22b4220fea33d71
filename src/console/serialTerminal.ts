/**
 * An xterm.js terminal on a serial line, in both directions. The page must load `@xterm/xterm/css/xterm.css`.
 * Copy: select, or Ctrl+Shift+C (Cmd+C). Paste: Ctrl+Shift+V, Shift+Insert, or the browser's own paste.
 */
import { FitAddon } from "@xterm/addon-fit";
import { type ITerminalOptions, type ITheme, Terminal } from "@xterm/xterm";
import type { ByteChannel } from "./byteChannel.ts";

export const TERMINAL_THEME: ITheme = {
  background: "#14161b",
  foreground: "#d7dae0",
  cursor: "#7fd1b9",
  cursorAccent: "#14161b",
  selectionBackground: "#3a4a5e",
  black: "#23262e",
  red: "#e06c75",
  green: "#8cc265",
  yellow: "#d9b062",
  blue: "#61a5e8",
  magenta: "#c481d8",
  cyan: "#56b6c2",
  white: "#c8ccd4",
  brightBlack: "#6b7280",
  brightRed: "#f08a92",
  brightGreen: "#a8d98a",
  brightYellow: "#eccb87",
  brightBlue: "#8bc0f5",
  brightMagenta: "#d9a3e8",
  brightCyan: "#7fd1d9",
  brightWhite: "#f2f4f8",
};

const DEFAULT_OPTIONS: ITerminalOptions = {
  theme: TERMINAL_THEME,
  fontFamily: '"JetBrains Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSize: 14,
  cursorBlink: true,
  scrollback: 5000,
  rightClickSelectsWord: true,
};

export interface SerialTerminalOptions {
  channel: ByteChannel;
  terminal?: ITerminalOptions;
  /** Whether input goes to the guest; a viewer may only look. Default true. */
  writable?: boolean;
}

export class SerialTerminal {
  readonly terminal: Terminal;
  private readonly fitAddon = new FitAddon();
  private readonly encoder = new TextEncoder();
  private readonly channel: ByteChannel;
  private readonly stopOutput: () => void;
  private observer: ResizeObserver | undefined;

  constructor(options: SerialTerminalOptions) {
    this.channel = options.channel;
    this.terminal = new Terminal({ ...DEFAULT_OPTIONS, ...options.terminal });
    this.terminal.loadAddon(this.fitAddon);
    this.terminal.attachCustomKeyEventHandler((event) => this.handleClipboardKey(event));
    if (options.writable !== false) this.connectInput();
    this.stopOutput = this.channel.onOutput((bytes) => this.terminal.write(bytes));
  }

  /** Shows the terminal in `element` and keeps it as large as that. */
  open(element: HTMLElement): void {
    this.terminal.open(element);
    this.fit();
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(element);
  }

  /** Fits rows and columns to the element. A serial line cannot tell the guest: `stty rows R cols C` does. */
  fit(): void {
    // A hidden element has no size to fit.
    if (this.terminal.element?.offsetParent) this.fitAddon.fit();
  }

  focus(): void {
    this.terminal.focus();
  }

  async copy(): Promise<void> {
    const selection = this.terminal.getSelection();
    if (selection !== "") await navigator.clipboard.writeText(selection);
  }

  /** Pastes the clipboard, bracketed when the guest asked for that. */
  async paste(): Promise<void> {
    this.terminal.paste(await navigator.clipboard.readText());
  }

  dispose(): void {
    this.stopOutput();
    this.observer?.disconnect();
    this.terminal.dispose();
  }

  private connectInput(): void {
    this.terminal.onData((text) => this.channel.send(this.encoder.encode(text)));
    this.terminal.onBinary((text) => {
      this.channel.send(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    });
  }

  /** Returns false for keys that are not for the guest. */
  private handleClipboardKey(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey) return true;
    if (event.code === "KeyC") void this.copy();
    else if (event.code === "KeyV") void this.paste();
    else return true;
    event.preventDefault();
    return false;
  }
}
