/**
 * The logical unit of a CD-ROM drive: what it does for a command packet, and its tray, lock, sense and events. How packets and
 * data come and go is the transport's. Documents: MMC-3 (T10/1363D), INF-8020i revision 2.6. Audio is not played.
 */
import type { Disk } from "../../bus/disk.ts";
import { bool, type Checked, object, u8 } from "../../bus/savedState.ts";
import * as replies from "./cdReplies.ts";
import * as sense from "./packetCommands.ts";
import { CD_SECTOR_BYTES, Packet, type Sense } from "./packetCommands.ts";

/** What a packet comes to. */
export type PacketResult =
  | { kind: "done" }
  | { kind: "reply"; data: Uint8Array }
  /** Sectors from the medium, in the form of READ CD's flags (0: their data). */
  | { kind: "read"; sector: number; sectors: number; form: number }
  | { kind: "receive"; bytes: number }
  | { kind: "check"; sense: Sense };

const SENSE = object({ key: u8, code: u8, qualifier: u8 });
export const CD_UNIT_STATE = object({ trayOpen: bool, locked: bool, changed: bool, mediaEvent: u8, sense: SENSE });
export type CdUnitState = Checked<typeof CD_UNIT_STATE>;

/** Media events (MMC-3 6.8.5). */
const Event = { None: 0, NewMedia: 2, Removed: 3 } as const;
const MEDIA_CLASS = 4;
const CLASS_NOTHING_AVAILABLE = 0x80;
const DONE: PacketResult = { kind: "done" };

type Handler = (unit: CdUnit, packet: DataView) => PacketResult;

function checkCondition(condition: Sense): PacketResult {
  return { kind: "check", sense: condition };
}

/** A reply cut to what the host has allocated. */
function reply(data: ArrayLike<number>, allocated: number): PacketResult {
  const bytes = Uint8Array.from(data).subarray(0, allocated);
  return bytes.length === 0 ? DONE : { kind: "reply", data: bytes };
}

function replyOrInvalid(data: ArrayLike<number> | undefined, allocated: number): PacketResult {
  return data ? reply(data, allocated) : checkCondition(sense.INVALID_FIELD);
}

export class CdUnit {
  private state: CdUnitState = initial();

  constructor(private readonly disk: Disk) {}

  get sectors(): number {
    return this.hasMedium ? Math.floor(this.disk.sizeBytes / CD_SECTOR_BYTES) : 0;
  }

  execute(bytes: Uint8Array): PacketResult {
    const packet = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const code = bytes[0];
    const handler = HANDLERS.get(code);
    if (!handler) return checkCondition(sense.INVALID_COMMAND);
    if (!ANSWERS_ALWAYS.has(code)) {
      if (this.state.changed) {
        this.state.changed = false;
        return checkCondition(sense.MEDIUM_CHANGED);
      }
      if (NEEDS_MEDIUM.has(code) && !this.hasMedium) return checkCondition(this.noMedium);
    }
    return handler(this, packet);
  }

  /** What REQUEST SENSE is to tell of the last command. */
  note(condition: Sense): void {
    this.state.sense = { ...condition };
  }

  /** Someone has put in another disc, or taken it out; the tray is closed. */
  mediumChanged(): void {
    this.state.trayOpen = false;
    this.loaded();
  }

  get noMedium(): Sense {
    return this.state.trayOpen ? sense.NO_MEDIUM_TRAY_OPEN : sense.NO_MEDIUM_TRAY_CLOSED;
  }

  reset(): void {
    this.state = initial();
  }

  save(): CdUnitState {
    return structuredClone(this.state);
  }

  restore(state: CdUnitState): void {
    this.state = structuredClone(state);
  }

  takeSense(): Sense {
    const { state } = this;
    const told = state.changed ? sense.MEDIUM_CHANGED : state.sense;
    state.changed = false;
    state.sense = { ...sense.NO_SENSE };
    return told;
  }

