/** `<screen-keyboard>`: a PC keyboard to touch, for those who have none. Keys go to the machine's PS/2 keyboard. */
import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { COMMAND_ROW, FUNCTION_LAYER, LETTER_LAYER, SHIFT, type SoftKey, SoftKeyboard } from "../input/softKeyboard.ts";
import type { ClientEvent } from "../vm/vmClient.ts";
import { ICONS } from "./icons.ts";
import { MachineElement } from "./machineElement.ts";
import { screenKeyboardStyles } from "./screenKeyboardStyles.ts";
import { baseStyles } from "./styles.ts";

@customElement("screen-keyboard")
export class ScreenKeyboard extends MachineElement {
  static override readonly styles = [baseStyles, screenKeyboardStyles];

  protected override readonly events: readonly ClientEvent[] = ["signal"];
  /** The layer with F1 to F12 and the keys around the arrows. */
  @state() private functions = false;
  private readonly keyboard = new SoftKeyboard((code, down) => this.machine.key(code, down, false));

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.keyboard.releaseAll();
  }

  protected override render(): unknown {
    const rows = this.functions ? FUNCTION_LAYER : LETTER_LAYER;
    return html`<div class="keys" role="group" aria-label="Keyboard of ${this.machine.title}">
      <div class="row">
        ${COMMAND_ROW.commands.map((key) => this.renderKey(key))} ${this.renderLayerKey()} ${this.renderPasteKey()}
        ${COMMAND_ROW.arrows.map((key) => this.renderKey(key))}
      </div>
      ${rows.map((row) => html`<div class="row">${row.map((key) => this.renderKey(key))}</div>`)}
    </div>`;
  }

  private renderKey(key: SoftKey): TemplateResult {
    const { code, label, shifted, width = 1, name } = key;
    const modifier = this.keyboard.modifier(code);
    const held = modifier !== "off" || this.keyboard.isDown(code) || this.isLit(code);
    const shift = shifted !== undefined && this.keyboard.modifier(SHIFT) !== "off";
    const kind = `${name === undefined ? "" : "named"} ${held ? "held" : ""} ${modifier === "locked" ? "locked" : ""}`;
    return html`<button class=${kind} style="flex-grow:${width}" data-code=${code} tabindex="-1"
      aria-label=${name ?? label} aria-pressed=${held}
      @pointerdown=${this.press} @pointerup=${this.release} @pointercancel=${this.release} @click=${this.activate}
      @contextmenu=${prevent}>${shift ? shifted : label}</button>`;
  }

  private renderLayerKey(): TemplateResult {
    return html`<button class="named ${this.functions ? "held" : ""}" style="flex-grow:1.15" tabindex="-1" aria-pressed=${this.functions}
      aria-label="Function keys" @pointerdown=${prevent} @click=${() => (this.functions = !this.functions)}>Fn</button>`;
  }

  private renderPasteKey(): TemplateResult {
    return html`<button class="named" style="flex-grow:1.15" tabindex="-1" title="Type what was copied" aria-label="Paste"
      @pointerdown=${prevent} @click=${this.paste}>${ICONS.paste}</button>`;
  }

  /** The key's light in the guest. */
  private isLit(code: string): boolean {
    const { capsLock, numLock, scrollLock } = this.machine.signals.lockLights;
    return (
      (code === "CapsLock" && capsLock) || (code === "NumLock" && numLock) || (code === "ScrollLock" && scrollLock)
    );
  }

  private readonly press = (event: PointerEvent): void => {
    // The screen keeps the focus, and a finger that slides off its key still lets it go.
    event.preventDefault();
    const button = event.currentTarget as HTMLElement;
    button.setPointerCapture(event.pointerId);
    this.keyboard.press(button.dataset.code!);
    this.requestUpdate();
  };

  private readonly release = (event: PointerEvent): void => {
    this.keyboard.release((event.currentTarget as HTMLElement).dataset.code!);
    this.requestUpdate();
  };

  /** A press by a screen reader or the like, without a pointer. */
  private readonly activate = (event: MouseEvent): void => {
    if (event.detail !== 0) return;
    const code = (event.currentTarget as HTMLElement).dataset.code!;
    this.keyboard.press(code);
    this.keyboard.release(code);
    this.requestUpdate();
  };

  private async paste(): Promise<void> {
    try {
      await this.machine.paste(await navigator.clipboard.readText());
    } catch (error) {
      // The person has said no, or the machine has ended.
      console.warn(error);
    }
  }
}

function prevent(event: Event): void {
  event.preventDefault();
}
