/**
 * Lets waiting messages and input in. A reused MessageChannel costs some microseconds where setTimeout(0) costs up to 4 ms
 * (docs/performance.md).
 */
export class EventYielder {
  private readonly channel = new MessageChannel();
  private resolve: (() => void) | undefined;

  constructor() {
    this.channel.port1.onmessage = () => {
      const { resolve } = this;
      this.resolve = undefined;
      resolve?.();
    };
  }

  yield(): Promise<void> {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.channel.port2.postMessage(null);
    });
  }

  close(): void {
    this.channel.port1.close();
    this.channel.port2.close();
  }
}
