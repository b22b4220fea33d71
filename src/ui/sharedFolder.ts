/** `<shared-folder>`: lets a person choose a folder of the computer that the guest mounts by virtio-9p. */
import { css, html, LitElement } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { ShareConfig } from "../vm/vmConfig.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

/** By which the guest mounts it. */
const TAG = "host";

const WRITING = { mode: "readwrite" } as const;

/** File System Access (WICG), which not all browsers have. */
type ChooseFolder = (options: typeof WRITING) => Promise<FileSystemDirectoryHandle>;
interface WithPermission {
  requestPermission?(options: typeof WRITING): Promise<PermissionState>;
}
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
        margin: 0;
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
  /** The person has let the guest change what is in it. */
  @state() private isWritable = false;

  /** What a machine is given that is started now. */
  get shares(): ShareConfig[] {
    return this.folder ? [{ tag: TAG, folder: this.folder, readOnly: !this.isWritable }] : [];
  }

  /** Shares a folder that was chosen in another way: browsers let such a one be read, and ask before it is changed. */
  async take(folder: FileSystemDirectoryHandle): Promise<void> {
    this.isWritable = await askToWrite(folder);
    this.folder = folder;
  }

  protected override updated(): void {
    this.toggleAttribute("sharing", this.folder !== undefined);
  }

  protected override render(): unknown {
    if (this.folder) return this.renderFolder(this.folder);
    if (!chooser()) return "";
    return html`<p>
      <button @click=${this.choose}>Share a folder…</button> The guest reads and changes it. It can be dropped on the page too.
    </p>`;
  }

  private renderFolder(folder: FileSystemDirectoryHandle): unknown {
    return html`
      <p>
        <span>The guest mounts <strong>${folder.name || "the folder"}</strong> by
          <code>mount -t 9p -o trans=virtio,version=9p2000.L ${TAG} /mnt</code>${this.isWritable ? "" : ", and cannot change it."}</span>
        ${this.isWritable ? "" : html`<button @click=${() => this.take(folder)}>Let it change the folder</button>`}
        <button @click=${this.forget}>Do not share it</button>
      </p>
    `;
  }

  private async choose(): Promise<void> {
    // Rejects when the person thinks better of it.
    this.folder = await chooser()?.(WRITING).catch(() => undefined);
    this.isWritable = true;
  }

  private forget(): void {
    this.folder = undefined;
  }
}

/** Whether a guest may change what is in the folder. Browsers ask only where the person has just clicked. */
async function askToWrite(folder: FileSystemDirectoryHandle): Promise<boolean> {
  const { requestPermission } = folder as WithPermission;
  const answer = await requestPermission?.call(folder, WRITING).catch(() => "prompt");
  return answer === "granted";
}
