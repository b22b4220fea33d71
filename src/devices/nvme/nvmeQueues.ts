import type { GuestMemory } from "../../bus/guestMemory.ts";
import { bool, type Checked, finite, list, object, u16, u32 } from "../../bus/savedState.ts";
import { NvmeCommand } from "./nvmeCommand.ts";
import { CQ_ENTRY_BYTES, SQ_ENTRY_BYTES } from "./nvmeRegisters.ts";

export const SUBMISSION_QUEUE_SHAPE = object({ id: u16, base: finite, size: u32, cqId: u16, head: u16, tail: u16 });
const COMPLETION_SHAPE = object({ sqId: u16, sqHead: u16, cid: u16, status: u16, result: u32 });
export const COMPLETION_QUEUE_SHAPE = object({
  id: u16,
  base: finite,
  size: u32,
  vector: u16,
  interrupts: bool,
  head: u16,
  tail: u16,
  phase: bool,
  waiting: list(COMPLETION_SHAPE),
});
export type SubmissionQueueState = Checked<typeof SUBMISSION_QUEUE_SHAPE>;
export type CompletionQueueState = Checked<typeof COMPLETION_QUEUE_SHAPE>;

/** What goes into a completion queue entry (4.6). */
export type Completion = Checked<typeof COMPLETION_SHAPE>;

/** A ring that the host fills with commands. */
export class SubmissionQueue {
  head = 0;
  private tail = 0;

  constructor(
    readonly id: number,
    private readonly base: number,
    readonly size: number,
    readonly cqId: number,
  ) {}

  get isEmpty(): boolean {
    return this.head === this.tail;
  }

  /** The host's doorbell; false for a value that is no entry of the queue. */
  ring(tail: number): boolean {
    if (tail >= this.size) return false;
    this.tail = tail;
    return true;
  }

  /** Takes the next command; there is one. */
  fetch(memory: GuestMemory): NvmeCommand {
    const bytes = new Uint8Array(SQ_ENTRY_BYTES);
    memory.read(this.base + this.head * SQ_ENTRY_BYTES, bytes);
    this.head = (this.head + 1) % this.size;
    return new NvmeCommand(this.id, bytes);
  }

  save(): SubmissionQueueState {
    const { id, base, size, cqId, head, tail } = this;
    return { id, base, size, cqId, head, tail };
  }

  static restore(state: SubmissionQueueState): SubmissionQueue {
    const queue = new SubmissionQueue(state.id, state.base, state.size, state.cqId);
    queue.head = state.head % state.size;
    queue.tail = state.tail % state.size;
    return queue;
  }
}

/** A ring that the controller fills; completions for which there is no room wait for the host to take some. */
export class CompletionQueue {
  private head = 0;
  private tail = 0;
  private phase = true;
  private readonly waiting: Completion[] = [];
  private readonly entry = new Uint8Array(CQ_ENTRY_BYTES);
  private readonly view = new DataView(this.entry.buffer);

  constructor(
    readonly id: number,
    private readonly base: number,
    readonly size: number,
    readonly vector: number,
    readonly interrupts: boolean,
  ) {}

  /** Entries that the host has not taken: pin-based interrupts last as long. */
  get hasEntries(): boolean {
    return this.head !== this.tail;
  }

  /** Completions that find no room. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** True when an entry was written. */
  post(memory: GuestMemory, completion: Completion): boolean {
    this.waiting.push(completion);
    return this.postWaiting(memory);
  }

  /** The host's doorbell; undefined for a value that is no entry of the queue, else whether entries were written. */
  ring(memory: GuestMemory, head: number): boolean | undefined {
    if (head >= this.size) return undefined;
    this.head = head;
    return this.postWaiting(memory);
  }

  save(): CompletionQueueState {
    const { id, base, size, vector, interrupts, head, tail, phase } = this;
    return {
      id,
      base,
      size,
      vector,
      interrupts,
      head,
      tail,
      phase,
      waiting: this.waiting.map((entry) => ({ ...entry })),
    };
  }

  static restore(state: CompletionQueueState): CompletionQueue {
    const queue = new CompletionQueue(state.id, state.base, state.size, state.vector, state.interrupts);
    queue.head = state.head % state.size;
    queue.tail = state.tail % state.size;
    queue.phase = state.phase;
    queue.waiting.push(...state.waiting);
    return queue;
  }

  private postWaiting(memory: GuestMemory): boolean {
    let posted = false;
    while ((this.tail + 1) % this.size !== this.head) {
      const completion = this.waiting.shift();
      if (completion === undefined) break;
      this.write(memory, completion);
      posted = true;
    }
    return posted;
  }

  /** The phase tag changes with each pass of the ring, which tells new entries from old ones. */
  private write(memory: GuestMemory, { sqId, sqHead, cid, status, result }: Completion): void {
    const { view } = this;
    view.setUint32(0, result, true);
    view.setUint16(8, sqHead, true);
    view.setUint16(10, sqId, true);
    view.setUint16(12, cid, true);
    view.setUint16(14, (status << 1) | (this.phase ? 1 : 0), true);
    memory.write(this.base + this.tail * CQ_ENTRY_BYTES, this.entry);
    this.tail = (this.tail + 1) % this.size;
    if (this.tail === 0) this.phase = !this.phase;
  }
}
