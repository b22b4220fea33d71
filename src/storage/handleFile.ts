import { FileTreeError } from "../bus/fileTree.ts";

/**
 * An open file behind a FileSystemFileHandle (File System Standard). A browser writes into a copy that takes the file's place when the
 * stream is closed: so writes are gathered until somebody reads, syncs or closes.
 */
export class HandleFile {
  /** Who have it open. */
  users = 0;
  private stream: FileSystemWritableFileStream | undefined;
  /** With what has been written to the stream. */
  private sizeBytes = 0;
  /** The contents as they were when it was asked for. */
  private snapshot: File | undefined;
  private isRemoved = false;

  constructor(
    readonly id: bigint,
    private handle: FileSystemFileHandle,
  ) {}

  /** It has been renamed, with everything written. */
  moveTo(handle: FileSystemFileHandle): void {
    this.handle = handle;
    this.snapshot = undefined;
  }

  /** It is no more, with everything written: what is written from now on would make it anew. */
  noteRemoval(): void {
    this.isRemoved = true;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    await this.flush();
    const bytes = await this.readSnapshot(offset, target.length).catch(() => {
      // The host has changed it since.
      this.snapshot = undefined;
      return this.readSnapshot(offset, target.length);
    });
    target.set(bytes);
    return bytes.length;
  }

  async write(offset: number, source: Uint8Array): Promise<number> {
    const stream = await this.openStream();
    // A copy: streams do not take shared memory.
    await stream.write({ type: "write", position: offset, data: source.slice() as Uint8Array<ArrayBuffer> });
    this.sizeBytes = Math.max(this.sizeBytes, offset + source.length);
    return source.length;
  }

  async truncate(sizeBytes: number): Promise<void> {
    await (await this.openStream()).truncate(sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  async status(): Promise<{ sizeBytes: number; modifiedMs: number }> {
    this.checkThere();
    if (this.stream) return { sizeBytes: this.sizeBytes, modifiedMs: Date.now() };
    const { size, lastModified } = await this.handle.getFile();
    return { sizeBytes: size, modifiedMs: lastModified };
  }

  /** What has been written is in the file then. */
  async flush(): Promise<void> {
    const { stream } = this;
    this.stream = undefined;
    await stream?.close();
  }

  /** Its handle is a place, which may be another file's by now. */
  private checkThere(): void {
    if (this.isRemoved) throw new FileTreeError("ENOENT");
  }

  private async readSnapshot(offset: number, length: number): Promise<Uint8Array> {
    this.checkThere();
    this.snapshot ??= await this.handle.getFile();
    return new Uint8Array(await this.snapshot.slice(offset, offset + length).arrayBuffer());
  }

  private async openStream(): Promise<FileSystemWritableFileStream> {
    this.checkThere();
    if (this.stream) return this.stream;
    this.sizeBytes = (await this.handle.getFile()).size;
    this.stream = await this.handle.createWritable({ keepExistingData: true });
    this.snapshot = undefined;
    return this.stream;
  }
}
