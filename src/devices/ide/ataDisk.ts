/**
 * A hard disk: the general feature set of ATA/ATAPI-7 with 48-bit addresses, power management, SMART (without attributes) and
 * TRIM (ATA8-ACS 7.10). Sectors have 512 bytes. Departures: no security, host protected area or queueing; READ VERIFY reads
 * nothing; a disk that can only be read aborts writes, as there is no way to tell a driver beforehand.
 */
import type { IoOperation } from "../../bus/ioScheduler.ts";
import { bool, bytes, list, object, u8, u16, uint } from "../../bus/savedState.ts";
import { AtaError, Command, Feature, SECTOR_BYTES, Status } from "./ataRegisters.ts";
import { RANGE_COMMANDS, type RangeCommand } from "./diskCommands.ts";
import { type DriveWiring, IdeDrive } from "./ideDrive.ts";
import { identifyDisk, MAX_MULTIPLE, MAX_TRIM_BLOCKS } from "./identify.ts";
import { SMART_KEY, Smart, smartData } from "./smart.ts";
import { type Geometry, Signature } from "./taskFile.ts";
import { parseTrimRanges, type TrimRange } from "./trim.ts";

const RANGE = object({ sector: uint, sectors: uint });
const GEOMETRY = object({ cylinders: u16, heads: u8, sectors: u8 });
const STATE = object({
  code: u8,
  geometry: GEOMETRY,
  multiple: u8,
  writeCache: bool,
  smart: bool,
  sectorBuffer: bytes(SECTOR_BYTES),
  flushing: bool,
  trims: list(RANGE),
});

const DEFAULT_HEADS = 16;
const DEFAULT_SECTORS = 63;
/** No more than this is told in cylinders (ATA/ATAPI-5, annex B). */
const MAX_CYLINDERS = 16_383;
const TRIM = 0x01;
const POWER_ACTIVE = 0xff;
const PIO_SECTOR = { dma: false, blockBytes: SECTOR_BYTES };
const BY_DMA = { dma: true, blockBytes: SECTOR_BYTES };

/** The head is where it should be and the disk never sleeps. */
const ALWAYS_WELL: ReadonlySet<number> = new Set([
  ...[Command.StandbyImmediate, Command.IdleImmediate, Command.Standby, Command.Idle, Command.Sleep],
  ...[0x94, 0x95, 0x96, 0x97, 0x99], // the same, as ATA-3 also numbers them
]);

export class AtaDisk extends IdeDrive {
  protected readonly idleStatus = Status.Ready | Status.SeekComplete;
  protected readonly signature = Signature.Disk;
  /** The command that is at work, or was last. */
  private code = 0;
  private geometry: Geometry;
  private multiple = 0;
  private writeCache = true;
  private smartEnabled = false;
  /** Of READ and WRITE BUFFER. */
  private sectorBuffer = new Uint8Array(SECTOR_BYTES);
  private flushing = false;
  /** What is left to trim; the first is under way. */
  private trims: TrimRange[] = [];
  private operation: IoOperation | undefined;

  constructor(wiring: DriveWiring) {
    super(wiring);
    this.geometry = this.defaultGeometry;
    this.powerOn();
  }

  private get sectors(): number {
    return Math.floor(this.disk.sizeBytes / SECTOR_BYTES);
  }

  private get defaultGeometry(): Geometry {
    const [heads, sectors] = [DEFAULT_HEADS, DEFAULT_SECTORS];
    const cylinders = Math.floor(this.sectors / (heads * sectors));
    return { cylinders: Math.min(MAX_CYLINDERS, Math.max(1, cylinders)), heads, sectors };
  }

  /** Each block has its interrupt, but for the first of a write: the host waits for DRQ then. */
  dataRequested(_bytes: number, first: boolean): void {
    this.status = this.idleStatus | Status.DataRequest;
    if (!first || this.transfer.isToHost) this.setInterrupt(true);
  }

  transferCompleted(): void {
    const range = RANGE_COMMANDS.get(this.code);
    if (range) this.rangeCompleted(range);
    else if (this.code === Command.DataSetManagement) this.beginTrim(this.transfer.received);
    else if (this.code === Command.WriteBuffer) {
      this.sectorBuffer = this.transfer.received.slice(0, SECTOR_BYTES);
      this.finish();
    } else this.status = this.idleStatus;
  }

