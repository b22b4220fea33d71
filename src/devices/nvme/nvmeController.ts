/**
 * An NVMe controller with one namespace: registers, doorbells, queues. Document: NVM Express Base Specification, revision 1.4.
 * Not modelled: scatter gather lists, fused commands, metadata, namespace management, firmware download, security, formatting,
 * arbitration other than round robin, a controller memory buffer.
 */
import type { AccessSize } from "../../bus/addressSpace.ts";
import type { Disk } from "../../bus/disk.ts";
import type { GuestMemory } from "../../bus/guestMemory.ts";
import { trace } from "../../util/trace.ts";
import { NvmeAdmin, type Outcome } from "./nvmeAdmin.ts";
import { NvmeCommand } from "./nvmeCommand.ts";
import { NvmeFeatures } from "./nvmeFeatures.ts";
import { NvmeIo } from "./nvmeIo.ts";
import { CompletionQueue, SubmissionQueue } from "./nvmeQueues.ts";
import {
  Admin,
  CAP_HIGH,
  CAP_LOW,
  CC_ENABLE,
  CC_WRITABLE,
  CSTS_FATAL,
  CSTS_READY,
  CSTS_SHUTDOWN_BUSY,
  CSTS_SHUTDOWN_DONE,
  CSTS_SHUTDOWN_MASK,
  DOORBELL_BYTES,
  DOORBELLS,
  EVENT_INVALID_DOORBELL,
  EVENT_INVALID_DOORBELL_VALUE,
  MAX_EVENT_REQUESTS,
  MAX_IO_QUEUES,
  MAX_QUEUE_ENTRIES,
  NvmeStatus,
  pageBytesOf,
  Reg,
  STATUS_DNR,
  shutdownWanted,
  VERSION_1_4,
} from "./nvmeRegisters.ts";
import { type ControllerState, parseControllerState } from "./nvmeState.ts";
import { PrpError, resolvePrps } from "./prp.ts";

export interface NvmeControllerOptions {
  name: string;
  memory: GuestMemory;
  disk: Disk;
  serial: string;
  /** Interrupt vectors that queues may use. */
  vectors: number;
  /** The function may read and write memory. */
  isBusMaster: () => boolean;
  /** An entry was written to a completion queue with this vector. */
  onVector: (vector: number) => void;
  /** The pin-based interrupt changes; it is meaningful while no messages are enabled. */
  onPin: (asserted: boolean) => void;
}

const ADMIN_QUEUE = 0;
/** Commands under way at most: more stay in their queues. */
const MAX_COMMANDS = 256;
const PHYSICALLY_CONTIGUOUS = 1;
const INTERRUPTS_ENABLED = 2;
const QUEUE_SIZE_MASK = 0xfff;

export class NvmeController {
  private readonly io: NvmeIo;
  private readonly admin: NvmeAdmin;
  private readonly features = new NvmeFeatures();
  private cc = 0;
  private csts = 0;
  private aqa = 0;
  /** ASQ and ACQ as written: low dword, high dword. */
  private readonly adminBases = new Uint32Array(4);
  private interruptMask = 0;
  private readonly submission = new Map<number, SubmissionQueue>();
  private readonly completion = new Map<number, CompletionQueue>();
  /** In the order in which they came. */
  private readonly commands = new Set<NvmeCommand>();
  /** Asynchronous Event Requests, and events that nobody has asked for yet. */
  private readonly eventRequests: NvmeCommand[] = [];
  private readonly events: number[] = [];
  /** Queues that are to be deleted once their commands are over, with the command that asked for it. */
  private readonly deletions: NvmeCommand[] = [];

  constructor(private readonly options: NvmeControllerOptions) {
    const resolve = (command: NvmeCommand, length: number) =>
      resolvePrps(options.memory, command, length, pageBytesOf(this.cc) ?? 4096);
    const { disk, serial } = options;
    this.io = new NvmeIo({ disk, resolve, isWriteThrough: () => this.features.isWriteThrough });
    this.admin = new NvmeAdmin({ serial, io: this.io, features: this.features, resolve });
  }

  // --- Registers ---

