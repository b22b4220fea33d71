/** virtio-console with one port, Linux's hvc0. Document: virtio 1.2, 5.3. Not modelled: further ports. */
import { list, object, u8, u16 } from "../../bus/savedState.ts";
import { ByteQueue } from "../uart/byteQueue.ts";
import { VirtioDevice } from "./virtioDevice.ts";
import { featureSet, VirtioType } from "./virtioRegisters.ts";

export const ConsoleFeature = { Size: 0, EmergencyWrite: 2 } as const;

export interface ConsoleBackend {
  /** A byte that the guest sent. */
  write(byte: number): void;
}

const QUEUE_SIZE = 64;
const RECEIVE = 0;
const TRANSMIT = 1;
/** cols, rows, max_nr_ports, emerg_wr (5.3.4). */
const CONFIG_BYTES = 12;
const CONFIG_COLUMNS = 0;
const CONFIG_ROWS = 2;
const CONFIG_PORTS = 4;
const CONFIG_EMERGENCY_WRITE = 8;
const COMMUNICATION_CLASS = 0x078000;
/** What is read of a buffer at a time, however long it is. */
const PIECE_BYTES = 4096;
/** Output of one buffer beyond this is cut: no terminal wants it, and lengths are the guest's word. */
const MOST_OUTPUT_BYTES = 0x10_0000;

const SHAPE = object({ columns: u16, rows: u16, input: list(u8) });

export class VirtioConsole extends VirtioDevice {
  readonly type = VirtioType.Console;
  readonly classCode = COMMUNICATION_CLASS;
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE];
  readonly features = featureSet(ConsoleFeature.Size, ConsoleFeature.EmergencyWrite);
  readonly config = new Uint8Array(CONFIG_BYTES);
  private readonly view = new DataView(this.config.buffer);
  private readonly input = new ByteQueue();
  private readonly piece = new Uint8Array(PIECE_BYTES);

  constructor(
    private readonly backend: ConsoleBackend,
    size: { columns: number; rows: number } = { columns: 80, rows: 25 },
  ) {
    super();
    this.setSize(size.columns, size.rows);
    this.view.setUint32(CONFIG_PORTS, 1, true);
  }

  /** Input for the guest; it waits until the guest takes it. */
  receive(bytes: Uint8Array | readonly number[]): void {
    this.input.push(bytes);
    this.deliver();
  }

  /** The terminal has another size; the guest is told. */
  resize(columns: number, rows: number): void {
    this.setSize(columns, rows);
    this.port.configChanged();
  }

  notified(queue: number): void {
    if (queue === RECEIVE) this.deliver();
    else this.transmit();
  }

  /** emerg_wr: output before there are queues. Its low byte is a character. */
  override writeConfig(offset: number, value: number): void {
    if (offset === CONFIG_EMERGENCY_WRITE) this.backend.write(value);
  }

  /** Drivers reset the device before they use it; what was typed by then is not lost. */
  reset(): void {}

  override powerOn(): void {
    this.input.clear();
  }

  save(): unknown {
    const columns = this.view.getUint16(CONFIG_COLUMNS, true);
    return { columns, rows: this.view.getUint16(CONFIG_ROWS, true), input: this.input.toArray() };
  }

  parse(state: unknown): () => void {
    const { columns, rows, input } = SHAPE(state, "virtio-console");
    return () => {
      this.setSize(columns, rows);
      this.input.clear();
      this.input.push(input);
    };
  }

  private setSize(columns: number, rows: number): void {
    this.view.setUint16(CONFIG_COLUMNS, columns, true);
    this.view.setUint16(CONFIG_ROWS, rows, true);
  }

  private deliver(): void {
    const queue = this.port.queue(RECEIVE);
    while (this.input.length > 0) {
      const chain = queue.pop();
      if (chain === undefined) return;
      const bytes = new Uint8Array(Math.min(this.input.length, chain.writable.length, PIECE_BYTES));
      for (let index = 0; index < bytes.length; index++) bytes[index] = this.input.shift();
      queue.complete(chain, chain.writable.write(0, bytes));
    }
  }

  private transmit(): void {
    const queue = this.port.queue(TRANSMIT);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      const end = Math.min(chain.readable.length, MOST_OUTPUT_BYTES);
      for (let at = 0; at < end; at += PIECE_BYTES) {
        const length = chain.readable.read(at, this.piece.subarray(0, Math.min(PIECE_BYTES, end - at)));
        for (let index = 0; index < length; index++) this.backend.write(this.piece[index]);
      }
      queue.complete(chain, 0);
    }
  }
}