  startStop(operation: number): PacketResult {
    const { state } = this;
    const [start, tray] = [(operation & 1) !== 0, (operation & 2) !== 0];
    if (!tray) return start && !this.hasMedium ? checkCondition(this.noMedium) : DONE;
    if (!start && state.locked) return checkCondition(sense.REMOVAL_PREVENTED);
    if (state.trayOpen === !start) return DONE;
    state.trayOpen = !start;
    this.loaded();
    return DONE;
  }

  setLocked(locked: boolean): PacketResult {
    this.state.locked = locked;
    return DONE;
  }

  read(sector: number, sectors: number, form = 0): PacketResult {
    if (sector < 0 || sector + sectors > this.sectors) return checkCondition(sense.BLOCK_OUT_OF_RANGE);
    return sectors === 0 ? DONE : { kind: "read", sector, sectors, form };
  }

  /** READ CD: `flags` say which parts of a sector, `subChannel` which of what is not on this disc. */
  readRaw(sector: number, sectors: number, flags: number, subChannel: number): PacketResult {
    const parts = flags & 0xf8;
    if (subChannel !== 0 || (flags & 0x06) !== 0) return checkCondition(sense.INVALID_FIELD);
    const form = parts === replies.RawPart.UserData ? 0 : parts;
    return replies.rawSectorBytes(parts) === 0 ? this.read(sector, 0) : this.read(sector, sectors, form);
  }

  /** GET EVENT STATUS NOTIFICATION; only polling, and only of the medium. */
  eventStatus(polled: boolean, classes: number, allocated: number): PacketResult {
    if (!polled) return checkCondition(sense.INVALID_FIELD);
    const { state } = this;
    const supported = 1 << MEDIA_CLASS;
    if ((classes & supported) === 0) return reply([...replies.be16(2), CLASS_NOTHING_AVAILABLE, supported], allocated);
    const status = (state.trayOpen ? 1 : 0) | (this.hasMedium ? 2 : 0);
    const data = [...replies.be16(6), MEDIA_CLASS, supported, state.mediaEvent, status, 0, 0];
    state.mediaEvent = Event.None;
    return reply(data, allocated);
  }

  mechanismStatus(): number[] {
    return [0, this.state.trayOpen ? 0x10 : 0, 0, 0, 0, 0, 0, 0];
  }

  modeSense(page: number, control: number, longHeader: boolean, allocated: number): PacketResult {
    if (control === 3) return checkCondition(sense.SAVING_NOT_SUPPORTED);
    const pages = replies.modePages(page, control === 1, this.state.locked);
    if (!pages) return checkCondition(sense.INVALID_FIELD);
    const mediumType = this.hasMedium ? 0x01 : this.state.trayOpen ? 0x71 : 0x70;
    const header = longHeader
      ? [...replies.be16(pages.length + 6), mediumType, 0, 0, 0, 0, 0]
      : [pages.length + 3, mediumType, 0, 0];
    return reply([...header, ...pages], allocated);
  }

  private get hasMedium(): boolean {
    return this.disk.present && !this.state.trayOpen;
  }

  private loaded(): void {
    this.state.changed = this.hasMedium;
    this.state.mediaEvent = this.hasMedium ? Event.NewMedia : Event.Removed;
  }
}

function initial(): CdUnitState {
  return { trayOpen: false, locked: false, changed: false, mediaEvent: Event.None, sense: { ...sense.NO_SENSE } };
}

/** Neither a changed medium nor a missing one keeps these from being done (MMC-3 4.1.6). */
const ANSWERS_ALWAYS: ReadonlySet<number> = new Set([
  Packet.RequestSense,
  Packet.Inquiry,
  Packet.GetConfiguration,
  Packet.GetEventStatus,
]);

const NEEDS_MEDIUM: ReadonlySet<number> = new Set([
  ...[Packet.TestUnitReady, Packet.ReadCapacity, Packet.Read10, Packet.Read12, Packet.Seek10],
  ...[Packet.ReadSubChannel, Packet.ReadToc, Packet.ReadDiscInformation, Packet.ReadTrackInformation],
  ...[Packet.ReadCd, Packet.ReadCdMsf],
]);

const u24 = (packet: DataView, at: number) => (packet.getUint8(at) << 16) | packet.getUint16(at + 1);
const isMsf = (packet: DataView) => (packet.getUint8(1) & 2) !== 0;
const msfAt = (packet: DataView, at: number) =>
  replies.fromMsf(packet.getUint8(at), packet.getUint8(at + 1), packet.getUint8(at + 2));