  read(offset: number, size: AccessSize): number {
    const value = this.readDword(offset & ~3);
    return (value >>> ((offset & 3) * 8)) & (size === 4 ? -1 : 2 ** (8 * size) - 1);
  }

  /** Registers are written as dwords (3.1); narrower writes are ignored. */
  write(offset: number, value: number, size: AccessSize): void {
    if (size !== 4 || (offset & 3) !== 0) {
      trace(this.options.name, `write of ${size} bytes at ${offset.toString(16)} ignored`);
      return;
    }
    if (offset >= DOORBELLS) this.ringDoorbell((offset - DOORBELLS) / DOORBELL_BYTES, value);
    else this.writeRegister(offset, value);
  }

  /** As after power-on. */
  reset(): void {
    this.stop();
    this.csts = 0;
    this.cc = 0;
    this.aqa = 0;
    this.adminBases.fill(0);
    this.interruptMask = 0;
    Object.assign(this.io.counters, { reads: 0, writes: 0, blocksRead: 0, blocksWritten: 0 });
    this.updatePin();
  }

  save(): ControllerState {
    const { cc, csts, aqa, interruptMask, features, events } = this;
    const bytesOf = (commands: Iterable<NvmeCommand>) =>
      [...commands].map(({ sqId, bytes }) => ({ sqId, bytes: [...bytes] }));
    return {
      ...{ cc, csts, aqa, adminBases: [...this.adminBases], interruptMask, events: [...events] },
      features: features.save(),
      counters: { ...this.io.counters },
      submission: [...this.submission.values()].map((queue) => queue.save()),
      completion: [...this.completion.values()].map((queue) => queue.save()),
      commands: bytesOf(this.commands),
      eventRequests: bytesOf(this.eventRequests),
      deletions: bytesOf(this.deletions),
    };
  }

  /** Checks a state, throwing; returns what puts it in force and begins again what was under way. */
  parse(saved: unknown): () => void {
    const state = parseControllerState(saved, this.options.name);
    return () => {
      this.stop();
      this.cc = state.cc;
      this.csts = state.csts;
      this.aqa = state.aqa;
      this.adminBases.set(state.adminBases);
      this.interruptMask = state.interruptMask;
      this.features.restore(state.features);
      for (const queue of state.submission) this.submission.set(queue.id, SubmissionQueue.restore(queue));
      for (const queue of state.completion) this.completion.set(queue.id, CompletionQueue.restore(queue));
      this.events.push(...state.events);
      this.eventRequests.push(...state.eventRequests.map(restoreCommand));
      this.deletions.push(...state.deletions.map(restoreCommand));
      for (const command of state.commands.map(restoreCommand)) this.beginIo(command);
      // After those commands, which are counted already.
      Object.assign(this.io.counters, state.counters);
      if ((this.csts & CSTS_SHUTDOWN_MASK) === CSTS_SHUTDOWN_BUSY) this.shutDown();
    };
  }

  private readDword(offset: number): number {
    switch (offset) {
      case Reg.Cap:
        return CAP_LOW;
      case Reg.Cap + 4:
        return CAP_HIGH;
      case Reg.Vs:
        return VERSION_1_4;
      case Reg.Intms:
      case Reg.Intmc:
        return this.interruptMask;
      case Reg.Cc:
        return this.cc;
      case Reg.Csts:
        return this.csts;
      case Reg.Aqa:
        return this.aqa;
      default:
        return offset >= Reg.Asq && offset < Reg.Acq + 8 ? this.adminBases[(offset - Reg.Asq) / 4] : 0;
    }
  }

  private writeRegister(offset: number, value: number): void {
    if (offset === Reg.Intms) this.setInterruptMask(this.interruptMask | value);
    else if (offset === Reg.Intmc) this.setInterruptMask(this.interruptMask & ~value);
    else if (offset === Reg.Cc) this.configure(value & CC_WRITABLE);
    else if (offset === Reg.Aqa) this.aqa = value & ((QUEUE_SIZE_MASK << 16) | QUEUE_SIZE_MASK);
    else if (offset >= Reg.Asq && offset < Reg.Acq + 8) this.adminBases[(offset - Reg.Asq) / 4] = value;
    else trace(this.options.name, `write to ${offset.toString(16)} ignored`);
  }

