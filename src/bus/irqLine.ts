/**
 * One interrupt wire. A device drives it, an interrupt controller listens. Setting a level it already has does nothing;
 * restoring a level (`restoreLevel`) raises no edge.
 */
export class IrqLine {
  private asserted = false;

  constructor(private readonly listener: (asserted: boolean) => void) {}

  get level(): boolean {
    return this.asserted;
  }

  set(asserted: boolean): void {
    if (asserted === this.asserted) return;
    this.asserted = asserted;
    this.listener(asserted);
  }

  raise(): void {
    this.set(true);
  }

  lower(): void {
    this.set(false);
  }

  /** An edge: low, then high, then low again. */
  pulse(): void {
    this.set(true);
    this.set(false);
  }

  /** Puts back a saved level without telling the listener, whose own state is restored too. */
  restoreLevel(asserted: boolean): void {
    this.asserted = asserted;
  }
}
