/** `<machine-panel>`: one machine whole: toolbar, screen, terminal, status, and whatever went wrong with it. */
import { html } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { ClientEvent } from "../vm/vmClient.ts";
import { describeReason, formatBytes } from "./format.ts";
import { ICONS } from "./icons.ts";
import type { View } from "./launch/urlOptions.ts";
import { MachineElement } from "./machineElement.ts";
import type { MachineToolbar } from "./machineToolbar.ts";
import "./machineToolbar.ts";
import "./pageNotice.ts";
import "./screenKeyboard.ts";
import type { ScreenView } from "./screenView.ts";
import "./screenView.ts";
import "./statusLine.ts";
import type { TerminalView } from "./terminalView.ts";
import "./terminalView.ts";
import { panelStyles } from "./machinePanelStyles.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

const PRINTOUT_NAME = "printed.prn";

@customElement("machine-panel")
export class MachinePanel extends MachineElement {
  static override readonly styles = [baseStyles, buttonStyles, panelStyles];

  protected override readonly events: readonly ClientEvent[] = ["state", "responding", "drives", "signal", "printed"];
  @property({ reflect: true }) view: View = "both";
  /** The embedded page: no frame around it, and it cannot be closed. */
  @property({ type: Boolean, reflect: true }) embedded = false;
  @state() private keyboard = false;
  @state() private line: TerminalView["line"] = "serial";
  @query("screen-view") private readonly screenView!: ScreenView | null;
  @query("terminal-view:not([hidden])") private readonly terminalView!: TerminalView | null;

  /** Gives the terminal the keyboard; the screen where there is none. */
  async focusConsole(): Promise<void> {
    await this.updateComplete;
    const console = this.terminalView ?? this.screenView;
    await console?.updateComplete;
    console?.focus();
  }

  protected override render(): unknown {
    const { machine } = this;
    return html`
      <div class="bar">
        <h2>${machine.title}</h2>
        <status-line .machine=${machine}></status-line>
        <machine-toolbar .machine=${machine} ?fixed=${this.embedded} ?keyboard=${this.keyboard}
          @full-screen=${this.fullScreen} @toggle-keyboard=${this.toggleKeyboard} @close-machine=${this.closeMachine}></machine-toolbar>
      </div>
      ${this.renderTrouble()} ${this.renderDriveFailures()} ${this.renderPanic()} ${this.renderPrintout()}
      <div class="stage ${this.keyboard ? "typing" : ""}">
        ${this.view === "serial" ? "" : this.renderScreen()} ${this.view === "screen" ? "" : this.renderTerminal()}
      </div>
      ${this.keyboard ? html`<screen-keyboard .machine=${machine}></screen-keyboard>` : ""}
    `;
  }

  private renderScreen(): unknown {
    return html`<section class="screen" aria-label="Screen">
      <header>${ICONS.screen}Screen</header>
      <screen-view .machine=${this.machine} @leave-screen=${this.leaveScreen}></screen-view>
    </section>`;
  }

  private renderTerminal(): unknown {
    const { machine } = this;
    if (!machine.hasVirtioConsole) {
      return html`<section class="serial" aria-label="Serial terminal">
        <header>${ICONS.terminal}Serial terminal</header>
        <terminal-view .machine=${machine}></terminal-view>
      </section>`;
    }
    return html`<section class="serial" aria-label="Terminals">
      <header>${ICONS.terminal}${this.renderLineButton("serial", "Serial terminal")} ${this.renderLineButton("virtioConsole", "hvc0")}</header>
      <terminal-view .machine=${machine} ?hidden=${this.line !== "serial"}></terminal-view>
      <terminal-view .machine=${machine} line="virtioConsole" ?hidden=${this.line !== "virtioConsole"}></terminal-view>
    </section>`;
  }

  private renderLineButton(line: TerminalView["line"], name: string): unknown {
    return html`<button class="line" aria-pressed=${this.line === line} @click=${() => this.showLine(line)}>${name}</button>`;
  }

  private async showLine(line: TerminalView["line"]): Promise<void> {
    this.line = line;
    await this.updateComplete;
    this.terminalView?.focus();
  }

  /** What has to be said about a machine that is not well. */
  private renderTrouble(): unknown {
    const { state, failure, reason, responding, progress } = this.machine;
    if (failure !== undefined) {
      return html`<page-notice kind="error" .message=${failure.message}>
        <div class="actions"><button @click=${this.retry}>Try again</button></div>
      </page-notice>`;
    }
    if (state === "loading" && progress)
      return html`<page-notice .message=${`Being built on the server first. ${progress}`}></page-notice>`;
    const why = describeReason(reason);
    if (why !== undefined) {
      return html`<page-notice kind=${state === "crashed" ? "error" : "note"} .message=${why}>
        ${reason?.kind === "triple-fault" ? html`<pre>${reason.registers}</pre>` : ""}
      </page-notice>`;
    }
    if (state === "off")
      return html`<page-notice .message=${"The guest has powered the machine off. Reset starts it again."}></page-notice>`;
    if (state === "running" && !responding) {
      return html`<page-notice .message=${"This machine has given no sign of life for some seconds. It may come back; Close ends it."}></page-notice>`;
    }
    return undefined;
  }

  /** The guest has an I/O error by now, and may go on. */
  private renderDriveFailures(): unknown {
    const { machine } = this;
    return machine.driveFailures.map(
      (message) =>
        html`<page-notice kind="error" closable .message=${`A drive has failed: ${message}`}
          @close=${() => machine.hideDriveFailure(message)}></page-notice>`,
    );
  }

  private renderPanic(): unknown {
    const { machine } = this;
    if (!machine.signals.hasPanicked) return undefined;
    return html`<page-notice kind="error" closable .message=${"The guest's kernel has panicked; its screen or terminal says why."}
      @close=${() => machine.hidePanic()}></page-notice>`;
  }

  private renderPrintout(): unknown {
    const { printout } = this.machine;
    if (printout.sizeBytes === 0) return undefined;
    return html`<page-notice closable .message=${`Printed: ${formatBytes(printout.sizeBytes)}`} @close=${this.dropPrintout}>
      <button class="beside" @click=${this.savePrintout}>${ICONS.printer}Save</button>
    </page-notice>`;
  }

  private dropPrintout(): void {
    this.machine.printout.take();
    this.requestUpdate();
  }

  private savePrintout(): void {
    const url = URL.createObjectURL(this.machine.printout.take());
    const link = Object.assign(document.createElement("a"), { href: url, download: PRINTOUT_NAME });
    link.click();
    // The browser has begun to read it by then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    this.requestUpdate();
  }

  /** Screen and terminal, and the keyboard if it is shown. */
  private async fullScreen(): Promise<void> {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else await this.requestFullscreen().catch(() => undefined);
  }

  private toggleKeyboard(): void {
    this.keyboard = !this.keyboard;
  }

  private leaveScreen(): void {
    this.renderRoot.querySelector<MachineToolbar>("machine-toolbar")?.focus();
  }

  private retry(): void {
    this.dispatchEvent(new CustomEvent("retry-machine", { detail: this.machine, bubbles: true, composed: true }));
  }

  private closeMachine(event: Event): void {
    event.stopPropagation();
    this.dispatchEvent(new CustomEvent("close-tab", { detail: this.machine, bubbles: true, composed: true }));
  }
}