  private setInterruptMask(mask: number): void {
    this.interruptMask = mask >>> 0;
    this.updatePin();
  }

  // --- Life (3.1.5, 7.6) ---

  private configure(cc: number): void {
    const before = this.cc;
    this.cc = cc;
    const [isEnabled, wasEnabled] = [(cc & CC_ENABLE) !== 0, (before & CC_ENABLE) !== 0];
    if (isEnabled && !wasEnabled) this.enable();
    else if (!isEnabled && wasEnabled) this.disable();
    if (shutdownWanted(cc) && !shutdownWanted(before)) this.shutDown();
  }

  private enable(): void {
    const pageBytes = pageBytesOf(this.cc);
    const [asq, acq] = [this.adminBase(0), this.adminBase(2)];
    const sizes = [(this.aqa & QUEUE_SIZE_MASK) + 1, (this.aqa >>> 16) + 1];
    if (pageBytes === undefined || asq % pageBytes !== 0 || acq % pageBytes !== 0 || Math.min(...sizes) < 2) {
      trace(this.options.name, `cannot be enabled: CC ${this.cc.toString(16)}, AQA ${this.aqa.toString(16)}`);
      this.csts |= CSTS_FATAL;
      return;
    }
    this.submission.set(ADMIN_QUEUE, new SubmissionQueue(ADMIN_QUEUE, asq, sizes[0], ADMIN_QUEUE));
    this.completion.set(ADMIN_QUEUE, new CompletionQueue(ADMIN_QUEUE, acq, sizes[1], 0, true));
    this.csts = CSTS_READY;
  }

  /** Controller reset: queues and what is under way go, the admin queue's registers stay. */
  private disable(): void {
    this.stop();
    this.csts = 0;
    this.interruptMask = 0;
    this.updatePin();
  }

  private stop(): void {
    this.io.cancel();
    this.features.reset();
    this.submission.clear();
    this.completion.clear();
    this.commands.clear();
    this.eventRequests.length = 0;
    this.events.length = 0;
    this.deletions.length = 0;
  }

  /** The host is told that it is over when everything is on the medium. */
  private shutDown(): void {
    this.csts = (this.csts & ~CSTS_SHUTDOWN_MASK) | CSTS_SHUTDOWN_BUSY;
    this.io.flush(() => {
      this.csts = (this.csts & ~CSTS_SHUTDOWN_MASK) | CSTS_SHUTDOWN_DONE;
    });
  }

  private adminBase(index: number): number {
    return this.adminBases[index + 1] * 2 ** 32 + this.adminBases[index];
  }

  private get isReady(): boolean {
    return (this.csts & (CSTS_READY | CSTS_FATAL)) === CSTS_READY;
  }

  // --- Doorbells ---

  private ringDoorbell(index: number, value: number): void {
    if (!this.isReady) return;
    const id = index >>> 1;
    const known = index % 2 === 0 ? this.ringSubmission(id, value) : this.ringCompletion(id, value);
    if (known === undefined) this.raiseEvent(EVENT_INVALID_DOORBELL);
    else if (!known) this.raiseEvent(EVENT_INVALID_DOORBELL_VALUE);
  }

  /** Undefined: no such queue. False: no such entry. */
  private ringSubmission(id: number, tail: number): boolean | undefined {
    const known = this.submission.get(id)?.ring(tail);
    this.fetchCommands();
    return known;
  }

  private ringCompletion(id: number, head: number): boolean | undefined {
    const queue = this.completion.get(id);
    if (queue === undefined) return undefined;
    const posted = queue.ring(this.options.memory, head);
    if (posted) this.interrupt(queue);
    this.updatePin();
    this.fetchCommands();
    return posted !== undefined;
  }

