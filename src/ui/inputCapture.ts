/**
 * The keyboard, mouse and fingers of the person at the page, handed to a machine while its screen has the focus: keys by
 * `KeyboardEvent.code`; the mouse by position where the guest takes that, else by pointer lock; fingers by gestures.
 */
import { TouchGestures } from "../input/touchGestures.ts";

/** What takes the input; `VmClient` does. */
export interface InputTarget {
  /** Only a machine that is "running" is given the mouse. */
  readonly state: string;
  readonly signals: { readonly pointerIsAbsolute: boolean };
  key(code: string, down: boolean, typematic?: boolean): void;
  mouse(dx: number, dy: number, dz: number, buttons: number): void;
  pointTo(x: number, y: number, dz: number, buttons: number): void;
  paste(text: string): Promise<void>;
}

export interface InputCaptureOptions {
  /** Focusable; gets the events. */
  element: HTMLElement;
  /** The guest's screen in it. */
  screen: HTMLElement;
  /** Undefined while there is no machine. */
  target(): InputTarget | undefined;
  /** The person wants to leave. */
  release(): void;
}

/** Wheel movement that is one notch, in CSS pixels. */
const NOTCH_PIXELS = 100;
/** Keys that let the keyboard go, with Ctrl and Alt held: otherwise nobody could leave the screen without a mouse. */
const RELEASE_CODE = "KeyG";

export class InputCapture {
  private readonly held = new Set<string>();
  private readonly abort = new AbortController();
  private readonly gestures: TouchGestures;
  private wheel = 0;

  constructor(private readonly options: InputCaptureOptions) {
    this.gestures = new TouchGestures(this.touchTarget(), (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    });
    const { element } = options;
    const signal = { signal: this.abort.signal };
    element.addEventListener("keydown", (event) => this.key(event, true), signal);
    element.addEventListener("keyup", (event) => this.key(event, false), signal);
    element.addEventListener("paste", (event) => this.paste(event), signal);
    element.addEventListener("blur", () => this.letGo(), signal);
    element.addEventListener("pointerdown", (event) => this.press(event), signal);
    element.addEventListener("pointerup", (event) => this.lift(event), signal);
    element.addEventListener("pointermove", (event) => this.move(event), signal);
    element.addEventListener("pointercancel", () => this.gestures.cancel(), signal);
    element.addEventListener("wheel", (event) => this.turn(event), { ...signal, passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), signal);
  }

  dispose(): void {
    this.letGo();
    this.gestures.cancel();
    this.abort.abort();
  }

  /** Lets go of every key that is down: their release will not be seen. */
  letGo(): void {
    for (const code of this.held) this.target?.key(code, false);
    this.held.clear();
  }

  private get target(): InputTarget | undefined {
    return this.options.target();
  }

  private get locked(): boolean {
    const root = this.options.element.getRootNode() as Document | ShadowRoot;
    return root.pointerLockElement === this.options.element;
  }

  /** Whether the guest's pointer is where the person's is. */
  private get follows(): boolean {
    return !this.locked && this.target?.state === "running" && this.target.signals.pointerIsAbsolute;
  }

  private key(event: KeyboardEvent, down: boolean): void {
    if (event.code === "" || event.isComposing) return;
    event.stopPropagation();
    // The browser is to paste: a "paste" event comes of it.
    if (down && isPasteChord(event)) return;
    event.preventDefault();
    if (down && event.code === RELEASE_CODE && event.ctrlKey && event.altKey) {
      this.letGo();
      this.options.release();
      return;
    }
    // Pressed while something else had the focus.
    if (event.repeat && !this.held.has(event.code)) return;
    if (down) this.held.add(event.code);
    else this.held.delete(event.code);
    // Repeated as the person's keyboard does: were it done by the guest's, a page that comes late with the release would type a row.
    this.target?.key(event.code, down, false);
  }

  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    event.preventDefault();
    // The keys of the chord are not part of what is typed.
    this.letGo();
    // A machine that ends meanwhile says so itself.
    if (text !== "") this.target?.paste(text).catch(() => undefined);
  }

  private press(event: PointerEvent): void {
    const { element } = this.options;
    element.focus();
    if (event.pointerType === "touch") {
      if (this.target?.state !== "running") return;
      element.setPointerCapture(event.pointerId);
      this.gestures.down(touchPoint(event), event.timeStamp);
    } else if (this.locked) this.move(event);
    else if (this.follows) {
      // Dragging goes on beyond the edge of the screen.
      element.setPointerCapture(event.pointerId);
      this.move(event);
    } else if (this.target?.state === "running") void this.lock();
  }

  private async lock(): Promise<void> {
    try {
      await this.options.element.requestPointerLock();
    } catch {
      // The browser says no when the lock was just given up, or in an iframe without the permission: keys still work.
    }
  }

  private lift(event: PointerEvent): void {
    if (event.pointerType === "touch") this.gestures.up(touchPoint(event), event.timeStamp);
    else this.move(event);
  }

  private move(event: PointerEvent): void {
    if (event.pointerType === "touch") this.gestures.move(touchPoint(event));
    else if (this.locked) this.target?.mouse(event.movementX, event.movementY, 0, event.buttons);
    else if (this.follows) this.pointTo(event.clientX, event.clientY, 0, event.buttons);
  }

  private turn(event: WheelEvent): void {
    if (!this.locked && !this.follows) return;
    event.preventDefault();
    this.wheel +=
      event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / NOTCH_PIXELS : Math.sign(event.deltaY);
    const notches = Math.trunc(this.wheel);
    if (notches === 0) return;
    this.wheel -= notches;
    if (this.locked) this.target?.mouse(0, 0, notches, event.buttons);
    else this.pointTo(event.clientX, event.clientY, notches, event.buttons);
  }

  private pointTo(clientX: number, clientY: number, dz: number, buttons: number): void {
    const { left, top, width, height } = this.options.screen.getBoundingClientRect();
    if (width > 0 && height > 0) this.target?.pointTo((clientX - left) / width, (clientY - top) / height, dz, buttons);
  }

  private touchTarget() {
    const isAbsolute = () => this.target?.signals.pointerIsAbsolute ?? false;
    return {
      get isAbsolute() {
        return isAbsolute();
      },
      pointTo: (x: number, y: number, buttons: number) => this.pointTo(x, y, 0, buttons),
      moveBy: (dx: number, dy: number, buttons: number) => this.target?.mouse(dx, dy, 0, buttons),
      turn: (notches: number) => this.target?.mouse(0, 0, notches, 0),
    };
  }
}

/** What terminals paste by, as Ctrl V belongs to the guest. */
function isPasteChord({ code, ctrlKey, metaKey, shiftKey }: KeyboardEvent): boolean {
  return (code === "KeyV" && ((ctrlKey && shiftKey) || metaKey)) || (code === "Insert" && shiftKey);
}

function touchPoint({ pointerId, clientX, clientY }: PointerEvent) {
  return { id: pointerId, x: clientX, y: clientY };
}
