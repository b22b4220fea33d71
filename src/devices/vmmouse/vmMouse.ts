/**
 * The VMware absolute pointer ("vmmouse"): a queue of packets behind the commands 39 to 41 of the VMware backdoor (vmport.ts).
 *
 * There is no public data sheet; the documents are the drivers: Linux drivers/input/mouse/vmmouse.c, X.Org xf86-input-vmmouse
 * (shared/vmmouse_client.h, "VMMOUSE protocol"), and open-vm-tools lib/include/backdoor_def.h.
 *
 * A packet is four words: flags and buttons, x, y, wheel. The pointer raises no interrupt of its own: the PS/2 mouse sends an
 * empty packet, at whose end the driver looks here.
 */
import { bool, type Checked, list, object, u8, u16, u32 } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";

export const VM_MOUSE_SHAPE = object({
  /** The high half of the status word: STATUS_ERROR while disabled and after a mistake. */
  status: u16,
  absolute: bool,
  buttons: u8,
  /** Where the pointer was last. */
  x: u16,
  y: u16,
  queue: list(u32),
  endsInMove: bool,
});

export type VmMouseState = Checked<typeof VM_MOUSE_SHAPE>;

/** Parameters of {@link VmMouse.command}. */
export const VmMouseCommand = {
  /** "READ": enables the pointer and asks for its identification. */
  ENABLE: 0x4541_4552,
  DISABLE: 0x0000_00f5,
  /** "RREL" and "RABS" in the drivers' byte order. */
  REQUEST_RELATIVE: 0x4c45_5252,
  REQUEST_ABSOLUTE: 0x5342_4152,
} as const;

/** What a driver finds in the queue after ENABLE: "JUB4". */
export const VM_MOUSE_VERSION = 0x3442_554a;
/** Coordinates go from 0 to this, whatever the screen's size. */
export const VM_MOUSE_MAX = 0xffff;

export const VmMouseFlag = { MIDDLE: 0x08, RIGHT: 0x10, LEFT: 0x20, RELATIVE: 0x1_0000 } as const;

const STATUS_ERROR = 0xffff;
const WORDS_PER_PACKET = 4;
/** Words that DATA gives at once: one in each of EAX, EBX, ECX, EDX, ESI and EDI. */
const MAX_READ = 6;
/** A driver that stopped reading is given no more: as much as VMware's queue holds. */
const MAX_QUEUE_WORDS = 1024;

/** Button bits of `MouseEvent.buttons` and what they are here. */
const BUTTONS = [
  { browser: 1, flag: VmMouseFlag.LEFT },
  { browser: 2, flag: VmMouseFlag.RIGHT },
  { browser: 4, flag: VmMouseFlag.MIDDLE },
] as const;

export interface VmMouseOptions {
  name: string;
  /** There is something to read: the PS/2 mouse is to tell the driver. */
  onPacket(): void;
  /** The guest has switched between relative and absolute pointing. */
  onMode(absolute: boolean): void;
}

export class VmMouse {
  private status = STATUS_ERROR;
  private absolute = false;
  private buttons = 0;
  private x = 0;
  private y = 0;
  private queue: number[] = [];
  /** The last packet of the queue tells of a position and nothing else. */
  private endsInMove = false;

  constructor(private readonly options: VmMouseOptions) {}

  // --- Host side ---

  /** Whether the guest takes positions on its screen. */
  get isAbsolute(): boolean {
    return this.absolute;
  }

  /**
   * The pointer is at `x`, `y`, fractions of the screen's width and height from its upper left corner; `dz` wheel notches towards
   * the user, `buttons` as `MouseEvent.buttons`. Returns false, and nothing happens, when the guest has not asked for positions.
   */
  moveTo(x: number, y: number, dz: number, buttons: number): boolean {
    if (!this.absolute) return false;
    this.x = toCoordinate(x);
    this.y = toCoordinate(y);
    this.push(0, this.x, this.y, dz, buttons);
    return true;
  }