  /** Takes commands from the queues in turn, one each, while there is room for more. */
  private fetchCommands(): void {
    let found = true;
    while (found && this.isReady && this.options.isBusMaster()) {
      found = false;
      for (const queue of [...this.submission.values()]) {
        if (queue.isEmpty || this.commands.size >= MAX_COMMANDS) continue;
        if (this.isBlocked(queue)) continue;
        this.begin(queue.fetch(this.options.memory));
        found = true;
      }
    }
  }

  /** A queue whose completions do not find room waits with the next commands; the host must take entries first. */
  private isBlocked(queue: SubmissionQueue): boolean {
    return this.deletions.some((command) => (command.cdw(10) & 0xffff) === queue.id) || this.isCrowded(queue);
  }

  private isCrowded({ cqId }: SubmissionQueue): boolean {
    return (this.completion.get(cqId)?.waitingCount ?? 0) >= MAX_COMMANDS;
  }

  // --- Commands ---

  private begin(command: NvmeCommand): void {
    if (command.sqId !== ADMIN_QUEUE) this.beginIo(command);
    else {
      const outcome = this.executeAdmin(command);
      if (outcome !== undefined) this.complete(command, outcome);
    }
  }

  private beginIo(command: NvmeCommand): void {
    this.commands.add(command);
    const end = (status: number): void => {
      if (!this.commands.delete(command)) return;
      this.complete(command, { status });
      this.finishDeletions();
      this.fetchCommands();
    };
    const status = this.guard(command, () => this.io.execute(command, end));
    if (status !== undefined && this.commands.delete(command)) this.complete(command, { status });
  }

  private executeAdmin(command: NvmeCommand): Outcome | undefined {
    switch (command.opcode) {
      case Admin.CreateCq:
        return { status: this.createCompletionQueue(command) };
      case Admin.CreateSq:
        return { status: this.createSubmissionQueue(command) };
      case Admin.DeleteCq:
        return { status: this.deleteCompletionQueue(command) };
      case Admin.DeleteSq:
        return this.deleteSubmissionQueue(command);
      case Admin.AsyncEventRequest:
        return this.requestEvent(command);
      default:
        return this.executeOtherAdmin(command);
    }
  }

  private executeOtherAdmin(command: NvmeCommand): Outcome {
    let outcome: Outcome | undefined;
    const status = this.guard(command, () => {
      outcome = this.admin.execute(command);
      return outcome?.status ?? NvmeStatus.InvalidOpcode;
    });
    return { ...outcome, status: status ?? NvmeStatus.InvalidOpcode };
  }

  /** What is wrong with a command's form, or its data pointers, becomes its status. */
  private guard(command: NvmeCommand, execute: () => number | undefined): number | undefined {
    if (command.isExotic) return NvmeStatus.InvalidField;
    try {
      return execute();
    } catch (error) {
      if (!(error instanceof PrpError)) throw error;
      trace(this.options.name, error.message);
      return NvmeStatus.PrpOffsetInvalid;
    }
  }

  private complete({ sqId, cid }: NvmeCommand, { status, result = 0 }: Outcome): void {
    const sq = this.submission.get(sqId);
    const cq = this.completion.get(sq?.cqId ?? ADMIN_QUEUE);
    if (sq === undefined || cq === undefined) return;
    const withRetry = status === NvmeStatus.Success ? status : status | STATUS_DNR;
    const completion = { sqId, sqHead: sq.head, cid, status: withRetry, result };
    if (cq.post(this.options.memory, completion)) this.interrupt(cq);
    this.updatePin();
  }

  private interrupt(queue: CompletionQueue): void {
    if (queue.interrupts) this.options.onVector(queue.vector);
  }

  /** All queues share the pin; INTMS masks the vectors one by one. */
  private updatePin(): void {
    let asserted = false;
    for (const queue of this.completion.values())
      asserted ||= queue.interrupts && queue.hasEntries && ((this.interruptMask >>> queue.vector) & 1) === 0;
    this.options.onPin(asserted);
  }

  // --- Queues (5.3 to 5.6) ---

