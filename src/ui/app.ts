/** `<tabvisor-app>`: the page. Boots what the URL asks for, or the default guest, and shows the machines as tabs. */
import { html, LitElement } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { DEFAULT_GUEST } from "../../images/guests.ts";
import type { VmClient } from "../vm/vmClient.ts";
import { VmManager } from "../vm/vmManager.ts";
import { appStyles } from "./appStyles.ts";
import type { GuestChoice, GuestMenu } from "./guestMenu.ts";
import "./guestMenu.ts";
import { type CatalogueGuest, loadCatalogue } from "./launch/catalogue.ts";
import { chooseGuest, environmentNotes, requestFor } from "./launch/launcher.ts";
import { parseUrlOptions } from "./launch/urlOptions.ts";
import "./machinePanel.ts";
import type { MachinePanel } from "./machinePanel.ts";
import "./machineTabs.ts";
import "./pageNotice.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

@customElement("tabvisor-app")
export class TabvisorApp extends LitElement {
  static override readonly styles = [baseStyles, buttonStyles, appStyles];

  readonly manager = new VmManager();
  /** The catalogue; empty until it has come. */
  @state() guests: readonly CatalogueGuest[] = [];
  @state() private selected: VmClient | undefined;
  /** Why the page could not do what it was asked to. */
  @state() private problem = "";
  @state() private notes: readonly string[] = environmentNotes();
  @state() private started = false;
  @query("guest-menu") private readonly menu!: GuestMenu;

  constructor() {
    super();
    this.manager.onChange(() => this.followMachines());
    void this.begin();
  }

  /** Starts a guest in a new tab and shows it. */
  start(guest: CatalogueGuest, wishes: GuestChoice["wishes"] = {}): VmClient {
    this.problem = "";
    const machine = this.manager.start(requestFor(guest, wishes));
    void this.show(machine);
    return machine;
  }

  protected override render(): unknown {
    const { machines } = this.manager;
    return html`
      <header class="top">
        <a class="brand" href="./" aria-label="Tabvisor"><img src="./icon.svg" alt="" width="28" height="28" />Tabvisor</a>
        <machine-tabs .machines=${machines} .selected=${this.selected}
          @select-machine=${(event: CustomEvent<VmClient>) => this.show(event.detail)} @new-machine=${() => this.menu.open()}></machine-tabs>
      </header>
      <div class="notes">
        ${this.problem ? html`<page-notice kind="error" .message=${this.problem}></page-notice>` : ""}
        ${this.notes.map((note) => html`<page-notice closable .message=${note} @close=${() => this.dismiss(note)}></page-notice>`)}
      </div>
      <main @close-tab=${(event: CustomEvent<VmClient>) => this.manager.close(event.detail)}
        @retry-machine=${(event: CustomEvent<VmClient>) => this.retry(event.detail)}>
        ${repeat(
          machines,
          (machine) => machine.id,
          (machine) => html`<machine-panel .machine=${machine} ?hidden=${machine !== this.selected}></machine-panel>`,
        )}
        ${machines.length === 0 && this.started ? this.renderEmpty() : ""}
      </main>
      <guest-menu .guests=${this.guests} @choose-guest=${(event: CustomEvent<GuestChoice>) =>
        this.start(event.detail.guest, event.detail.wishes)}></guest-menu>
    `;
  }

  private renderEmpty(): unknown {
    return html`
      <div class="empty">
        <img src="./icon.svg" alt="" width="64" height="64" />
        <h1>A whole PC in a browser tab</h1>
        <p>Unmodified operating systems run in it, several side by side, each with its own screen and console.</p>
        ${this.guests.length > 0 ? html`<button class="primary" @click=${() => this.menu.open()}>Choose a guest</button>` : ""}
      </div>
    `;
  }

  private async begin(): Promise<void> {
    try {
      const options = parseUrlOptions(location.search);
      const [guests] = await Promise.all([loadCatalogue(), this.updateComplete]);
      this.guests = guests;
      const { guest = DEFAULT_GUEST, view: _, ...wishes } = options;
      this.start(chooseGuest(guests, guest), wishes);
    } catch (error) {
      this.problem = (error as Error).message;
      if (this.guests.length === 0) this.guests = await loadCatalogue().catch(() => []);
    } finally {
      this.started = true;
    }
  }

  private async show(machine: VmClient): Promise<void> {
    this.selected = machine;
    await this.updateComplete;
    this.renderRoot.querySelector<MachinePanel>("machine-panel:not([hidden])")?.focusConsole();
  }

  private retry(machine: VmClient): void {
    void this.show(this.manager.replace(machine));
  }

  /** A closed machine's tab gives way to its neighbour. */
  private followMachines(): void {
    const { machines } = this.manager;
    if (this.selected === undefined || !machines.includes(this.selected)) this.selected = machines.at(-1);
    this.requestUpdate();
  }

  private dismiss(note: string): void {
    this.notes = this.notes.filter((one) => one !== note);
  }
}
