/** A 9P2000.L client for tests: one function a message, numbers in, fields out. */
import type { MaybePromise } from "../../../util/maybePromise.ts";
import { MessageReader, MessageWriter, T } from "./messages.ts";
import type { NinepServer } from "./server.ts";

type Fill = (writer: MessageWriter) => MessageWriter;

/** What the server answered with instead of a reply. */
export class NinepError extends Error {
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

export function message(type: number, fill: Fill = (writer) => writer, tag = 1): Uint8Array {
  return fill(new MessageWriter(new Uint8Array(0x1_0000)))
    .finish(type, tag)
    .slice();
}

export class TestClient {
  constructor(private readonly server: NinepServer) {}

  /** Sends a request; throws a NinepError for an error. */
  async call(type: number, fill?: Fill): Promise<MessageReader> {
    const answered: MaybePromise<Uint8Array> = this.server.handle(message(type, fill), new Uint8Array(0x10_0000));
    const reader = new MessageReader((await answered).slice());
    if (reader.type === T.Error + 1) throw new NinepError(reader.u32());
    if (reader.type !== type + 1) throw new Error(`reply ${reader.type} to request ${type}`);
    return reader;
  }

  /** The error number of a request that is to fail; 0 if it did not. */
  async errnoOf(type: number, fill?: Fill): Promise<number> {
    try {
      await this.call(type, fill);
      return 0;
    } catch (error) {
      if (error instanceof NinepError) return error.errno;
      throw error;
    }
  }

  /** Version, and fid 0 at the root. */
  async start(): Promise<void> {
    await this.call(T.Version, (writer) => writer.u32(0x1_0000).text("9P2000.L"));
    await this.call(T.Attach, (writer) => writer.u32(0).u32(0xffff_ffff).text("root").text("").u32(0));
  }

  /** Walks from fid 0; the number of names that were found. */
  async walk(fid: number, ...names: string[]): Promise<number> {
    const reply = await this.call(T.Walk, (writer) => {
      writer.u32(0).u32(fid).u16(names.length);
      for (const name of names) writer.text(name);
      return writer;
    });
    return reply.u16();
  }

  async open(fid: number, flags = 0): Promise<void> {
    await this.call(T.Lopen, (writer) => writer.u32(fid).u32(flags));
  }

  /** Makes and opens a file in the directory that `fid` is. */
  async create(fid: number, name: string, flags = 2, mode = 0o644): Promise<void> {
    await this.call(T.Lcreate, (writer) => writer.u32(fid).text(name).u32(flags).u32(mode).u32(0));
  }

  async read(fid: number, offset = 0, count = 1000): Promise<string> {
    const reply = await this.call(T.Read, (writer) => writer.u32(fid).u64(offset).u32(count));
    return new TextDecoder().decode(reply.data(reply.u32()));
  }

  async write(fid: number, text: string, offset = 0): Promise<number> {
    const bytes = new TextEncoder().encode(text);
    const reply = await this.call(T.Write, (writer) => {
      writer.u32(fid).u64(offset).room(bytes.length).set(bytes);
      return writer.used(bytes.length);
    });
    return reply.u32();
  }

  async clunk(fid: number): Promise<void> {
    await this.call(T.Clunk, (writer) => writer.u32(fid));
  }

  async names(fid: number, offset = 0, count = 4096): Promise<{ name: string; offset: number }[]> {
    const reply = await this.call(T.Readdir, (writer) => writer.u32(fid).u64(offset).u32(count));
    const end = reply.u32();
    const found: { name: string; offset: number }[] = [];
    for (let used = 0; used < end; ) {
      reply.data(13);
      const next = reply.u64();
      reply.u8();
      const name = reply.text();
      found.push({ name, offset: next });
      used += 24 + new TextEncoder().encode(name).length;
    }
    return found;
  }

  async stat(fid: number) {
    const reply = await this.call(T.Getattr, (writer) => writer.u32(fid).u64(0x7ff));
    reply.data(8 + 13);
    const [mode, uid, gid] = [reply.u32(), reply.u32(), reply.u32()];
    const [links, rdev, sizeBytes] = [reply.u64(), reply.u64(), reply.u64()];
    reply.data(16);
    const [, , mtime] = [reply.u64(), reply.u64(), reply.u64()];
    return { mode, uid, gid, links, rdev, sizeBytes, mtime };
  }
}
