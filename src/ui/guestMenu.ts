/** `<guest-menu>`: a dialog to choose what to start, as cards, with memory, engine and command line for those who care. */
import { html, LitElement } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { hasDisk } from "../machine/guestDrives.ts";
import { ICONS } from "./icons.ts";
import type { KeptDisks } from "./keptDisks.ts";
import "./keptDisks.ts";
import type { CatalogueGuest } from "./launch/catalogue.ts";
import { buildsGuests, howToBuild } from "./launch/imageBuilds.ts";
import type { Wishes } from "./launch/launcher.ts";
import { ENGINE_MODES, parseMemory } from "./launch/urlOptions.ts";
import "./pageNotice.ts";
import { menuStyles } from "./guestMenuStyles.ts";
import type { SharedFolder } from "./sharedFolder.ts";
import "./sharedFolder.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

/** What was chosen. */
export interface GuestChoice {
  guest: CatalogueGuest;
  wishes: Wishes;
}

@customElement("guest-menu")
export class GuestMenu extends LitElement {
  static override readonly styles = [baseStyles, buttonStyles, menuStyles];

  @property({ attribute: false }) guests: readonly CatalogueGuest[] = [];
  /** Why there are no guests to choose from. */
  @property() trouble = "";
  /** The server builds guests that are not there yet. */
  @state() private canBuild = false;
  @state() private mistake = "";
  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query("kept-disks") private readonly keptDisks!: KeptDisks;
  @query("shared-folder") private readonly sharedFolder!: SharedFolder;
  @query("form") private readonly form!: HTMLFormElement;

  open(): void {
    this.mistake = "";
    void this.keptDisks.refresh();
    void buildsGuests().then((answer) => {
      this.canBuild = answer;
    });
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** What is started from now on is given this folder. */
  async share(folder: FileSystemDirectoryHandle): Promise<void> {
    await this.sharedFolder.take(folder);
  }

  protected override render(): unknown {
    return html`
      <dialog aria-labelledby="title" @click=${this.closeOutside}>
        <div class="sheet">
          <header>
            <h2 id="title">Start a machine</h2>
            <button class="quiet icon" aria-label="Close" @click=${() => this.dialog.close()}>${ICONS.close}</button>
          </header>
          ${this.trouble ? html`<page-notice kind="error" .message=${this.trouble}></page-notice>` : ""}
          <div class="cards">${this.guests.map((guest) => this.renderCard(guest))}</div>
          <p class="files">
            <label class="button"><input type="file" multiple @change=${this.chooseFiles} />Open files…</label>
            Images of CDs, disks and floppies, or a kernel. They can be dropped on the page too.
          </p>
          <shared-folder></shared-folder>
          <kept-disks></kept-disks>
          ${this.renderWishes()}
        </div>
      </dialog>
    `;
  }

  private renderCard(guest: CatalogueGuest): unknown {
    return html`
      <button class="card" data-guest=${guest.id} ?disabled=${!guest.available && !this.canBuild} @click=${() => this.choose(guest)}>
        <span class="name">${guest.title}</span>
        <span class="about">${guest.description}</span>
        <span class="facts">${this.renderFacts(guest)}</span>
      </button>
    `;
  }

  private renderFacts(guest: CatalogueGuest): unknown {
    if (guest.available) return `${guest.memoryMib} MiB of memory`;
    if (this.canBuild) return `${guest.memoryMib} MiB of memory. Downloaded and built when it is started first.`;
    return html`Not built here yet: <code>${howToBuild(guest)}</code>`;
  }

  private renderWishes(): unknown {
    return html`
      <details>
        <summary>Memory, engine, command line, disk</summary>
        <form @submit=${(event: Event) => event.preventDefault()}>
          <label>Memory in MiB <input name="memory" inputmode="numeric" placeholder="as the guest wants" /></label>
          <label>Engine <select name="engine">${ENGINE_MODES.map((mode) => html`<option>${mode}</option>`)}</select></label>
          <label class="wide">Kernel command line <input name="append" spellcheck="false" placeholder="as the guest wants" /></label>
          <label class="wide check"><input type="checkbox" name="keep" /> Keep what the guest writes to its disk in this browser</label>
        </form>
      </details>
      ${this.mistake ? html`<page-notice kind="error" .message=${this.mistake}></page-notice>` : ""}
    `;
  }

  private chooseFiles(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // The same files can be chosen again.
    input.value = "";
    if (files.length === 0) return;
    this.dialog.close();
    this.dispatchEvent(new CustomEvent("choose-files", { detail: files }));
  }

  private choose(guest: CatalogueGuest): void {
    try {
      const choice: GuestChoice = { guest, wishes: this.readWishes(guest) };
      this.dialog.close();
      this.dispatchEvent(new CustomEvent("choose-guest", { detail: choice }));
    } catch (error) {
      this.mistake = (error as Error).message;
    }
  }

  private readWishes(guest: CatalogueGuest): GuestChoice["wishes"] {
    const fields = new FormData(this.form);
    const text = (name: string): string => String(fields.get(name) ?? "").trim();
    const engine = ENGINE_MODES.find((mode) => mode === text("engine"));
    return {
      ...(text("memory") !== "" && { memoryMib: parseMemory(text("memory")) }),
      ...(engine && { engine }),
      ...(text("append") !== "" && { append: text("append") }),
      shares: this.sharedFolder.shares,
      ...(fields.has("keep") && hasDisk(guest) && { overlay: guest.id }),
    };
  }

  private closeOutside(event: MouseEvent): void {
    if (event.target === this.dialog) this.dialog.close();
  }
}
