/** `<page-notice kind="error|note">`: a message in the page; text between backticks is a command. */
import { css, html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import { ICONS } from "./icons.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

@customElement("page-notice")
export class PageNotice extends LitElement {
  static override readonly styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: flex;
        align-items: flex-start;
        gap: 10px;
        padding: 9px 12px;
        border-radius: var(--radius);
        background: var(--warn-soft);
        color: var(--ink);
        font-size: 14px;
        overflow-wrap: anywhere;
      }
      :host([kind="error"]) {
        background: var(--bad-soft);
      }
      .sign {
        display: flex;
        padding-top: 2px;
        color: var(--warn);
      }
      :host([kind="error"]) .sign {
        color: var(--bad);
      }
      .text {
        flex: 1;
        min-width: 0;
      }
      code {
        padding: 1px 6px;
        border-radius: 5px;
        background: color-mix(in srgb, var(--ink) 10%, transparent);
        font: 0.92em var(--mono);
        user-select: all;
      }
      button {
        min-height: 0;
        width: 24px;
        height: 24px;
        padding: 0;
      }
    `,
  ];

  @property({ reflect: true }) kind: "error" | "note" = "note";
  @property() message = "";
  @property({ type: Boolean }) closable = false;

  protected override render(): unknown {
    const parts = this.message.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
    return html`
      <span class="sign">${ICONS.warning}</span>
      <div class="text" role=${this.kind === "error" ? "alert" : "status"}>${parts}<slot></slot></div>
      ${this.closable ? html`<button class="quiet" aria-label="Hide this note" @click=${this.close}>${ICONS.close}</button>` : ""}
    `;
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
