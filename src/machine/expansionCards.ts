/** The PCI functions that a machine is given by its configuration: disks on virtio and NVMe, consoles, sources of random numbers. */
import type { EntropySource } from "../bus/entropySource.ts";
import type { FileTree } from "../bus/fileTree.ts";
import type { IoScheduler } from "../bus/ioScheduler.ts";
import { NvmePci } from "../devices/nvme/nvmePci.ts";
import type { PciBus } from "../devices/pci/pciBus.ts";
import type { PciDevice, PciHost } from "../devices/pci/pciDevice.ts";
import { Virtio9p } from "../devices/virtio/ninep/virtio9p.ts";
import { VirtioBlk } from "../devices/virtio/virtioBlk.ts";
import { type ConsoleBackend, VirtioConsole } from "../devices/virtio/virtioConsole.ts";
import type { VirtioDevice } from "../devices/virtio/virtioDevice.ts";
import { VirtioPci } from "../devices/virtio/virtioPci.ts";
import { VirtioRng } from "../devices/virtio/virtioRng.ts";
import type { DriveBay } from "./drives.ts";
import * as pc from "./pc.ts";
import type { VirtioConfig } from "./vmConfig.ts";
import { VmError } from "./vmError.ts";

/** A tree of files, which the guest knows by a tag. */
export interface AttachedShare {
  tag: string;
  tree: FileTree;
}

export interface ExpansionOptions {
  drives: DriveBay;
  entropy: EntropySource;
  /** What hvc0 is connected to; without it the guest has no virtio console. */
  console?: ConsoleBackend | undefined;
  virtio?: VirtioConfig | undefined;
  /** Trees of files that the guest may mount. */
  shares?: readonly AttachedShare[] | undefined;
  io: IoScheduler;
}

export class ExpansionCards {
  readonly devices: PciDevice[] = [];
  /** hvc0. */
  readonly console: VirtioConsole | undefined;
  private nextSlot: number = pc.SLOT_FIRST_DRIVE;

  /** Throws a VmError where there are more drives than slots. */
  constructor(
    private readonly pci: PciBus,
    private readonly host: PciHost,
    private readonly options: ExpansionOptions,
  ) {
    for (const { index, disk } of options.drives.on("virtio"))
      this.plugVirtio(`virtio-blk${index}`, new VirtioBlk({ disk }), this.driveSlot());
    for (const { index, disk } of options.drives.on("nvme"))
      this.plug(new NvmePci(host, { name: `nvme${index}`, disk }), this.driveSlot());
    for (const [index, { tag, tree }] of (options.shares ?? []).entries())
      this.plugVirtio(`virtio-9p${index}`, new Virtio9p({ tag, tree, scheduler: options.io }), this.driveSlot());
    if (options.console) {
      this.console = new VirtioConsole(options.console);
      this.plugVirtio("virtio-console", this.console, pc.SLOT_CONSOLE);
    }
    if (options.virtio?.rng !== false) this.plugVirtio("virtio-rng", new VirtioRng(options.entropy), pc.SLOT_RNG);
  }

  private plugVirtio(name: string, device: VirtioDevice, slot: number): void {
    const { packed = false, transitional = true } = this.options.virtio ?? {};
    this.plug(new VirtioPci(device, this.host, { name, packed, transitional }), slot);
  }

  private plug(device: PciDevice, slot: number): void {
    this.pci.attach(device, slot);
    this.devices.push(device);
  }

  private driveSlot(): number {
    if (this.nextSlot > pc.SLOT_LAST_DRIVE)
      throw new VmError("bad-config", `there is room for ${this.nextSlot - pc.SLOT_FIRST_DRIVE} drives on PCI only`);
    return this.nextSlot++;
  }
}