  /** As `Ps2Mouse.move`, for a guest that listens here and not to the PS/2 mouse's own packets; else returns false. */
  moveBy(dx: number, dy: number, dz: number, buttons: number): boolean {
    if (!this.absolute) return false;
    // Buttons and wheel alone belong to the device that the guest has the position from.
    if (dx === 0 && dy === 0) this.push(0, this.x, this.y, dz, buttons);
    else this.push(VmMouseFlag.RELATIVE, Math.trunc(dx) | 0, -Math.trunc(dy) | 0, dz, buttons);
    return true;
  }

  // --- Guest side ---

  /** ABSPOINTER_STATUS: errors in the high half, words in the queue in the low half. */
  readStatus(): number {
    return ((this.status << 16) | this.queue.length) >>> 0;
  }

  /** ABSPOINTER_DATA: the next `count` words. A wrong count is an error that lasts until the next ENABLE. */
  readData(count: number): readonly number[] {
    if (count >= 1 && count <= MAX_READ && count <= this.queue.length) return this.queue.splice(0, count);
    trace(this.options.name, `${count} words wanted, there are ${this.queue.length}`);
    this.status = STATUS_ERROR;
    return [];
  }

  /** ABSPOINTER_COMMAND. */
  command(parameter: number): void {
    switch (parameter) {
      case VmMouseCommand.ENABLE:
        this.status = 0;
        this.queue = [VM_MOUSE_VERSION];
        break;
      case VmMouseCommand.DISABLE:
        this.disable();
        break;
      case VmMouseCommand.REQUEST_RELATIVE:
        this.setAbsolute(false);
        break;
      case VmMouseCommand.REQUEST_ABSOLUTE:
        this.setAbsolute(this.status !== STATUS_ERROR);
        break;
      default:
        trace(this.options.name, `unknown command ${parameter.toString(16)}`);
    }
  }

  reset(): void {
    this.disable();
    this.buttons = this.x = this.y = 0;
  }

  save(): VmMouseState {
    const { status, absolute, buttons, x, y, endsInMove } = this;
    return { status, absolute, buttons, x, y, queue: [...this.queue], endsInMove };
  }

  restore(state: VmMouseState): void {
    this.status = state.status;
    this.buttons = state.buttons;
    this.x = state.x;
    this.y = state.y;
    this.queue = state.queue.slice(0, MAX_QUEUE_WORDS);
    this.endsInMove = state.endsInMove;
    this.setAbsolute(state.absolute);
  }

  private disable(): void {
    this.status = STATUS_ERROR;
    this.queue = [];
    this.setAbsolute(false);
  }

  private setAbsolute(absolute: boolean): void {
    if (this.absolute === absolute) return;
    this.absolute = absolute;
    this.options.onMode(absolute);
  }

  private push(kind: number, x: number, y: number, dz: number, buttons: number): void {
    if (this.status === STATUS_ERROR) return;
    const isMove = kind === 0 && buttons === this.buttons && dz === 0;
    this.buttons = buttons & 0xff;
    // Positions that nobody has read yet are of no interest any more; where a button went down or up, notches and distances are.
    if (isMove && this.endsInMove && this.queue.length >= WORDS_PER_PACKET) this.queue.splice(-WORDS_PER_PACKET);
    if (this.queue.length + WORDS_PER_PACKET > MAX_QUEUE_WORDS) return;
    this.queue.push(kind | buttonFlags(buttons), x >>> 0, y >>> 0, Math.trunc(dz) >>> 0);
    this.endsInMove = isMove;
    this.options.onPacket();
  }
}

function toCoordinate(fraction: number): number {
  return Math.round(Math.max(0, Math.min(1, fraction || 0)) * VM_MOUSE_MAX);
}

function buttonFlags(buttons: number): number {
  return BUTTONS.reduce((flags, { browser, flag }) => flags | (buttons & browser ? flag : 0), 0);
}
