/**
 * An ATAPI CD-ROM drive: the PACKET command's phases around a {@link CdUnit}. Documents: ATA/ATAPI-7 volume 1, 6.24 and volume 2,
 * 11.8 (protocol), INF-8020i revision 2.6. Departures: no overlap; a byte count limit of 0 means as much as possible; power-on is
 * no unit attention (boot loaders that do not ask twice find the disc).
 */
import { bool, object, u8, u16 } from "../../bus/savedState.ts";
import { Command, SECTOR_BYTES, Status } from "./ataRegisters.ts";
import { rawSectors } from "./cdReplies.ts";
import { CD_UNIT_STATE, CdUnit, type PacketResult } from "./cdUnit.ts";
import { type DriveWiring, IdeDrive } from "./ideDrive.ts";
import { identifyPacketDevice } from "./identify.ts";
import { CD_SECTOR_BYTES, NO_SENSE, PACKET_BYTES, type Sense, UNRECOVERED_READ_ERROR } from "./packetCommands.ts";
import { Signature } from "./taskFile.ts";

/** The sector count register is the interrupt reason: a packet or status, else data; to the host, else from it. */
const REASON_COMMAND = 0x01;
const REASON_TO_HOST = 0x02;
const FEATURE_DMA = 0x01;
const FEATURE_OVERLAP = 0x02;
/** The error register has the sense key in its high half. */
const SENSE_KEY_SHIFT = 4;
const LARGEST_BLOCK = 0xfffe;
const POWER_ACTIVE = 0xff;

const Phase = { None: 0, Identify: 1, Packet: 2, Data: 3 } as const;
const STATE = object({ phase: u8, packetDma: bool, byteLimit: u16, unit: CD_UNIT_STATE });

export class AtapiCdrom extends IdeDrive {
  /** DRDY is clear until the first command: so a host tells packet devices from disks. */
  protected readonly idleStatus = 0;
  protected readonly signature = Signature.Packet;
  private readonly unit: CdUnit;
  private phase: number = Phase.None;
  /** How the data of the packet's command moves. */
  private packetDma = false;
  private byteLimit = LARGEST_BLOCK;

  constructor(wiring: DriveWiring) {
    super(wiring);
    this.unit = new CdUnit(wiring.disk);
    wiring.disk.onMediumChange = () => this.mediumChanged();
    this.powerOn();
  }

  dataRequested(bytes: number, first: boolean): void {
    this.status = Status.Ready | Status.DataRequest;
    if (this.phase === Phase.Packet) {
      this.task.sectorCount = REASON_COMMAND;
      return;
    }
    if (this.phase === Phase.Data) {
      this.task.sectorCount = this.transfer.isToHost ? REASON_TO_HOST : 0;
      this.task.byteCount = bytes;
    } else if (!first) return;
    this.setInterrupt(true);
  }

  transferCompleted(): void {
    const { phase } = this;
    this.phase = Phase.None;
    if (phase === Phase.Identify) this.status = Status.Ready;
    else if (phase === Phase.Packet) this.executePacket(this.transfer.received.slice(0, PACKET_BYTES));
    else this.succeed();
  }

  transferFailed(): void {
    this.checkCondition(this.unit.sectors === 0 ? this.unit.noMedium : UNRECOVERED_READ_ERROR);
  }

  formSectors(form: number, offset: number, data: Uint8Array): Uint8Array {
    return rawSectors(form, offset / CD_SECTOR_BYTES, data);
  }

  protected override interrupts(code: number): boolean {
    return code === Command.DeviceReset;
  }

  protected execute(code: number): boolean {
    const { task } = this;
    switch (code) {
      case Command.Packet:
        return this.receivePacket();
      case Command.IdentifyPacket:
        this.phase = Phase.Identify;
        this.transfer.reply(identifyPacketDevice(this.disk.name, this.transferMode), {
          dma: false,
          blockBytes: SECTOR_BYTES,
        });
        return true;
      case Command.DeviceReset:
        this.softReset();
        return true;
      case Command.Identify:
      case Command.ReadSectors:
        // Aborted, with the signature: how hosts find that this is no disk (ATA/ATAPI-7 volume 1, 6.17.5).
        task.setSignature(this.signature);
        return false;
      case Command.SetFeatures:
        if (!this.setFeature()) return false;
        break;
      case Command.CheckPowerMode:
        task.sectorCount = POWER_ACTIVE;
        break;
      case Command.StandbyImmediate:
      case Command.IdleImmediate:
      case Command.Sleep:
        break;
      default:
        return false;
    }
    this.finish();
    return true;
  }

  protected resetOwn(): void {
    this.unit.reset();
  }

  protected cancelOwn(): void {
    this.phase = Phase.None;
  }

  protected saveOwn(): unknown {
    const { phase, packetDma, byteLimit } = this;
    return { phase, packetDma, byteLimit, unit: this.unit.save() };
  }

  protected parseOwn(saved: unknown): () => void {
    const { phase, packetDma, byteLimit, unit } = STATE(saved, this.disk.name);
    return () => {
      Object.assign(this, { phase, packetDma, byteLimit });
      this.unit.restore(unit);
    };
  }

  private receivePacket(): boolean {
    const { features, byteCount } = this.task;
    if (features & FEATURE_OVERLAP) return false;
    this.packetDma = (features & FEATURE_DMA) !== 0;
    // All blocks but the last are even.
    this.byteLimit = Math.min(LARGEST_BLOCK, byteCount & ~1 || LARGEST_BLOCK);
    this.phase = Phase.Packet;
    this.transfer.receive(PACKET_BYTES, { dma: false, blockBytes: PACKET_BYTES });
    return true;
  }

  private executePacket(packet: Uint8Array): void {
    const result = this.unit.execute(packet);
    if (result.kind === "check") this.checkCondition(result.sense);
    else if (result.kind === "done" || (result.kind === "receive" && result.bytes === 0)) this.succeed();
    else this.moveData(result);
  }

  private moveData(result: Extract<PacketResult, { kind: "reply" | "read" | "receive" }>): void {
    const way = { dma: this.packetDma, blockBytes: this.byteLimit };
    this.phase = Phase.Data;
    this.mediumBusy();
    if (result.kind === "reply") this.transfer.reply(result.data, way);
    else if (result.kind === "receive") this.transfer.receive(result.bytes, way);
    else {
      const [offset, bytes] = [result.sector * CD_SECTOR_BYTES, result.sectors * CD_SECTOR_BYTES];
      this.transfer.readMedium({ offset, bytes, form: result.form }, way);
    }
  }

  private succeed(): void {
    this.unit.note(NO_SENSE);
    this.endPacket(0);
  }

  private checkCondition(condition: Sense): void {
    this.phase = Phase.None;
    this.unit.note(condition);
    this.error = condition.key << SENSE_KEY_SHIFT;
    this.endPacket(Status.Error);
  }

  private endPacket(status: number): void {
    this.task.sectorCount = REASON_COMMAND | REASON_TO_HOST;
    this.finish(status);
  }

  /** A command that was reading the old disc ends with an error. */
  private mediumChanged(): void {
    this.unit.mediumChanged();
    if (this.phase !== Phase.Data) return;
    this.transfer.cancel();
    this.checkCondition(this.unit.noMedium);
  }
}
