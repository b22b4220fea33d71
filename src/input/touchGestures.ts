/**
 * Fingers on a screen as a mouse. Where the guest takes positions, a finger is the pointer: a tap clicks, a finger that moves drags.
 * Where it takes movements only, the screen is a trackpad: a finger moves the pointer, a tap clicks, a tap and then a finger that
 * moves drags. In both, a tap of two fingers is the right button, and two fingers that move are the wheel.
 *
 * Lengths are CSS pixels, times ms. Knows neither events nor elements.
 */

/** A finger, or where one was. */
export interface TouchPoint {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

export interface TouchTarget {
  /** Whether the guest takes positions. */
  readonly isAbsolute: boolean;
  /** The pointer goes there; `buttons` as `MouseEvent.buttons`. */
  pointTo(x: number, y: number, buttons: number): void;
  moveBy(dx: number, dy: number, buttons: number): void;
  /** Wheel notches towards the user. */
  turn(notches: number): void;
}

/** Calls `act` once after `ms`; returns how to stop that. */
export type Scheduler = (ms: number, act: () => void) => () => void;

/** A finger that strays no farther, and stays no longer, taps. */
const TAP_PIXELS = 10;
const TAP_MS = 300;
/** How long a tap holds the button: guests that poll the mouse must see it. */
const CLICK_MS = 60;
/** A finger that comes back so soon after a tap on the trackpad drags. */
const DRAG_MS = 180;
/** Of two fingers. */
const NOTCH_PIXELS = 24;
const LEFT = 1;
const RIGHT = 2;

interface Finger {
  readonly startX: number;
  readonly startY: number;
  readonly startMs: number;
  x: number;
  y: number;
}

export class TouchGestures {
  private readonly fingers = new Map<number, Finger>();
  /** The most fingers since the first came down. */
  private most = 0;
  /** A finger has strayed: no tap any more. */
  private moved = false;
  private buttons = 0;
  private turned = 0;
  private stopRelease: (() => void) | undefined;

  constructor(
    private readonly target: TouchTarget,
    private readonly schedule: Scheduler,
  ) {}

  down({ id, x, y }: TouchPoint, nowMs: number): void {
    if (this.fingers.size === 0) this.begin(x, y);
    this.fingers.set(id, { startX: x, startY: y, startMs: nowMs, x, y });
    this.most = Math.max(this.most, this.fingers.size);
    // A second finger makes another gesture of it.
    if (this.fingers.size === 2 && !this.moved) this.setButtons(0);
  }

  move({ id, x, y }: TouchPoint): void {
    const finger = this.fingers.get(id);
    if (finger === undefined) return;
    const [dx, dy] = [x - finger.x, y - finger.y];
    finger.x = x;
    finger.y = y;
    if (!this.moved && Math.hypot(x - finger.startX, y - finger.startY) <= TAP_PIXELS) return;
    const begins = !this.moved;
    this.moved = true;
    if (this.most > 1) this.scroll(dy / this.fingers.size);
    else if (this.target.isAbsolute) this.drag(finger, begins);
    else this.target.moveBy(begins ? x - finger.startX : dx, begins ? y - finger.startY : dy, this.buttons);
  }

  up({ id }: TouchPoint, nowMs: number): void {
    const finger = this.fingers.get(id);
    if (finger === undefined) return;
    this.fingers.delete(id);
    if (this.fingers.size > 0) return;
    const isTap = !this.moved && nowMs - finger.startMs <= TAP_MS;
    if (isTap && this.most <= 2) this.tap(this.most === 2 ? RIGHT : LEFT);
    else this.setButtons(0);
  }

  /** The fingers belong to somebody else now: nothing stays pressed. */
  cancel(): void {
    this.fingers.clear();
    this.setButtons(0);
  }

  private begin(x: number, y: number): void {
    this.most = 0;
    this.moved = false;
    this.turned = 0;
    // The button of a tap just before stays down: this is a drag, or the second click of two.
    this.stopRelease?.();
    this.stopRelease = undefined;
    if (this.target.isAbsolute) {
      this.setButtons(0);
      this.target.pointTo(x, y, 0);
    }
  }

  private drag(finger: Finger, begins: boolean): void {
    if (begins) {
      this.buttons = LEFT;
      this.target.pointTo(finger.startX, finger.startY, LEFT);
    }
    this.target.pointTo(finger.x, finger.y, LEFT);
  }

  private scroll(dy: number): void {
    // What is under the fingers goes with them.
    this.turned -= dy / NOTCH_PIXELS;
    const notches = Math.trunc(this.turned);
    if (notches === 0) return;
    this.turned -= notches;
    this.target.turn(notches);
  }

  private tap(button: number): void {
    this.setButtons(0);
    this.setButtons(button);
    const holdMs = button === LEFT && !this.target.isAbsolute ? DRAG_MS : CLICK_MS;
    this.stopRelease = this.schedule(holdMs, () => this.setButtons(0));
  }

  private setButtons(buttons: number): void {
    this.stopRelease?.();
    this.stopRelease = undefined;
    if (this.buttons === buttons) return;
    this.buttons = buttons;
    this.target.moveBy(0, 0, buttons);
  }
}