const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [Packet.TestUnitReady, () => DONE],
  [Packet.RequestSense, (unit, packet) => reply(replies.senseData(unit.takeSense()), packet.getUint8(4))],
  [
    Packet.Inquiry,
    // Byte 1: vital product data, byte 2: which page; there is none.
    (_unit, packet) => replyOrInvalid(packet.getUint16(1) ? undefined : replies.inquiry(), packet.getUint8(4)),
  ],
  [Packet.StartStopUnit, (unit, packet) => unit.startStop(packet.getUint8(4))],
  [Packet.PreventAllowRemoval, (unit, packet) => unit.setLocked((packet.getUint8(4) & 1) !== 0)],
  [Packet.ReadCapacity, (unit) => reply(replies.capacity(unit.sectors), 8)],
  [Packet.Read10, (unit, packet) => unit.read(packet.getUint32(2), packet.getUint16(7))],
  [Packet.Read12, (unit, packet) => unit.read(packet.getUint32(2), packet.getUint32(6))],
  [Packet.Seek10, (unit, packet) => unit.read(packet.getUint32(2), 0)],
  [
    Packet.ReadSubChannel,
    (_unit, packet) => {
      const wantsQ = (packet.getUint8(2) & 0x40) !== 0;
      return replyOrInvalid(replies.subChannel(packet.getUint8(3), wantsQ, isMsf(packet)), packet.getUint16(7));
    },
  ],
  [
    Packet.ReadToc,
    (unit, packet) => {
      // INF-8020i had the format in the last byte.
      const format = packet.getUint8(2) & 0x0f || packet.getUint8(9) >> 6;
      const table = replies.tableOfContents(format, isMsf(packet), packet.getUint8(6), unit.sectors);
      return replyOrInvalid(table, packet.getUint16(7));
    },
  ],
  [
    Packet.GetConfiguration,
    (unit, packet) => {
      const [kind, first] = [packet.getUint8(1) & 3, packet.getUint16(2)];
      return reply(replies.configuration({ kind, first, sectors: unit.sectors }), packet.getUint16(7));
    },
  ],
  [
    Packet.GetEventStatus,
    (unit, packet) => unit.eventStatus((packet.getUint8(1) & 1) !== 0, packet.getUint8(4), packet.getUint16(7)),
  ],
  [Packet.ReadDiscInformation, (_unit, packet) => reply(replies.discInformation(), packet.getUint16(7))],
  [Packet.ReadTrackInformation, (unit, packet) => reply(replies.trackInformation(unit.sectors), packet.getUint16(7))],
  [
    Packet.ModeSense6,
    (unit, packet) => unit.modeSense(packet.getUint8(2) & 0x3f, packet.getUint8(2) >> 6, false, packet.getUint8(4)),
  ],
  [
    Packet.ModeSense10,
    (unit, packet) => unit.modeSense(packet.getUint8(2) & 0x3f, packet.getUint8(2) >> 6, true, packet.getUint16(7)),
  ],
  // Parameters are taken and change nothing.
  [Packet.ModeSelect6, (_unit, packet) => ({ kind: "receive", bytes: packet.getUint8(4) })],
  [Packet.ModeSelect10, (_unit, packet) => ({ kind: "receive", bytes: packet.getUint16(7) })],
  [Packet.SetCdSpeed, () => DONE],
  [Packet.MechanismStatus, (unit, packet) => reply(unit.mechanismStatus(), packet.getUint16(8))],
  [
    Packet.ReadCd,
    (unit, packet) => unit.readRaw(packet.getUint32(2), u24(packet, 6), packet.getUint8(9), packet.getUint8(10) & 7),
  ],
  [
    Packet.ReadCdMsf,
    (unit, packet) => {
      const first = msfAt(packet, 3);
      const sectors = Math.max(0, msfAt(packet, 6) - first);
      return unit.readRaw(first, sectors, packet.getUint8(9), packet.getUint8(10) & 7);
    },
  ],
]);
