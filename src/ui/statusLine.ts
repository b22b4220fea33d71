/** `<status-line>`: a machine's state, speed and instructions executed. */
import { css, html } from "lit";
import { customElement } from "lit/decorators.js";
import type { ClientEvent } from "../vm/vmClient.ts";
import { formatCount, formatSpeed, stateName } from "./format.ts";
import { MachineElement } from "./machineElement.ts";
import { SpeedMeter } from "./speedMeter.ts";
import { baseStyles } from "./styles.ts";

@customElement("status-line")
export class StatusLine extends MachineElement {
  static override readonly styles = [
    baseStyles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        align-content: safe center;
        gap: 2px 16px;
        /* Two lines, full or not: what comes and goes in them must not move the screen under a finger. The last is left out first. */
        height: calc(2lh + 2px);
        overflow: hidden;
        color: var(--muted);
        font-size: 13px;
        font-variant-numeric: tabular-nums;
      }
      .state {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        color: var(--ink);
      }
      .dot {
        width: 9px;
        height: 9px;
        border-radius: 50%;
        background: var(--muted);
      }
      .running {
        background: var(--good);
      }
      .paused,
      .loading,
      .created,
      .silent {
        background: var(--warn);
      }
      .light {
        padding: 0 6px;
        border-radius: 5px;
        background: var(--accent-soft);
        color: var(--accent);
        font-size: 12px;
        font-weight: 600;
      }
      @media (max-width: 640px) {
        :host {
          column-gap: 8px;
        }
        .count {
          display: none;
        }
      }
      .crashed,
      .failed {
        background: var(--bad);
      }
    `,
  ];

  protected override readonly events: readonly ClientEvent[] = ["state", "stats", "responding", "signal"];
  private readonly meter = new SpeedMeter();

  protected override render(): unknown {
    const { state, responding } = this.machine;
    const { instructions } = this.machine.stats();
    const silent = state === "running" && !responding;
    const speed = this.meter.note(instructions, performance.now());
    return html`
      <span class="state" role="status"><span class="dot ${silent ? "silent" : state}"></span>${silent ? "Does not respond" : stateName(state)}</span>
      ${this.renderLights()}
      ${state === "running" && instructions > 0 ? html`<span>${formatSpeed(speed)}</span>` : ""}
      ${instructions > 0 ? html`<span class="count">${formatCount(instructions)} instructions</span>` : ""}
    `;
  }

  /** The lights of the keyboard that are on. */
  private renderLights(): unknown {
    const { capsLock, numLock, scrollLock } = this.machine.signals.lockLights;
    const lit = [capsLock && "Caps", numLock && "Num", scrollLock && "Scroll"].filter((name) => name !== false);
    return lit.map((name) => html`<span class="light" title="The guest's ${name} Lock is on">${name}</span>`);
  }
}
