/** `<kept-disks>`: what guests have written to disks, as far as it is kept in this browser, and how to be rid of it. */
import { css, html, LitElement } from "lit";
import { customElement, state } from "lit/decorators.js";
import { deleteOverlay, type KeptOverlay, listOverlays } from "../storage/opfsStore.ts";
import { formatBytes } from "./format.ts";
import "./pageNotice.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

@customElement("kept-disks")
export class KeptDisks extends LitElement {
  static override readonly styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: block;
        color: var(--muted);
        font-size: 14px;
      }
      summary {
        width: fit-content;
        cursor: pointer;
      }
      ul {
        display: grid;
        gap: 6px;
        margin: 10px 0 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        gap: 12px;
      }
      .name {
        flex: 1;
        overflow: hidden;
        color: var(--ink);
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];

  @state() private overlays: readonly KeptOverlay[] = [];
  @state() private mistake = "";

  async refresh(): Promise<void> {
    this.mistake = "";
    this.overlays = await listOverlays();
  }

  protected override render(): unknown {
    if (this.overlays.length === 0) return "";
    return html`
      <details>
        <summary>Changes to disks that this browser keeps (${this.overlays.length})</summary>
        <ul>
          ${this.overlays.map(
            ({ name, sizeBytes }) => html`<li>
              <span class="name" title=${name}>${name}</span>${formatBytes(sizeBytes)}
              <button aria-label=${`Delete the changes to ${name}`} @click=${() => this.delete(name)}>Delete</button>
            </li>`,
          )}
        </ul>
        ${this.mistake ? html`<page-notice kind="error" .message=${this.mistake}></page-notice>` : ""}
      </details>
    `;
  }

  private async delete(name: string): Promise<void> {
    try {
      await deleteOverlay(name);
      await this.refresh();
    } catch (error) {
      this.mistake = (error as Error).message;
    }
  }
}
