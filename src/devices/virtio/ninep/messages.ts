/**
 * Messages of 9P2000.L: numbers, and readers and writers of their fields. Documents: the 9P2000.L protocol (github.com/chaos/diod,
 * protocol.md), Plan 9's intro(5). All is little-endian; text has two bytes of length before it.
 */
import { getUint64, setUint64 } from "../../../bus/guestWords.ts";

/** Types of requests; a reply's is one more. */
export const T = {
  Error: 6,
  Statfs: 8,
  Lopen: 12,
  Lcreate: 14,
  Symlink: 16,
  Mknod: 18,
  Rename: 20,
  Readlink: 22,
  Getattr: 24,
  Setattr: 26,
  Xattrwalk: 30,
  Xattrcreate: 32,
  Readdir: 40,
  Fsync: 50,
  Lock: 52,
  Getlock: 54,
  Link: 70,
  Mkdir: 72,
  Renameat: 74,
  Unlinkat: 76,
  Version: 100,
  Auth: 102,
  Attach: 104,
  Flush: 108,
  Walk: 110,
  Read: 116,
  Write: 118,
  Clunk: 120,
  Remove: 122,
} as const;

/** Size, type, tag. */
export const HEADER_BYTES = 7;
/** What a reply to a read has before its data, and a write before its. */
export const READ_REPLY_BYTES = HEADER_BYTES + 4;
export const MAX_WALK = 16;
export const QID_BYTES = 13;

/** Types of a qid. */
export const QID_DIRECTORY = 0x80;
export const QID_SYMLINK = 0x02;

/** A message ends before its fields do, or holds what cannot be. */
export class MessageError extends Error {}

export interface Qid {
  type: number;
  version: number;
  path: bigint;
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** Reads the fields of a message one after the other; throws a MessageError at its end. */
export class MessageReader {
  private readonly view: DataView;
  private at = HEADER_BYTES;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < HEADER_BYTES) throw new MessageError("a message without a header");
  }

  get type(): number {
    return this.bytes[4];
  }

  get tag(): number {
    return this.view.getUint16(5, true);
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** Exact to 2^53. */
  u64(): number {
    return getUint64(this.view, this.advance(8));
  }

  text(): string {
    const length = this.u16();
    const start = this.advance(length);
    try {
      return decoder.decode(this.bytes.slice(start, start + length));
    } catch {
      throw new MessageError("a name that is not UTF-8");
    }
  }

  /** A part of the message itself. */
  data(length: number): Uint8Array {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  private advance(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) throw new MessageError("a message that ends early");
    this.at += count;
    return start;
  }
}

/** Writes a reply into a buffer, which must be large enough for what is not data. */
export class MessageWriter {
  private readonly view: DataView;

  /** `at` is where the first field goes. */
  constructor(
    private readonly bytes: Uint8Array,
    private at = HEADER_BYTES,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(value: number): this {
    this.view.setUint8(this.advance(1), value);
    return this;
  }

  u16(value: number): this {
    this.view.setUint16(this.advance(2), value, true);
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.advance(4), value, true);
    return this;
  }

  u64(value: number): this {
    setUint64(this.view, this.advance(8), value);
    return this;
  }

  u64big(value: bigint): this {
    this.view.setBigUint64(this.advance(8), BigInt.asUintN(64, value), true);
    return this;
  }

  text(value: string): this {
    const bytes = encoder.encode(value);
    this.u16(bytes.length);
    this.bytes.set(bytes, this.advance(bytes.length));
    return this;
  }

  qid({ type, version, path }: Qid): this {
    return this.u8(type).u32(version).u64big(path);
  }

  /** Room for at most `length` bytes of data, as far as the buffer goes; `used` ends the field. */
  room(length: number): Uint8Array {
    const start = this.at + 4;
    return this.bytes.subarray(start, start + length);
  }

  /** Writes how many bytes of the room are used, which is before them. */
  used(count: number): this {
    this.u32(count);
    this.advance(count);
    return this;
  }

  /** Starts anew: for an error in place of what was written. */
  clear(): this {
    this.at = HEADER_BYTES;
    return this;
  }

  finish(type: number, tag: number): Uint8Array {
    this.view.setUint32(0, this.at, true);
    this.view.setUint8(4, type);
    this.view.setUint16(5, tag, true);
    return this.bytes.subarray(0, this.at);
  }

  private advance(count: number): number {
    const start = this.at;
    this.at += count;
    return start;
  }
}
