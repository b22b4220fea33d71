/** `<machine-toolbar>`: what one does to a machine. Closing, full screen and the keyboard are events for the panel around it. */
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ClientEvent } from "../vm/vmClient.ts";
import { ICONS } from "./icons.ts";
import { MachineElement } from "./machineElement.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

@customElement("machine-toolbar")
export class MachineToolbar extends MachineElement {
  static override readonly styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 6px;
      }
      button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--accent);
      }
      /* With the words there would be no room for the state beside them. */
      @media (max-width: 900px) {
        .label {
          display: none;
        }
        :host {
          gap: 4px;
        }
        button {
          width: 38px;
          padding: 0;
        }
      }
      /* Seven of them, and the state beside them. */
      @media (max-width: 400px) {
        :host {
          gap: 3px;
        }
        button {
          width: 34px;
        }
      }
    `,
  ];

  protected override readonly events: readonly ClientEvent[] = ["state", "speaker"];
  /** The embedded page's machine cannot be closed. */
  @property({ type: Boolean }) fixed = false;
  /** The keyboard is on the screen. */
  @property({ type: Boolean }) keyboard = false;

  override focus(): void {
    this.renderRoot.querySelector("button")?.focus();
  }

  protected override render(): unknown {
    const { state } = this.machine;
    const alive = state === "running" || state === "paused";
    const paused = state === "paused";
    return html`
      ${this.button(paused ? "Resume" : "Pause", paused ? ICONS.play : ICONS.pause, alive, () => this.togglePause())}
      ${this.button("Reset", ICONS.reset, alive || state === "off" || state === "crashed", () => this.machine.reset())}
      <button title="Press Ctrl Alt Del in the guest" aria-label="Ctrl Alt Del" ?disabled=${!alive} @click=${this.ctrlAltDel}>
        ${ICONS.power}<span class="label">Ctrl Alt Del</span>
      </button>
      <button title="Show or hide a keyboard to touch" aria-label="Keyboard" aria-pressed=${this.keyboard}
        @click=${() => this.emit("toggle-keyboard")}>${ICONS.keyboard}<span class="label">Keyboard</span></button>
      ${this.renderSound()}
      ${this.button("Full screen", ICONS.fullScreen, true, () => this.emit("full-screen"))}
      ${this.fixed ? "" : this.button("Close", ICONS.close, true, () => this.emit("close-machine"))}
    `;
  }

  /** Only for guests that make a sound. */
  private renderSound(): unknown {
    const { speaker } = this.machine;
    if (!speaker.wasUsed) return undefined;
    const title = speaker.isMuted ? "Let the PC speaker be heard" : "Mute the PC speaker";
    return html`<button title=${title} aria-label="Mute" aria-pressed=${speaker.isMuted}
      @click=${() => (speaker.isMuted = !speaker.isMuted)}>
      ${speaker.isMuted ? ICONS.muted : ICONS.sound}<span class="label">${speaker.isMuted ? "Muted" : "Sound"}</span>
    </button>`;
  }

  private button(name: string, icon: unknown, enabled: boolean, act: () => unknown): unknown {
    return html`<button title=${name} aria-label=${name} ?disabled=${!enabled} @click=${() => this.attempt(act)}>
      ${icon}<span class="label">${name}</span>
    </button>`;
  }

  /** A machine may end just when something is asked of it; its panel tells why. */
  private async attempt(act: () => unknown): Promise<void> {
    try {
      await act();
    } catch (error) {
      console.warn(error);
    }
  }

  private togglePause(): Promise<void> {
    return this.machine.state === "paused" ? this.machine.resume() : this.machine.pause();
  }

  private ctrlAltDel(): void {
    void this.attempt(() => this.machine.type("<ctrl-alt-delete>"));
  }

  private emit(type: string): void {
    this.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  }
}
