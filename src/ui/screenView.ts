/** `<screen-view>`: a machine's VGA screen, which takes keyboard and mouse. One machine for the life of the element. */
import { css, html, type PropertyValues } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { ClientEvent } from "../vm/vmClient.ts";
import type { OutputMessage } from "../worker/messages.ts";
import { InputCapture } from "./inputCapture.ts";
import { MachineElement } from "./machineElement.ts";
import { fitScreen } from "./screenFit.ts";
import { baseStyles } from "./styles.ts";

const COARSE_POINTER = globalThis.matchMedia("(pointer: coarse)");

type FrameMessage = Extract<OutputMessage, { kind: "frame" }>;

@customElement("screen-view")
export class ScreenView extends MachineElement {
  static override readonly styles = [
    baseStyles,
    css`
      :host {
        position: relative;
        display: grid;
        min-width: 0;
        min-height: 0;
        background: var(--screen);
      }
      .room {
        display: grid;
        place-items: center;
        min-width: 0;
        min-height: 0;
        overflow: hidden;
        outline: none;
        cursor: default;
        /* Fingers are the guest's. */
        touch-action: none;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
      }
      canvas {
        display: block;
      }
      /* The guest draws a pointer in the same place. */
      .absolute canvas {
        cursor: none;
      }
      canvas.sharp {
        image-rendering: pixelated;
      }
      .hint {
        position: absolute;
        inset: auto 0 10px;
        width: fit-content;
        max-width: calc(100% - 20px);
        margin: 0 auto;
        padding: 3px 12px;
        border-radius: 999px;
        background: rgb(20 24 30 / 88%);
        color: #e3e6ea;
        font-size: 12.5px;
        text-align: center;
        pointer-events: none;
        animation: fade 5s forwards;
      }
      kbd {
        font: inherit;
        font-weight: 600;
        color: #7fd1b9;
      }
      @keyframes fade {
        0%,
        80% {
          opacity: 1;
        }
        100% {
          opacity: 0;
          visibility: hidden;
        }
      }
    `,
  ];

  protected override readonly events: readonly ClientEvent[] = ["size", "state", "signal"];
  @query(".room") private readonly room!: HTMLElement;
  @query("canvas") private readonly canvas!: HTMLCanvasElement;
  @state() private focused = false;
  @state() private locked = false;
  private capture: InputCapture | undefined;
  private readonly observer = new ResizeObserver(() => this.requestUpdate());
  private readonly noteLock = (): void => {
    this.locked = this.renderRoot instanceof ShadowRoot && this.renderRoot.pointerLockElement === this.room;
  };
  private readonly noteVisibility = (): void => this.tellVisibility();

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("pointerlockchange", this.noteLock);
    document.addEventListener("visibilitychange", this.noteVisibility);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("pointerlockchange", this.noteLock);
    document.removeEventListener("visibilitychange", this.noteVisibility);
    this.observer.disconnect();
    this.capture?.dispose();
  }

  override focus(): void {
    this.room?.focus();
  }

  protected override firstUpdated(): void {
    this.capture = new InputCapture({
      element: this.room,
      screen: this.canvas,
      target: () => this.machine,
      release: () => this.leave(),
    });
    this.observer.observe(this.room);
    this.machine
      .attachCanvas(this.canvas, (frame) => this.draw(frame))
      .then(() => this.tellVisibility())
      // The machine failed or was closed; its panel says so.
      .catch(() => undefined);
  }

  protected override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    this.fit();
    // A guest that has found its absolute pointer needs no lock any more.
    if (this.locked && this.machine.signals.pointerIsAbsolute) document.exitPointerLock();
  }

  protected override render(): unknown {
    const { state, signals } = this.machine;
    const absolute = state === "running" && signals.pointerIsAbsolute;
    return html`
      <div class="room ${absolute ? "absolute" : ""}" tabindex="0" role="application" aria-label="Screen of ${this.machine.title}: takes the keyboard, Ctrl Alt G leaves"
        @focus=${() => (this.focused = true)} @blur=${() => (this.focused = false)}>
        <canvas width="720" height="400"></canvas>
      </div>
      ${this.renderHint()}
    `;
  }

  private renderHint(): unknown {
    if (this.locked) return html`<div class="hint"><kbd>Esc</kbd> gives the mouse back</div>`;
    if (!this.focused) return undefined;
    if (COARSE_POINTER.matches) {
      const tap = this.machine.signals.pointerIsAbsolute ? "Tap to click" : "Slide to move, tap to click";
      return html`<div class="hint">${tap}; two fingers scroll and right-click</div>`;
    }
    return html`<div class="hint">Keys go to the guest; <kbd>Ctrl Shift V</kbd> pastes, <kbd>Ctrl Alt G</kbd> leaves</div>`;
  }

  private fit(): void {
    const room = { width: this.room.clientWidth, height: this.room.clientHeight };
    const { width, height, sharp } = fitScreen(this.machine.screenSize, room, globalThis.devicePixelRatio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.classList.toggle("sharp", sharp);
    this.tellVisibility();
  }

  private lastVisible: boolean | undefined;

  /** The worker draws only what somebody can see. */
  private tellVisibility(): void {
    const visible = document.visibilityState === "visible" && this.room.clientWidth > 0;
    if (visible === this.lastVisible) return;
    this.lastVisible = visible;
    this.machine.setVisible(visible);
  }

  private leave(): void {
    document.exitPointerLock();
    this.room.blur();
    this.dispatchEvent(new CustomEvent("leave-screen", { bubbles: true, composed: true }));
  }

  /** Where no worker can draw on the canvas. */
  private draw({ width, height, first, pixels }: FrameMessage): void {
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const rows = pixels.length / (width * 4);
    this.canvas.getContext("2d", { alpha: false })?.putImageData(new ImageData(pixels, width, rows), 0, first);
  }
}
