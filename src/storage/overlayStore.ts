/**
 * What keeps the bytes of an overlay: a file of Node's, a file of the origin private file system, memory. Everything is done when
 * the call returns; failures are thrown as StorageErrors.
 */
export interface OverlayStore {
  /** For messages. */
  readonly name: string;
  /** What is in it ends with it: it needs no identity of the image beneath. */
  readonly isVolatile: boolean;
  readonly sizeBytes: number;
  /** What lies behind the end reads as zeros. */
  read(offset: number, target: Uint8Array): void;
  /** Grows the store if need be. */
  write(offset: number, source: Uint8Array): void;
  /** Cuts the store, or fills it up with zeros. */
  resize(sizeBytes: number): void;
  /** Everything written before is on the medium when this returns. */
  flush(): void;
  close(): void;
}
