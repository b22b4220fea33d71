/** `<terminal-view>`: xterm.js on a line of a machine. One machine for the life of the element. */
import xtermStyles from "@xterm/xterm/css/xterm.css?inline";
import { css, html, LitElement, unsafeCSS } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { SerialTerminal } from "../console/serialTerminal.ts";
import type { VmClient } from "../vm/vmClient.ts";
import { baseStyles } from "./styles.ts";

@customElement("terminal-view")
export class TerminalView extends LitElement {
  static override readonly styles = [
    baseStyles,
    unsafeCSS(xtermStyles),
    css`
      :host {
        display: grid;
        min-width: 0;
        min-height: 0;
        padding: 8px 4px 4px 10px;
        background: var(--terminal);
      }
      .terminal {
        min-width: 0;
        min-height: 0;
        overflow: hidden;
      }
    `,
  ];

  @property({ attribute: false }) machine!: VmClient;
  /** Which line: COM1, or hvc0. */
  @property() line: "serial" | "virtioConsole" = "serial";
  @query(".terminal") private readonly place!: HTMLElement;
  private terminal: SerialTerminal | undefined;

  override focus(): void {
    this.terminal?.focus();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.terminal?.dispose();
    this.terminal = undefined;
  }

  protected override firstUpdated(): void {
    this.open();
  }

  protected override render(): unknown {
    return html`<div class="terminal"></div>`;
  }

  private open(): void {
    const fontSize = globalThis.matchMedia("(max-width: 480px)").matches ? 11.5 : 12.5;
    // A blinking cursor is a CSS animation that costs 7 % of a core, more than an idle guest.
    const options = { fontSize, cursorBlink: false };
    this.terminal = new SerialTerminal({ channel: this.machine[this.line], terminal: options });
    this.terminal.open(this.place);
  }
}
