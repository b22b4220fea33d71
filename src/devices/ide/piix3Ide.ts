/**
 * The IDE function of the 82371SB (PIIX3): two channels at the ports and interrupts of the PC/AT, and their bus masters behind
 * BAR 4. Document: Intel 82371SB datasheet (290550), 2.3 and 3.4. The timing registers keep what is written; of these only the
 * decode enable bits act.
 */
import type { AccessSize, IoHandler } from "../../bus/addressSpace.ts";
import type { Disk } from "../../bus/disk.ts";
import type { GuestMemory } from "../../bus/guestMemory.ts";
import type { IrqLine } from "../../bus/irqLine.ts";
import { list, object } from "../../bus/savedState.ts";
import { PciDevice, type PciSpaces } from "../pci/pciDevice.ts";
import { COMMAND_IO, COMMAND_MASTER, PciReg } from "../pci/pciRegisters.ts";
import { AtaDisk } from "./ataDisk.ts";
import { AtapiCdrom } from "./atapiCdrom.ts";
import { BusMasterChannel } from "./busMaster.ts";
import { IDE_CHANNEL_STATE, IdeChannel } from "./ideChannel.ts";

const IDETIM = 0x40;
const SIDETIM = 0x44;
/** In each channel's timing register: its ports are decoded. */
const DECODE_ENABLE = 0x8000;
const BUS_MASTER_BAR = 4;
const BUS_MASTER_BYTES = 16;
const REGISTERS_PER_CHANNEL = 8;

interface ChannelPorts {
  name: string;
  command: number;
  control: number;
}
const CHANNELS: readonly ChannelPorts[] = [
  { name: "ide primary", command: 0x1f0, control: 0x3f6 },
  { name: "ide secondary", command: 0x170, control: 0x376 },
];
const ACCESS_SIZES: readonly AccessSize[] = [1, 2, 4];
const SHAPE = object({ channels: list(IDE_CHANNEL_STATE, CHANNELS.length) });

export interface IdeDriveOptions {
  /** 0-3: primary master, primary slave, secondary master, secondary slave. */
  index: number;
  media: "disk" | "cdrom";
  disk: Disk;
}

export interface Piix3IdeOptions {
  memory: GuestMemory;
  /** IRQ 14 and 15. */
  irqs: readonly [IrqLine, IrqLine];
  drives: readonly IdeDriveOptions[];
}

export class Piix3Ide extends PciDevice {
  private readonly channels: readonly IdeChannel[];
  /** derived: from the timing registers and the command register. */
  private readonly decoded = CHANNELS.map(() => false);

  constructor(spaces: PciSpaces, { memory, irqs, drives }: Piix3IdeOptions) {
    super("ide", "piix3-ide", 1, { vendorId: 0x8086, deviceId: 0x7010, classCode: 0x010180 }, spaces);
    this.config.define(PciReg.Command, 2, 0, COMMAND_IO | COMMAND_MASTER);
    this.config.define(PciReg.Status, 2, 0x0280, 0, 0x3800);
    this.config.define(IDETIM, 4, 0, 0xffff_ffff);
    this.config.define(SIDETIM, 1, 0, 0xff);
    this.channels = CHANNELS.map(({ name }, index) => {
      const busMaster = new BusMasterChannel(name, memory, () => this.busMaster);
      return new IdeChannel(irqs[index], busMaster);
    });
    for (const drive of drives) this.attach(drive);
    for (const [index, ports] of CHANNELS.entries()) this.claimPorts(index, ports);
    this.addBar(BUS_MASTER_BAR, {
      kind: "io",
      sizeBytes: BUS_MASTER_BYTES,
      handler: this.busMasterHandler(),
      sizes: [1],
    });
  }

  override writeConfig(offset: number, value: number, size: AccessSize): void {
    super.writeConfig(offset, value, size);
    this.updateDecoding();
  }

  protected resetDevice(): void {
    this.updateDecoding();
    for (const channel of this.channels) channel.reset();
  }

  protected saveDevice(): unknown {
    return { channels: this.channels.map((channel) => channel.save()) };
  }

  protected parseDevice(state: unknown): () => void {
    const { channels } = SHAPE(state, "piix3-ide.device");
    const applied = this.channels.map((channel, index) => channel.prepareRestore(channels[index]));
    return () => {
      this.updateDecoding();
      for (const apply of applied) apply();
    };
  }

  private attach({ index, media, disk }: IdeDriveOptions): void {
    const channel = this.channels[index >> 1];
    const wiring = { disk, dma: channel.busMaster, onInterrupt: channel.updateInterrupt };
    channel.attach(index & 1, media === "cdrom" ? new AtapiCdrom(wiring) : new AtaDisk(wiring));
  }

  private updateDecoding(): void {
    const open = (this.command & COMMAND_IO) !== 0;
    for (const index of CHANNELS.keys())
      this.decoded[index] = open && (this.config.read(IDETIM + 2 * index, 2) & DECODE_ENABLE) !== 0;
  }

  private claimPorts(index: number, { name, command, control }: ChannelPorts): void {
    const { decoded } = this;
    const channel = this.channels[index];
    const commandBlock: IoHandler = {
      read: (register, size) => (decoded[index] ? channel.read(register, size) : -1),
      write: (register, value, size) => {
        if (decoded[index]) channel.write(register, value, size);
      },
      readBlock: (register, size, target) => (decoded[index] ? channel.readBlock(register, size, target) : 0),
      writeBlock: (register, size, source) => (decoded[index] ? channel.writeBlock(register, size, source) : 0),
    };
    const controlBlock: IoHandler = {
      read: () => (decoded[index] ? channel.readAlternateStatus() : 0xff),
      write: (_offset, value) => {
        if (decoded[index]) channel.writeControl(value);
      },
    };
    this.spaces.ports.claim(command, REGISTERS_PER_CHANNEL, commandBlock, { name, sizes: ACCESS_SIZES });
    this.spaces.ports.claim(control, 1, controlBlock, { name: `${name} control` });
  }

  private busMasterHandler(): IoHandler {
    const channelOf = (offset: number) => this.channels[offset >> 3].busMaster;
    return {
      read: (offset) => channelOf(offset).read(offset & 7),
      write: (offset, value) => channelOf(offset).write(offset & 7, value),
    };
  }
}
