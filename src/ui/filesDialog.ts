/** `<files-dialog>`: what each of a person's files is to be in a machine, and the button that starts it. */
import { css, html, LitElement } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ICONS } from "./icons.ts";
import { FILE_ROLES, type FileRole, guessRole, ROLE_NAMES, type RoledFile } from "./launch/droppedFiles.ts";
import { DRIVES_MEMORY_MIB, type FilesChoice } from "./launch/launcher.ts";
import { parseMemory } from "./launch/urlOptions.ts";
import "./pageNotice.ts";
import type { VmClient } from "../vm/vmClient.ts";
import { formatBytes } from "./format.ts";
import { menuStyles } from "./guestMenuStyles.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

@customElement("files-dialog")
export class FilesDialog extends LitElement {
  static override readonly styles = [
    baseStyles,
    buttonStyles,
    menuStyles,
    css`
      dialog {
        width: min(560px, calc(100vw - 24px));
      }
      form {
        margin: 0;
      }
      .file {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 150px;
        grid-column: 1 / -1;
        align-items: center;
        gap: 12px;
        color: var(--ink);
        font-size: 14px;
      }
      .file span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .file small {
        margin-left: 8px;
        color: var(--muted);
      }
      footer {
        display: flex;
        grid-column: 1 / -1;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 8px;
      }
      .insert {
        margin-right: auto;
        max-width: 100%;
        overflow: hidden;
        text-overflow: ellipsis;
      }
    `,
  ];

  /** The machine that is shown: a medium can be put into its drive. */
  @property({ attribute: false }) machine: VmClient | undefined;
  @state() private files: readonly RoledFile[] = [];
  @state() private mistake = "";
  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query("form") private readonly form!: HTMLFormElement;

  /** Asks what to do with `files`. */
  async open(files: readonly File[]): Promise<void> {
    this.mistake = "";
    try {
      this.files = await Promise.all(files.map(async (file) => ({ file, role: await guessRole(file) })));
    } catch {
      this.files = [];
      this.mistake = "These files cannot be read: they have changed or vanished.";
    }
    await this.updateComplete;
    this.form.reset();
    if (!this.dialog.open) this.dialog.showModal();
  }

  protected override render(): unknown {
    return html`
      <dialog aria-labelledby="title">
        <div class="sheet">
          <header>
            <h2 id="title">Start a machine with ${this.files.length === 1 ? "this file" : "these files"}</h2>
            <button class="quiet icon" aria-label="Close" @click=${() => this.dialog.close()}>${ICONS.close}</button>
          </header>
          <form @submit=${this.start}>
            ${this.files.map((roled) => this.renderFile(roled))}
            <label>Memory in MiB <input name="memory" inputmode="numeric" .defaultValue=${String(DRIVES_MEMORY_MIB)} /></label>
            ${this.has("kernel") ? html`<label>Kernel command line <input name="append" spellcheck="false" /></label>` : html`<span></span>`}
            ${this.has("disk") ? this.renderKeep() : ""}
            <footer>
              ${this.renderInsert()}
              <button type="button" @click=${() => this.dialog.close()}>Cancel</button>
              <button class="primary" ?disabled=${this.files.length === 0}>Start</button>
            </footer>
          </form>
          ${this.mistake ? html`<page-notice kind="error" .message=${this.mistake}></page-notice>` : ""}
        </div>
      </dialog>
    `;
  }

  private renderFile(roled: RoledFile): unknown {
    const { file, role } = roled;
    return html`<label class="file">
      <span title=${file.name}>${file.name}<small>${formatBytes(file.size)}</small></span>
      <select aria-label=${`What ${file.name} is`} @change=${(event: Event) => this.setRole(roled, event)}>
        ${FILE_ROLES.map((one) => html`<option value=${one} ?selected=${one === role}>${ROLE_NAMES[one]}</option>`)}
      </select>
    </label>`;
  }

  private renderKeep(): unknown {
    return html`<label class="check wide">
      <input type="checkbox" name="keep" />
      Keep what is written to the disk in this browser. The file itself is never changed.
    </label>`;
  }

  /** One CD or floppy, and a running machine with a drive for it. */
  private renderInsert(): unknown {
    const { machine } = this;
    const [roled, second] = this.files;
    const isOn = machine?.state === "running" || machine?.state === "paused";
    const drive = isOn ? machine.removableDrives.find(({ kind }) => kind === roled?.role) : undefined;
    if (!machine || !drive || second) return "";
    return html`<button type="button" class="insert" @click=${() => this.insert(machine, drive.name, roled.file)}>
      Put into the drive of ${machine.title}
    </button>`;
  }

  private async insert(machine: VmClient, drive: string, file: File): Promise<void> {
    try {
      await machine.changeMedium(drive, { source: { kind: "blob", blob: file, name: file.name } });
      this.dialog.close();
    } catch (error) {
      this.mistake = (error as Error).message;
    }
  }

  private has(role: FileRole): boolean {
    return this.files.some((one) => one.role === role);
  }

  private setRole(roled: RoledFile, event: Event): void {
    const role = (event.target as HTMLSelectElement).value as FileRole;
    this.files = this.files.map((one) => (one === roled ? { ...one, role } : one));
  }

  private start(event: Event): void {
    event.preventDefault();
    const fields = new FormData(this.form);
    try {
      const choice: FilesChoice = {
        files: this.files,
        memoryMib: parseMemory(String(fields.get("memory") ?? "")),
        append: String(fields.get("append") ?? "").trim(),
        keep: fields.get("keep") !== null,
      };
      this.dialog.close();
      this.dispatchEvent(new CustomEvent("start-files", { detail: choice }));
    } catch (error) {
      this.mistake = (error as Error).message;
    }
  }
}
