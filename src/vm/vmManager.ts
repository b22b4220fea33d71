/** The VMs of a page: any number side by side, each with its own worker, memory, screen and console. */
import { VmClient, type VmRequest } from "./vmClient.ts";

export class VmManager {
  private list: readonly VmClient[] = [];
  private readonly listeners = new Set<() => void>();

  /** The VMs that are not closed, oldest first. A new array whenever that changes. */
  get machines(): readonly VmClient[] {
    return this.list;
  }

  /** Makes a VM and starts it; it is there at once, in the state `loading`. */
  start(request: VmRequest): VmClient {
    const machine = new VmClient(request);
    this.change([...this.list, machine]);
    void machine.boot();
    return machine;
  }

  /** The same machine made anew, in the place of one that failed. */
  replace(machine: VmClient): VmClient {
    const fresh = new VmClient(machine.request);
    this.change(this.list.map((one) => (one === machine ? fresh : one)));
    void machine.close();
    void fresh.boot();
    return fresh;
  }

  async close(machine: VmClient): Promise<void> {
    this.change(this.list.filter((one) => one !== machine));
    await machine.close();
  }

  /** Calls `listener` when a VM has come or gone; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private change(list: readonly VmClient[]): void {
    this.list = list;
    for (const listener of [...this.listeners]) listener();
  }
}
