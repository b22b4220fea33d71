/** A component that shows one machine and draws itself anew at some of its events. */
import { LitElement, type PropertyValues } from "lit";
import { property } from "lit/decorators.js";
import type { ClientEvent, VmClient } from "../vm/vmClient.ts";

export abstract class MachineElement extends LitElement {
  @property({ attribute: false }) machine!: VmClient;
  /** Events at which to draw anew. */
  protected abstract readonly events: readonly ClientEvent[];
  private stops: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.listen();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("machine")) this.listen();
  }

  private listen(): void {
    this.stopListening();
    this.stops = this.events.map((event) => this.machine.on(event, () => this.requestUpdate()));
  }

  private stopListening(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}
