/** A drive as a device sees it: a medium that may be absent, changed or fail, with operations that end later. */
import { type BlockBackend, StorageError } from "./blockBackend.ts";
import type { IoDone, IoOperation, IoScheduler } from "./ioScheduler.ts";

export class Disk {
  /** The device hears that the medium was changed; not at construction. */
  onMediumChange: (() => void) | undefined;
  /** The machine's owner hears of failures of the medium, to tell the user. */
  onFailure: ((error: Error) => void) | undefined;

  constructor(
    /** For messages: "ide0-hd0". */
    readonly name: string,
    private readonly scheduler: IoScheduler,
    private backend?: BlockBackend,
  ) {}

  /** There is a medium. */
  get present(): boolean {
    return this.backend !== undefined;
  }

  get medium(): BlockBackend | undefined {
    return this.backend;
  }

  /** 0 without a medium. */
  get sizeBytes(): number {
    return this.backend?.sizeBytes ?? 0;
  }

  get readOnly(): boolean {
    return this.backend?.readOnly ?? true;
  }

  /** Puts in another medium, or none. The caller closes the old one, which is returned. */
  change(backend: BlockBackend | undefined): BlockBackend | undefined {
    const old = this.backend;
    this.backend = backend;
    this.onMediumChange?.();
    return old;
  }

  /** Fills `target`; it must not be touched before `done`. */
  read(offset: number, target: Uint8Array, done: IoDone): IoOperation {
    return this.submit(target.length, done, (backend) => {
      this.checkRange(offset, target.length);
      return backend.read(offset, target);
    });
  }

  /** `source` must not be changed before `done`. */
  write(offset: number, source: Uint8Array, done: IoDone): IoOperation {
    return this.submit(source.length, done, (backend) => {
      this.checkWritable();
      this.checkRange(offset, source.length);
      return backend.write(offset, source);
    });
  }

  flush(done: IoDone): IoOperation {
    return this.submit(0, done, (backend) => backend.flush());
  }

  discard(offset: number, length: number, done: IoDone): IoOperation {
    return this.submit(0, done, (backend) => {
      this.checkWritable();
      this.checkRange(offset, length);
      return backend.discard(offset, length);
    });
  }

  private submit(bytes: number, done: IoDone, start: (backend: BlockBackend) => Promise<void> | undefined) {
    const { backend } = this;
    return this.scheduler.submit(
      () => {
        if (!backend) throw new GuestMistake(`${this.name}: no medium`);
        return start(backend);
      },
      bytes,
      (error) => {
        if (error && !(error instanceof GuestMistake)) this.onFailure?.(error);
        done(error);
      },
    );
  }

  private checkRange(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.sizeBytes)
      throw new GuestMistake(`${this.name}: ${length} bytes at ${offset} lie beyond the medium`);
  }

  private checkWritable(): void {
    if (this.readOnly) throw new GuestMistake(`${this.name}: the medium is read-only`);
  }
}

/** The guest asked for what cannot be: an I/O error to the guest, nothing to tell the user. */
class GuestMistake extends StorageError {}
