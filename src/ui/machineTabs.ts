/** `<machine-tabs>`: the machines of the page as tabs, and the button that starts another. */
import { css, html, LitElement, type PropertyValues } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { VmClient } from "../vm/vmClient.ts";
import { stateName } from "./format.ts";
import { ICONS } from "./icons.ts";
import { baseStyles, buttonStyles } from "./styles.ts";

@customElement("machine-tabs")
export class MachineTabs extends LitElement {
  static override readonly styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 8px;
        min-width: 0;
      }
      .list {
        display: flex;
        gap: 4px;
        min-width: 0;
        padding: 4px;
        overflow-x: auto;
        scrollbar-width: none;
      }
      button.tab {
        flex: 0 0 auto;
        max-width: 260px;
        border-color: transparent;
        background: transparent;
        color: var(--muted);
      }
      .tab span:last-child {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      button.tab[aria-selected="true"] {
        border-color: var(--line);
        background: var(--surface);
        color: var(--ink);
        font-weight: 600;
      }
      .dot {
        flex: none;
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--muted);
      }
      .running {
        background: var(--good);
      }
      .paused,
      .loading,
      .created {
        background: var(--warn);
      }
      .crashed,
      .failed {
        background: var(--bad);
      }
      .new {
        flex: none;
      }
      @media (max-width: 640px) {
        .list {
          flex: 1;
        }
        .new .label {
          display: none;
        }
        .new {
          width: 40px;
          padding: 0;
        }
      }
    `,
  ];

  @property({ attribute: false }) machines: readonly VmClient[] = [];
  @property({ attribute: false }) selected: VmClient | undefined;
  private readonly stops = new Map<VmClient, () => void>();

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("machines")) this.listen();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("selected")) return;
    this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  protected override render(): unknown {
    return html`
      <div class="list" role="tablist" aria-label="Machines" @keydown=${this.moveByKey}>
        ${repeat(
          this.machines,
          (machine) => machine.id,
          (machine) => this.renderTab(machine),
        )}
      </div>
      <button class="new ${this.machines.length === 0 ? "primary" : ""}" aria-label="New machine" @click=${this.askForNew}>
        ${ICONS.plus}<span class="label">New machine</span>
      </button>
    `;
  }

  private renderTab(machine: VmClient): unknown {
    const chosen = machine === this.selected;
    return html`
      <button class="tab" role="tab" aria-selected=${chosen} tabindex=${chosen ? 0 : -1} title=${stateName(machine.state)}
        @click=${() => this.select(machine)}>
        <span class="dot ${machine.state}"></span><span>${machine.title}${this.numberOf(machine)}</span>
      </button>
    `;
  }

  /** Machines of the same name are numbered. */
  private numberOf(machine: VmClient): string {
    const namesakes = this.machines.filter((one) => one.title === machine.title);
    return namesakes.length > 1 ? ` · ${namesakes.indexOf(machine) + 1}` : "";
  }

  private moveByKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined || this.selected === undefined) return;
    const count = this.machines.length;
    const next = this.machines[(this.machines.indexOf(this.selected) + step + count) % count];
    this.select(next);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  }

  private select(machine: VmClient): void {
    this.dispatchEvent(new CustomEvent("select-machine", { detail: machine }));
  }

  private askForNew(): void {
    this.dispatchEvent(new Event("new-machine"));
  }

  private listen(): void {
    for (const stop of this.stops.values()) stop();
    this.stops.clear();
    for (const machine of this.machines)
      this.stops.set(
        machine,
        machine.on("state", () => this.requestUpdate()),
      );
  }
}