  transferFailed(offset: number): void {
    const range = RANGE_COMMANDS.get(this.code);
    if (range) this.showAddress(range, offset / SECTOR_BYTES);
    this.fail(range?.kind === "read" ? AtaError.Uncorrectable : AtaError.Abort);
  }

  protected execute(code: number): boolean {
    this.code = code;
    const range = RANGE_COMMANDS.get(code);
    if (range) return this.accessMedium(range);
    return this.executeTransfer(code) || this.executeSetting(code) || this.executeNothing(code);
  }

  protected resetOwn(): void {
    this.code = 0;
    this.geometry = this.defaultGeometry;
    this.multiple = MAX_MULTIPLE;
    this.writeCache = true;
    this.smartEnabled = false;
    this.sectorBuffer = new Uint8Array(SECTOR_BYTES);
  }

  protected cancelOwn(): void {
    this.operation?.cancel();
    this.operation = undefined;
    this.flushing = false;
    this.trims = [];
  }

  protected saveOwn(): unknown {
    const { code, multiple, writeCache, smartEnabled: smart, flushing } = this;
    const [geometry, sectorBuffer] = [{ ...this.geometry }, this.sectorBuffer.slice()];
    const trims = this.trims.map((range) => ({ ...range }));
    return { code, geometry, multiple, writeCache, smart, sectorBuffer, flushing, trims };
  }

  protected parseOwn(saved: unknown): () => void {
    const state = STATE(saved, this.disk.name);
    return () => {
      const { code, geometry, multiple, writeCache, smart, sectorBuffer, flushing, trims } = state;
      Object.assign(this, { code, geometry, multiple, writeCache, smartEnabled: smart });
      this.sectorBuffer = sectorBuffer.slice();
      this.trims = trims;
      if (flushing) this.flush();
      else if (trims.length > 0) this.trimNext();
    };
  }

  /** Commands that move data which is not of the medium. */
  private executeTransfer(code: number): boolean {
    switch (code) {
      case Command.Identify:
        this.transfer.reply(this.identify(), PIO_SECTOR);
        return true;
      case Command.ReadBuffer:
        this.transfer.reply(this.sectorBuffer.slice(), PIO_SECTOR);
        return true;
      case Command.WriteBuffer:
        this.transfer.receive(SECTOR_BYTES, PIO_SECTOR);
        return true;
      case Command.Smart:
        return this.executeSmart();
      case Command.DataSetManagement:
        return this.receiveTrim();
      default:
        return false;
    }
  }

  private executeSetting(code: number): boolean {
    const { task } = this;
    if (code === Command.SetMultiple) {
      const { sectorCount } = task;
      if (sectorCount > MAX_MULTIPLE || (sectorCount & (sectorCount - 1)) !== 0) return false;
      this.multiple = sectorCount;
    } else if (code === Command.SetFeatures) {
      if (!this.setFeature() && !this.setDiskFeature()) return false;
    } else if (code === Command.InitializeParameters) {
      if (task.sectorCount === 0) return false;
      const [heads, sectors] = [(task.device & 0x0f) + 1, task.sectorCount];
      const cylinders = Math.min(0xffff, Math.max(1, Math.floor(this.sectors / (heads * sectors))));
      this.geometry = { cylinders, heads, sectors };
    } else return false;
    this.finish();
    return true;
  }

  /** Commands with nothing to do but to end well. */
  private executeNothing(code: number): boolean {
    const { task, sectors } = this;
    if (code === Command.FlushCache || code === Command.FlushCacheExt) {
      this.mediumBusy();
      this.flush();
      return true;
    }
    if (code === Command.CheckPowerMode) task.sectorCount = POWER_ACTIVE;
    else if (code === Command.ReadNativeMax) task.lba28 = Math.min(0x0fff_ffff, Math.max(0, sectors - 1));
    else if (code === Command.ReadNativeMaxExt) task.lba48 = Math.max(0, sectors - 1);
    else if (!ALWAYS_WELL.has(code) && (code & 0xf0) !== Command.Recalibrate && (code & 0xf0) !== Command.Seek)
      return false;
    this.finish();
    return true;
  }

