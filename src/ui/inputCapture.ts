/**
 * The keyboard and mouse of the person at the page, handed to a machine while its screen has the focus: keys by
 * `KeyboardEvent.code`, the mouse by pointer lock.
 */

/** What takes the input; `VmClient` does. */
export interface InputTarget {
  /** Only a machine that is "running" is given the mouse. */
  readonly state: string;
  key(code: string, down: boolean): void;
  mouse(dx: number, dy: number, dz: number, buttons: number): void;
}

/** Wheel movement that is one notch, in CSS pixels. */
const NOTCH_PIXELS = 100;
/** Keys that let the keyboard go, with Ctrl and Alt held: otherwise nobody could leave the screen without a mouse. */
const RELEASE_CODE = "KeyG";

export class InputCapture {
  private readonly held = new Set<string>();
  private readonly abort = new AbortController();
  private wheel = 0;

  /**
   * @param element focusable; gets the events
   * @param target undefined while there is no machine
   * @param release called when the person wants to leave
   */
  constructor(
    private readonly element: HTMLElement,
    private readonly target: () => InputTarget | undefined,
    private readonly release: () => void,
  ) {
    const options = { signal: this.abort.signal };
    element.addEventListener("keydown", (event) => this.key(event, true), options);
    element.addEventListener("keyup", (event) => this.key(event, false), options);
    element.addEventListener("blur", () => this.letGo(), options);
    element.addEventListener("pointerdown", (event) => this.press(event), options);
    element.addEventListener("pointerup", (event) => this.move(event), options);
    element.addEventListener("pointermove", (event) => this.move(event), options);
    element.addEventListener("wheel", (event) => this.turn(event), { ...options, passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  }

  dispose(): void {
    this.letGo();
    this.abort.abort();
  }

  /** Lets go of every key that is down: their release will not be seen. */
  letGo(): void {
    for (const code of this.held) this.target()?.key(code, false);
    this.held.clear();
  }

  private get locked(): boolean {
    const root = this.element.getRootNode() as Document | ShadowRoot;
    return root.pointerLockElement === this.element;
  }

  private key(event: KeyboardEvent, down: boolean): void {
    if (event.code === "" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    if (down && event.code === RELEASE_CODE && event.ctrlKey && event.altKey) {
      this.letGo();
      this.release();
      return;
    }
    if (down) this.held.add(event.code);
    else this.held.delete(event.code);
    this.target()?.key(event.code, down);
  }

  private press(event: PointerEvent): void {
    this.element.focus();
    if (this.locked) this.move(event);
    else if (event.pointerType === "mouse" && this.target()?.state === "running") void this.lock();
  }

  private async lock(): Promise<void> {
    try {
      await this.element.requestPointerLock();
    } catch {
      // The browser says no when the lock was just given up, or in an iframe without the permission: keys still work.
    }
  }

  private move(event: PointerEvent): void {
    if (!this.locked) return;
    this.target()?.mouse(event.movementX, event.movementY, 0, event.buttons);
  }

  private turn(event: WheelEvent): void {
    if (!this.locked) return;
    event.preventDefault();
    this.wheel +=
      event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / NOTCH_PIXELS : Math.sign(event.deltaY);
    const notches = Math.trunc(this.wheel);
    if (notches === 0) return;
    this.wheel -= notches;
    this.target()?.mouse(0, 0, notches, event.buttons);
  }
}
