/**
 * What a disk's data comes from and goes to: memory, a file, a page of the web, an image format over one of these. Offsets and lengths
 * are bytes, any alignment, and lie within `sizeBytes` (Disk checks). What is quick is done when the call returns and gives
 * undefined; what is not gives a promise. Until it is settled the buffer belongs to the backend. Failures are thrown or rejected.
 */
export interface BlockBackend {
  /** A multiple of 512 bytes. */
  readonly sizeBytes: number;
  /** Writes are refused; the guest sees a write-protected medium. */
  readonly readOnly: boolean;
  read(offset: number, target: Uint8Array): Promise<void> | undefined;
  write(offset: number, source: Uint8Array): Promise<void> | undefined;
  /** Done when everything written before is on the medium: a killed process loses nothing of it. */
  flush(): Promise<void> | undefined;
  /** The guest has no use for these bytes any more; what they read as is up to the backend. */
  discard(offset: number, length: number): Promise<void> | undefined;
  /** Gives back files and connections, after a flush. */
  close(): Promise<void> | undefined;
}

/** A failure of a medium: `message` is one line that names the file or address. */
export class StorageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StorageError";
  }
}