  private createCompletionQueue(command: NvmeCommand): number {
    const { id, size, wrong } = this.queueParameters(command, this.completion);
    const flags = command.cdw(11);
    const vector = flags >>> 16;
    if (wrong !== undefined) return wrong;
    if (vector >= this.options.vectors) return NvmeStatus.InvalidInterruptVector;
    const interrupts = (flags & INTERRUPTS_ENABLED) !== 0;
    this.completion.set(id, new CompletionQueue(id, command.prp1, size, vector, interrupts));
    return NvmeStatus.Success;
  }

  private createSubmissionQueue(command: NvmeCommand): number {
    const cqId = command.cdw(11) >>> 16;
    if (cqId === ADMIN_QUEUE || !this.completion.has(cqId)) return NvmeStatus.CompletionQueueInvalid;
    const { id, size, wrong } = this.queueParameters(command, this.submission);
    if (wrong === undefined) this.submission.set(id, new SubmissionQueue(id, command.prp1, size, cqId));
    return wrong ?? NvmeStatus.Success;
  }

  private queueParameters(command: NvmeCommand, queues: ReadonlyMap<number, unknown>) {
    const id = command.cdw(10) & 0xffff;
    const size = (command.cdw(10) >>> 16) + 1;
    return { id, size, wrong: this.checkQueue(command, id, size, queues) };
  }

  private checkQueue(command: NvmeCommand, id: number, size: number, queues: ReadonlyMap<number, unknown>) {
    if (id === ADMIN_QUEUE || id > MAX_IO_QUEUES || queues.has(id)) return NvmeStatus.InvalidQueueId;
    if (size < 2 || size > MAX_QUEUE_ENTRIES) return NvmeStatus.InvalidQueueSize;
    if ((command.cdw(11) & PHYSICALLY_CONTIGUOUS) === 0) return NvmeStatus.InvalidField;
    return command.prp1 % (pageBytesOf(this.cc) ?? 4096) === 0 ? undefined : NvmeStatus.PrpOffsetInvalid;
  }

  private deleteCompletionQueue(command: NvmeCommand): number {
    const id = command.cdw(10) & 0xffff;
    if (id === ADMIN_QUEUE || !this.completion.has(id)) return NvmeStatus.InvalidQueueId;
    if ([...this.submission.values()].some(({ cqId }) => cqId === id)) return NvmeStatus.InvalidQueueDeletion;
    this.completion.delete(id);
    this.updatePin();
    return NvmeStatus.Success;
  }

  /** Over when the queue's commands are: their data must not arrive after the host has taken its memory back. */
  private deleteSubmissionQueue(command: NvmeCommand): Outcome | undefined {
    const id = command.cdw(10) & 0xffff;
    if (id === ADMIN_QUEUE || !this.submission.has(id)) return { status: NvmeStatus.InvalidQueueId };
    this.deletions.push(command);
    this.finishDeletions();
    return undefined;
  }

  private finishDeletions(): void {
    for (const command of [...this.deletions]) {
      const id = command.cdw(10) & 0xffff;
      if ([...this.commands].some(({ sqId }) => sqId === id)) continue;
      this.deletions.splice(this.deletions.indexOf(command), 1);
      const status = this.submission.delete(id) ? NvmeStatus.Success : NvmeStatus.InvalidQueueId;
      this.complete(command, { status });
    }
  }

  // --- Events (5.2) ---

  private requestEvent(command: NvmeCommand): Outcome | undefined {
    if (this.eventRequests.length >= MAX_EVENT_REQUESTS) return { status: NvmeStatus.EventRequestLimit };
    this.eventRequests.push(command);
    this.deliverEvents();
    return undefined;
  }

  /** Each kind once, until the host has heard of it. */
  private raiseEvent(event: number): void {
    trace(this.options.name, `event ${event.toString(16)}`);
    if (!this.events.includes(event)) this.events.push(event);
    this.deliverEvents();
  }

  private deliverEvents(): void {
    while (this.events.length > 0) {
      const command = this.eventRequests.shift();
      if (command === undefined) return;
      this.complete(command, { status: NvmeStatus.Success, result: this.events.shift() ?? 0 });
    }
  }
}

function restoreCommand({ sqId, bytes }: { sqId: number; bytes: readonly number[] }): NvmeCommand {
  return new NvmeCommand(sqId, Uint8Array.from(bytes));
}
