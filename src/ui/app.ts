/** `<tabvisor-app>`: the page. Boots what the URL asks for, or the default guest, and shows the machines as tabs. */
import { html, LitElement } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { VmClient, VmRequest } from "../vm/vmClient.ts";
import { VmManager } from "../vm/vmManager.ts";
import { appStyles } from "./appStyles.ts";
import type { FilesDialog } from "./filesDialog.ts";
import "./filesDialog.ts";
import { watchFileDrops } from "./fileDrops.ts";
import type { GuestChoice, GuestMenu } from "./guestMenu.ts";
import "./guestMenu.ts";
import { type CatalogueGuest, loadCatalogue } from "./launch/catalogue.ts";
import { readDrop } from "./launch/drops.ts";
import {
  chooseGuest,
  environmentNotes,
  type FilesChoice,
  guestIdOf,
  requestFor,
  requestForFiles,
} from "./launch/launcher.ts";
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
  /** Files are being dragged over the page. */
  @state() private isDropTarget = false;
  @query("guest-menu") private readonly menu!: GuestMenu;
  @query("files-dialog") private readonly filesDialog!: FilesDialog;
  private stopWatching: (() => void) | undefined;

  constructor() {
    super();
    this.manager.onChange(() => this.followMachines());
    void this.begin();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopWatching = watchFileDrops({
      onHover: (hovering) => {
        this.isDropTarget = hovering;
      },
      onDrop: (items) => void this.takeDrop(items),
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopWatching?.();
  }

  private async takeDrop(items: DataTransferItemList): Promise<void> {
    this.problem = "";
    try {
      const drop = await readDrop(items);
      if (drop.kind === "files") await this.filesDialog.open(drop.files);
      else await this.openMenu().share(drop.folder);
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  /** Starts a guest in a new tab and shows it. */
  start(guest: CatalogueGuest, wishes: GuestChoice["wishes"] = {}): VmClient {
    return this.launch(requestFor(guest, wishes));
  }

  private launch(request: VmRequest): VmClient {
    this.problem = "";
    const machine = this.manager.start(request);
    void this.show(machine);
    return machine;
  }

  protected override render(): unknown {
    const { machines } = this.manager;
    return html`
      <header class="top">
        <a class="brand" href="./" aria-label="Tabvisor"><img src="./icon.svg" alt="" width="28" height="28" />Tabvisor</a>
        <machine-tabs .machines=${machines} .selected=${this.selected}
          @select-machine=${(event: CustomEvent<VmClient>) => this.show(event.detail)} @new-machine=${this.openMenu}></machine-tabs>
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
        this.start(event.detail.guest, event.detail.wishes)}
        @choose-files=${(event: CustomEvent<readonly File[]>) => this.filesDialog.open(event.detail)}></guest-menu>
      <files-dialog .machine=${this.selected} @start-files=${(event: CustomEvent<FilesChoice>) =>
        this.launch(requestForFiles(this.guests, event.detail))}></files-dialog>
      ${this.isDropTarget ? html`<div class="drop"><p>Drop a CD, a disk, a floppy or a kernel to boot it, or a folder to share it with a guest</p></div>` : ""}
    `;
  }

  private renderEmpty(): unknown {
    return html`
      <div class="empty">
        <img src="./icon.svg" alt="" width="64" height="64" />
        <h1>A whole PC in a browser tab</h1>
        <p>Unmodified operating systems run in it, several side by side, each with its own screen and console.</p>
        <p>Drop an image of a CD, a disk or a floppy on the page, or a kernel, and it boots. A folder is shared with a guest.</p>
        ${this.guests.length > 0 ? html`<button class="primary" @click=${this.openMenu}>Choose a guest</button>` : ""}
      </div>
    `;
  }

  /** What has been built since the page was opened is there now. */
  private openMenu(): GuestMenu {
    this.menu.open();
    loadCatalogue().then(
      (guests) => {
        this.guests = guests;
      },
      () => undefined,
    );
    return this.menu;
  }

  private async begin(): Promise<void> {
    try {
      const options = parseUrlOptions(location.search);
      const [guests] = await Promise.all([loadCatalogue(), this.updateComplete]);
      this.guests = guests;
      const { guest: _, view: __, ...wishes } = options;
      this.start(chooseGuest(guests, guestIdOf(options)), wishes);
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
