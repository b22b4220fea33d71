/** Where a guest's bytes go: files, written in pieces, and the process's standard output, which is told when it is broken. */
import { closeSync, writeSync } from "node:fs";
import { cannotWrite, openOutput } from "./files.ts";

const BUFFER_BYTES = 4096;

/** A file for a stream of bytes. Bytes reach it when enough have come together, soon after the last, and when it is closed. */
export class OutputFile {
  private readonly fd: number;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  private flushing: NodeJS.Immediate | undefined;

  /** @throws UsageError if the file cannot be opened. */
  constructor(
    private readonly option: string,
    private readonly path: string,
  ) {
    this.fd = openOutput(option, path);
  }

  readonly writeByte = (byte: number): void => {
    this.buffer[this.used++] = byte;
    if (this.used === BUFFER_BYTES) this.flush();
    else this.flushing ??= setImmediate(() => this.flush());
  };

  readonly write = (bytes: Uint8Array): void => {
    for (const byte of bytes) this.writeByte(byte);
  };

  close(): void {
    this.flush();
    closeSync(this.fd);
  }

  private flush(): void {
    if (this.flushing) clearImmediate(this.flushing);
    this.flushing = undefined;
    try {
      for (let at = 0; at < this.used; ) at += writeSync(this.fd, this.buffer, at, this.used - at);
    } catch (error) {
      throw cannotWrite(this.option, this.path, error);
    } finally {
      this.used = 0;
    }
  }
}

/** What is used of `process.stdout` and `process.stderr`. */
export interface TextOutput {
  write(data: Uint8Array | string, done?: () => void): unknown;
}

/** Standard output, with the knowledge whether a line is unfinished. */
export class Console implements TextOutput {
  private column = false;

  constructor(private readonly output: TextOutput) {}

  write(data: Uint8Array | string, done?: () => void): void {
    if (data.length > 0) this.column = data.at(-1) !== 0x0a && data.at(-1) !== "\n";
    this.output.write(data, done);
  }

  /** Ends the guest's last line, so that what follows begins one. */
  freshLine(): void {
    if (this.column) this.write("\n");
  }

  /** Resolves when everything has been handed to the system. */
  flush(): Promise<void> {
    return new Promise((resolve) => this.output.write("", () => resolve()));
  }
}
