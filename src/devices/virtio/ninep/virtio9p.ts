/** virtio-9p: a tree of files for the guest, known to it by a tag. Document: Linux include/uapi/linux/virtio_9p.h (virtio 1.2 reserves the id). */
import type { FileTree } from "../../../bus/fileTree.ts";
import type { IoOperation, IoScheduler } from "../../../bus/ioScheduler.ts";
import { anything, list, nullable, object, u8 } from "../../../bus/savedState.ts";
import type { MaybePromise } from "../../../util/maybePromise.ts";
import { CHAIN_SHAPE, type Chain } from "../chain.ts";
import { VirtioDevice } from "../virtioDevice.ts";
import { featureSet, VirtioType } from "../virtioRegisters.ts";
import { T } from "./messages.ts";
import { MAX_MESSAGE_BYTES, NinepServer } from "./server.ts";

const QUEUE_SIZE = 128;
const FEATURE_MOUNT_TAG = 0;
const CLASS_UNDEFINED = 0x000200;
/** Length of the tag, then the tag. */
const TAG_OFFSET = 2;
const MAX_TAG_BYTES = 255;
const TYPE_OFFSET = 4;
const FLUSH_OLD_TAG = 7;
const FLUSH_BYTES = 9;
/** Requests under way at most: more stay in the queue. */
const MAX_REQUESTS = 16;
const BUFFERS_KEPT = 4;
const SMALL_BYTES = 8192;

const REQUEST_SHAPE = object({ chain: CHAIN_SHAPE, reply: nullable(list(u8)) });
const SHAPE = object({ server: anything, requests: list(REQUEST_SHAPE) });

export interface Virtio9pOptions {
  tag: string;
  tree: FileTree;
  scheduler: IoScheduler;
}

interface Request {
  readonly chain: Chain;
  readonly tag: number;
  /** Known once the server has answered; the guest has it later. */
  reply?: Uint8Array;
  operation?: IoOperation;
  /** Tflush requests that are to be answered after this one. */
  readonly flushes: Request[];
}

export class Virtio9p extends VirtioDevice {
  readonly type = VirtioType.NineP;
  readonly classCode = CLASS_UNDEFINED;
  readonly queueSizes = [QUEUE_SIZE];
  readonly features = featureSet(FEATURE_MOUNT_TAG);
  readonly config: Uint8Array;
  private readonly server: NinepServer;
  private readonly requests = new Set<Request>();
  private readonly buffers: Uint8Array[] = [];

  /** Throws a RangeError for a tag that is empty or too long. */
  constructor(private readonly options: Virtio9pOptions) {
    super();
    const tag = new TextEncoder().encode(options.tag);
    if (tag.length === 0 || tag.length > MAX_TAG_BYTES) throw new RangeError(`a tag of ${tag.length} bytes`);
    this.config = new Uint8Array(TAG_OFFSET + tag.length);
    new DataView(this.config.buffer).setUint16(0, tag.length, true);
    this.config.set(tag, TAG_OFFSET);
    this.server = new NinepServer(`9p ${options.tag}`, options.tree);
  }

  notified(): void {
    const queue = this.port.queue(0);
    while (this.requests.size < MAX_REQUESTS) {
      const chain = queue.pop();
      if (chain === undefined) return;
      this.begin(chain);
    }
  }

  reset(): void {
    for (const { operation } of this.requests) operation?.cancel();
    this.requests.clear();
    this.server.reset();
  }

  /** A request that has been answered keeps its reply: it is not to be done twice. */
  save(): unknown {
    const requests = [...this.requests].map(({ chain, reply }) => ({
      chain: chain.save(),
      reply: reply ? [...reply] : null,
    }));
    return { server: this.server.save(), requests };
  }

  parse(state: unknown): () => void {
    const { server, requests } = SHAPE(state, "virtio-9p");
    const applyServer = this.server.parse(server);
    return () => {
      this.reset();
      applyServer();
      for (const { chain: saved, reply } of requests) {
        const chain = this.port.queue(0).restoreChain(saved);
        if (reply === null) this.begin(chain);
        else this.answerLater(this.newRequest(chain), Uint8Array.from(reply));
      }
    };
  }

  private begin(chain: Chain): void {
    const request = this.newRequest(chain);
    const message = this.takeBuffer(Math.min(chain.readable.length, MAX_MESSAGE_BYTES));
    const bytes = message.subarray(0, chain.readable.read(0, message));
    if (this.waitForOther(request, bytes)) return;
    const target = this.takeBuffer(Math.max(SMALL_BYTES, Math.min(chain.writable.length, this.server.maxReplyBytes)));
    let answered: MaybePromise<Uint8Array>;
    request.operation = this.options.scheduler.submit(
      () => {
        answered = this.server.handle(bytes, target);
        if (!(answered instanceof Promise)) {
          request.reply = answered;
          return undefined;
        }
        return answered.then((reply) => {
          request.reply = reply;
        });
      },
      chain.writable.length > SMALL_BYTES ? Math.min(chain.writable.length, MAX_MESSAGE_BYTES) : bytes.length,
      () => {
        this.finish(request);
        for (const buffer of [message, target]) this.giveBuffer(buffer);
        this.notified();
      },
    );
  }

  /** A Tflush is answered after the request that it is about. */
  private waitForOther(request: Request, bytes: Uint8Array): boolean {
    if (bytes.length < FLUSH_BYTES || bytes[TYPE_OFFSET] !== T.Flush) return false;
    const oldTag = bytes[FLUSH_OLD_TAG] | (bytes[FLUSH_OLD_TAG + 1] << 8);
    const other = [...this.requests].find((one) => one !== request && one.tag === oldTag && !one.reply);
    if (other === undefined) return false;
    request.reply = flushReply(request.tag);
    other.flushes.push(request);
    return true;
  }

  private answerLater(request: Request, reply: Uint8Array): void {
    request.reply = reply;
    request.operation = this.options.scheduler.submit(
      () => undefined,
      reply.length,
      () => this.finish(request),
    );
  }

  private finish(request: Request): void {
    this.requests.delete(request);
    const { chain, reply } = request;
    this.port.queue(0).complete(chain, reply ? chain.writable.write(0, reply) : 0);
    for (const flush of request.flushes) this.finish(flush);
  }

  private newRequest(chain: Chain): Request {
    const header = new Uint8Array(TYPE_OFFSET + 3);
    chain.readable.read(0, header);
    const request: Request = { chain, tag: header[5] | (header[6] << 8), flushes: [] };
    this.requests.add(request);
    return request;
  }

  /** Large buffers are used again: reads and writes of files need them all the time. */
  private takeBuffer(length: number): Uint8Array {
    if (length <= SMALL_BYTES) return new Uint8Array(length);
    return this.buffers.pop() ?? new Uint8Array(MAX_MESSAGE_BYTES);
  }

  private giveBuffer(buffer: Uint8Array): void {
    if (buffer.length === MAX_MESSAGE_BYTES && this.buffers.length < BUFFERS_KEPT) this.buffers.push(buffer);
  }
}

function flushReply(tag: number): Uint8Array {
  const length = 7;
  return Uint8Array.of(length, 0, 0, 0, T.Flush + 1, tag & 0xff, tag >>> 8);
}