  private setDiskFeature(): boolean {
    switch (this.task.features) {
      case Feature.EnableWriteCache:
      case Feature.DisableWriteCache:
        this.writeCache = this.task.features === Feature.EnableWriteCache;
        return true;
      case Feature.EnableAdvancedPower:
      case Feature.DisableAdvancedPower:
        return true;
      default:
        return false;
    }
  }

  private executeSmart(): boolean {
    const { task } = this;
    const enabling = task.features === Smart.Enable;
    if (task.byteCount !== SMART_KEY || !(this.smartEnabled || enabling)) return false;
    switch (task.features) {
      case Smart.ReadData:
      case Smart.ReadThresholds:
        this.transfer.reply(smartData(), PIO_SECTOR);
        return true;
      case Smart.Enable:
      case Smart.Disable:
        this.smartEnabled = enabling;
        break;
      case Smart.Autosave:
      case Smart.SaveAttributes:
      case Smart.Offline:
      case Smart.ReturnStatus:
        break;
      default:
        return false;
    }
    this.finish();
    return true;
  }

  private identify(): Uint8Array {
    const { sectors, multiple, writeCache, smartEnabled: smart, transferMode, disk } = this;
    const [geometry, currentGeometry] = [this.defaultGeometry, this.geometry];
    return identifyDisk({
      name: disk.name,
      sectors,
      geometry,
      currentGeometry,
      multiple,
      writeCache,
      smart,
      transferMode,
    });
  }

  private accessMedium(range: RangeCommand): boolean {
    const { task } = this;
    const first = range.wide ? task.lba48 : task.usesLba ? task.lba28 : task.chsToLba(this.geometry);
    const count = range.wide ? task.count48 : task.count28;
    if (range.way === "multiple" && this.multiple === 0) return false;
    if (range.kind === "write" && this.disk.readOnly) return false;
    if (first < 0 || first + count > this.sectors) {
      this.fail(AtaError.IdNotFound);
      return true;
    }
    const blockBytes = SECTOR_BYTES * (range.way === "multiple" ? this.multiple : 1);
    const bounds = { offset: first * SECTOR_BYTES, bytes: count * SECTOR_BYTES };
    const way = range.way === "dma" ? BY_DMA : { dma: false, blockBytes };
    if (range.kind === "verify") this.rangeCompleted(range);
    else if (range.kind === "read") this.transfer.readMedium(bounds, way);
    else {
      if (way.dma) this.mediumBusy();
      this.transfer.writeMedium(bounds, way);
    }
    return true;
  }

  private rangeCompleted(range: RangeCommand): void {
    if (range.kind === "write" && (range.forceUnitAccess || !this.writeCache)) this.flush();
    else if (range.kind === "read" && range.way !== "dma") this.status = this.idleStatus;
    else this.finish();
  }

  private showAddress(range: RangeCommand, sector: number): void {
    if (range.wide) this.task.lba48 = sector;
    else if (this.task.usesLba) this.task.lba28 = sector;
    else this.task.lbaToChs(sector, this.geometry);
  }

  private flush(): void {
    this.mediumBusy();
    this.flushing = true;
    this.operation = this.disk.flush((error) => {
      this.flushing = false;
      if (error) this.abort();
      else this.finish();
    });
  }

  private receiveTrim(): boolean {
    const { features, count48 } = this.task;
    if (features !== TRIM || count48 > MAX_TRIM_BLOCKS || this.disk.readOnly) return false;
    this.mediumBusy();
    this.transfer.receive(count48 * SECTOR_BYTES, BY_DMA);
    return true;
  }

  private beginTrim(parameters: Uint8Array): void {
    this.trims = parseTrimRanges(parameters);
    const outside = this.trims.some(({ sector, sectors }) => sector + sectors > this.sectors);
    if (outside) {
      this.trims = [];
      this.fail(AtaError.IdNotFound);
    } else this.trimNext();
  }

  private trimNext(): void {
    const [range] = this.trims;
    if (!range) {
      this.finish();
      return;
    }
    this.mediumBusy();
    const { sector, sectors } = range;
    this.operation = this.disk.discard(sector * SECTOR_BYTES, sectors * SECTOR_BYTES, (error) => {
      this.trims = error ? [] : this.trims.slice(1);
      if (error) this.abort();
      else this.trimNext();
    });
  }
}
