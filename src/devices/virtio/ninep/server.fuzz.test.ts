/** Random and damaged 9p messages: the server answers each with a reply that is one, and nothing escapes it. */
import { describe, expect, it } from "vitest";
import { MemoryFileTree } from "../../../storage/memoryFileTree.ts";
import { fuzzRounds, hostileNumber } from "../../conformance/fuzzRounds.ts";
import type { Random } from "../../conformance/fuzzTraffic.ts";
import { type MessageWriter, T } from "./messages.ts";
import { NinepServer } from "./server.ts";
import { message } from "./testClient.ts";

const ROUNDS = 30;
const MESSAGES = 300;
const TYPES = Object.values(T);
const NAMES = ["a", "b", "dir", "..", ".", "", "a/b", "n".repeat(300), "\0", "ü"];
const REPLY_BYTES = 0x1_0000;
const HEADER_BYTES = 7;
const CAPACITY = 1 << 20;

/** Fields of all kinds in any order: what a handler reads of them is hostile enough. */
function fill(random: Random): (writer: MessageWriter) => MessageWriter {
  return (writer) => {
    writer.u32(random.below(6)).u32(random.below(5) === 0 ? hostileNumber(random, 64) : random.below(6));
    for (let count = random.below(6); count > 0; count--) {
      const kind = random.below(4);
      if (kind === 0) writer.text(NAMES[random.below(NAMES.length)] as string);
      else if (kind === 1) writer.u32(hostileNumber(random, 8));
      else if (kind === 2) writer.u64(hostileNumber(random, 4096) * 2 ** random.below(20));
      else writer.u16(random.below(4));
    }
    return writer;
  };
}

/** Names where they belong, so that files come to be. */
function sensible(random: Random): Uint8Array {
  const name = () => NAMES[random.below(4)] as string;
  const fid = () => random.below(6);
  switch (random.below(7)) {
    case 0:
      return message(T.Walk, (writer) => writer.u32(0).u32(fid()).u16(1).text(name()));
    case 1:
      return message(T.Lcreate, (writer) => writer.u32(fid()).text(name()).u32(2).u32(0o644).u32(0));
    case 2:
      return message(T.Mkdir, (writer) => writer.u32(fid()).text(name()).u32(0o755).u32(0));
    case 3:
      return message(T.Lopen, (writer) => writer.u32(fid()).u32(random.below(1024)));
    case 4:
      return message(T.Read, (writer) => writer.u32(fid()).u64(random.below(64)).u32(hostileNumber(random, 512)));
    case 5:
      return message(T.Renameat, (writer) => writer.u32(fid()).text(name()).u32(fid()).text(name()));
    default:
      return message(T.Attach, (writer) => writer.u32(0).u32(0).text("").text("").u32(0));
  }
}

function randomMessage(random: Random): Uint8Array {
  if (random.below(2) === 0) return sensible(random);
  const type = random.below(8) === 0 ? random.below(256) : (TYPES[random.below(TYPES.length)] as number);
  const bytes = message(type, fill(random));
  for (let damage = random.below(3); damage > 0; damage--) bytes[random.below(bytes.length)] = random.u32();
  return random.below(10) === 0 ? bytes.slice(0, random.below(bytes.length)) : bytes;
}

describe("a 9P2000.L server with a hostile guest", () => {
  it("answers", () => {
    fuzzRounds("9p", ROUNDS, (random) => {
      const server = new NinepServer("9p", new MemoryFileTree({ capacityBytes: CAPACITY, nowMs: () => 0 }));
      for (let count = 0; count < MESSAGES; count++) {
        const reply = server.handle(randomMessage(random), new Uint8Array(REPLY_BYTES));
        if (reply instanceof Promise) throw new Error("memory is not waited for");
        expect(reply.length).toBeGreaterThanOrEqual(HEADER_BYTES);
        expect(new DataView(reply.buffer, reply.byteOffset).getUint32(0, true)).toBe(reply.length);
        expect(reply[4] % 2).toBe(1);
        if (random.below(50) === 0) server.parse(structuredClone(server.save()))();
      }
    });
  });
});
