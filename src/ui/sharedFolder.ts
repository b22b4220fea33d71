/** `<shared-folder>`: lets a person choose a folder of the computer that the guest mounts by virtio-9p. */
import { css, html, LitElement } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { ShareConfig } from "../vm/vmConfig.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

/** By which the guest mounts it. */
const TAG = "host";

/** File System Access (WICG), which not all browsers have. */
type ChooseFolder = (options: { mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>;
const chooser = (): ChooseFolder | undefined =>
  (globalThis as { showDirectoryPicker?: ChooseFolder }).showDirectoryPicker;

@customElement("shared-folder")
export class SharedFolder extends LitElement {
  static override readonly styles = [
    baseStyles,
    buttonStyles,
    css`
      p {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
        margin: 12px 0 0;
        color: var(--muted);
        font-size: 13px;
      }
      strong {
        color: var(--ink);
      }
      code {
        font-family: var(--mono);
        overflow-wrap: anywhere;
      }
    `,
  ];

  @state() private folder: FileSystemDirectoryHandle | undefined;

  /** What a machine is given that is started now. */
  get shares(): ShareConfig[] {
    return this.folder ? [{ tag: TAG, folder: this.folder }] : [];
  }

  protected override render(): unknown {
    if (!chooser()) return "";
    if (!this.folder)
      return html`<p><button @click=${this.choose}>Share a folder…</button> The guest reads and changes it.</p>`;
    return html`
      <p>
        <span>The guest mounts <strong>${this.folder.name || "the folder"}</strong> by
          <code>mount -t 9p -o trans=virtio,version=9p2000.L ${TAG} /mnt</code></span>
        <button @click=${this.forget}>Do not share it</button>
      </p>
    `;
  }

  private async choose(): Promise<void> {
    // Rejects when the person thinks better of it.
    this.folder = await chooser()?.({ mode: "readwrite" }).catch(() => undefined);
  }

  private forget(): void {
    this.folder = undefined;
  }
}
