/** `<tabvisor-embed>`: embed.html, one machine and nothing else, for an iframe: `embed.html?guest=ID&view=screen|serial|both`. */
import { css, html, LitElement } from "lit";
import { customElement, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { loadCatalogue } from "../ui/launch/catalogue.ts";
import { chooseGuest, environmentNotes, guestIdOf, requestFor } from "../ui/launch/launcher.ts";
import { parseUrlOptions, type View } from "../ui/launch/urlOptions.ts";
import "../ui/machinePanel.ts";
import "../ui/pageNotice.ts";
import { baseStyles } from "../ui/styles.ts";
import type { VmClient } from "../vm/vmClient.ts";
import { VmManager } from "../vm/vmManager.ts";
import { connectHost } from "./hostLink.ts";

@customElement("tabvisor-embed")
export class TabvisorEmbed extends LitElement {
  static override readonly styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr);
        height: 100dvh;
      }
      .notes {
        display: grid;
        gap: 4px;
        font-size: 13px;
      }
      page-notice {
        border-radius: 0;
        padding: 4px 10px;
        font-size: 13px;
      }
    `,
  ];

  readonly manager = new VmManager();
  @state() private problem = "";
  @state() private notes: readonly string[] = environmentNotes();
  @state() private view: View = "both";

  constructor() {
    super();
    this.manager.onChange(() => this.requestUpdate());
    void this.begin();
  }

  protected override render(): unknown {
    const machine = this.manager.machines[0];
    return html`
      <div class="notes">
        ${this.problem ? html`<page-notice kind="error" .message=${this.problem}></page-notice>` : ""}
        ${this.notes.map((note) => html`<page-notice closable .message=${note} @close=${() => this.dismiss(note)}></page-notice>`)}
      </div>
      ${machine && keyed(machine.id, this.renderPanel(machine))}
    `;
  }

  private renderPanel(machine: VmClient): unknown {
    return html`<machine-panel embedded .machine=${machine} .view=${this.view}
      @retry-machine=${() => this.manager.replace(machine)}></machine-panel>`;
  }

  private async begin(): Promise<void> {
    try {
      const options = parseUrlOptions(location.search);
      const { guest: _, view = "both", ...wishes } = options;
      this.view = view;
      const request = requestFor(chooseGuest(await loadCatalogue(), guestIdOf(options)), wishes);
      document.title = request.title;
      connectHost(this.manager.start(request));
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  private dismiss(note: string): void {
    this.notes = this.notes.filter((one) => one !== note);
  }
}
