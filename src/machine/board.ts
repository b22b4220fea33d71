/** The board: every device, wired. Numbers are in pc.ts. */
import { HostEvent } from "../../assembly/shared/hostEvent.ts";
import { MemoryKind } from "../../assembly/shared/memoryKind.ts";
import { MemoryMap } from "../../assembly/shared/memoryMap.ts";
import type { AccessSize, AddressRange } from "../bus/addressSpace.ts";
import type { Device } from "../bus/device.ts";
import { GuestWords } from "../bus/guestWords.ts";
import type { IrqLine } from "../bus/irqLine.ts";
import { MmioSpace } from "../bus/mmioSpace.ts";
import { PortSpace } from "../bus/portSpace.ts";
import type { Engine, HostImports } from "../core/engine.ts";
import { messageOfMsi } from "../devices/apic/apicMessage.ts";
import { IoApic } from "../devices/apic/ioApic.ts";
import { IrqRouter } from "../devices/apic/irqRouter.ts";
import { LocalApic } from "../devices/apic/localApic.ts";
import { DebugCon, IsaDebugExit, PostCodePort } from "../devices/debug/debugPorts.ts";
import { Port92 } from "../devices/debug/port92.ts";
import { IsaDma } from "../devices/dma/isaDma.ts";
import { IsaFloppy } from "../devices/floppy/isaFloppy.ts";
import { FwCfg } from "../devices/fwcfg/fwCfg.ts";
import { Hpet } from "../devices/hpet/hpet.ts";
import { Piix3Ide } from "../devices/ide/piix3Ide.ts";
import { IsaParallel } from "../devices/parallel/isaParallel.ts";
import { PciBus } from "../devices/pci/pciBus.ts";
import { PicPair } from "../devices/pic/picPair.ts";
import { I440Fx } from "../devices/piix/i440fx.ts";
import { Piix3 } from "../devices/piix/piix3.ts";
import { Piix4Pm } from "../devices/piix/piix4Pm.ts";
import { Pit } from "../devices/pit/pit.ts";
import type { SpeakerWave } from "../devices/pit/speakerWave.ts";
import { IsaKeyboardController } from "../devices/ps2/isaKeyboardController.ts";
import { Pvpanic } from "../devices/pvpanic/pvpanic.ts";
import { Rtc } from "../devices/rtc/rtc.ts";
import { IsaUart } from "../devices/uart/isaUart.ts";
import type { UartBackend } from "../devices/uart/uart16550.ts";
import { StdVga } from "../devices/vga/stdVga.ts";
import { Vmport } from "../devices/vmmouse/vmport.ts";
import type { MachineClock } from "./clocks.ts";
import { generalRegisters } from "./cpuState.ts";
import type { DriveBay } from "./drives.ts";
import { ExpansionCards, type ExpansionOptions } from "./expansionCards.ts";
import * as pc from "./pc.ts";
import { VgaFunction } from "./vgaFunction.ts";
import type { BootDevice, GuestSignal } from "./vmConfig.ts";

export interface BoardOptions {
  engine: Engine;
  clock: MachineClock;
  com1: UartBackend;
  com2: UartBackend;
  /** A byte printed on LPT1. */
  onPrint: (byte: number) => void;
  drives: DriveBay;
  bootOrder?: readonly BootDevice[] | undefined;
  /** Without it there is no graphics adapter for the guest to find. */
  hasVga: boolean;
  expansion: ExpansionOptions;
  onDebugByte: (byte: number) => void;
  onPowerOff: () => void;
  /** A device pulled the reset line. */
  onReset: () => void;
  onDebugExit?: ((status: number) => void) | undefined;
  onPam: (segment: number, readRam: boolean, writeRam: boolean) => void;
  onSignal: (signal: GuestSignal) => void;
  onSpeaker: (wave: SpeakerWave) => void;
}

/** The host imports of an engine, before its board exists: the board plugs itself in. */
export class HostSide implements HostImports {
  board: Board | undefined;

  portRead = (port: number, size: number) => this.board?.ports.read(port & 0xffff, size as AccessSize) ?? -1;
  portWrite = (port: number, value: number, size: number) =>
    this.board?.ports.write(port & 0xffff, value >>> 0, size as AccessSize);
  mmioRead = (low: number, high: number, size: number) =>
    this.board?.mmio.read((high >>> 0) * 0x1_0000_0000 + (low >>> 0), size as AccessSize) ?? -1;
  mmioWrite = (low: number, high: number, value: number, size: number) =>
    this.board?.mmio.write((high >>> 0) * 0x1_0000_0000 + (low >>> 0), value >>> 0, size as AccessSize);
  acknowledgeInterrupt = () => this.board?.localApic.acknowledge() ?? -1;
  nowNs = () => this.board?.clock.nowNs() ?? 0;
  event = (kind: number, value: number) => this.board?.cpuEvent(kind, value >>> 0);
  query = (_kind: number) => this.board?.localApic.cr8 ?? 0;
}

const PAGE_BYTES = 0x1000;
/** Of the engine's regions. No guest has need of that many: parts come of other ranges that lie over the frame buffer. */
const MOST_FRAME_BUFFER_PARTS = 8;

export class Board {
  readonly ports = new PortSpace();
  readonly mmio = new MmioSpace();
  readonly clock: MachineClock;
  readonly localApic: LocalApic;
  readonly keyboardController: IsaKeyboardController;
  readonly vmport: Vmport;
  readonly vga: StdVga;
  readonly com1: IsaUart;
  readonly com2: IsaUart;
  readonly power: Piix4Pm;
  readonly isaBridge: Piix3;
  readonly fwCfg: FwCfg;
  readonly pci: PciBus;
  readonly router: IrqRouter;
  readonly expansion: ExpansionCards;
  readonly devices: readonly Device[];
  private readonly ioApic: IoApic;
  private readonly fpuError: IrqLine;
  private frameBufferPages: { first: number; pages: number }[] = [];

  constructor(private readonly options: BoardOptions) {
    const { engine, clock } = options;
    const { ports, mmio } = this;
    const spaces = { ports, mmio };
    this.clock = clock;
    const pic: PicPair = new PicPair(ports, (asserted) => this.localApic.lint0.set(asserted));
    this.localApic = new LocalApic({
      clock,
      mmio,
      setIntr: (asserted) => engine.setInterruptRequest(asserted),
      busHz: pc.APIC_BUS_HZ,
      acknowledgePic: () => pic.acknowledge(),
      onNmi: () => engine.raiseNmi(),
      onEoi: (vector) => this.ioApic.endOfInterrupt(vector),
    });
    const ioApic = new IoApic(mmio, this.localApic);
    this.ioApic = ioApic;
    const router = new IrqRouter({ pic, ioApic, pirqTarget: (pirq) => this.isaBridge.pirqTarget(pirq) });
    this.router = router;
    this.pci = new PciBus(ports, (pirq) => router.pirq(pirq));
    this.isaBridge = new Piix3(spaces, this.pci, {
      onReset: options.onReset,
      onPirqChange: () => router.rerouted(),
    });
    const hostBridge = new I440Fx(spaces, { onPam: options.onPam });
    const ide = new Piix3Ide(spaces, {
      memory: engine,
      irqs: [router.isaIrq(pc.IRQ_IDE_PRIMARY), router.isaIrq(pc.IRQ_IDE_SECONDARY)],
      drives: options.drives.on("ide"),
    });
    this.power = new Piix4Pm(spaces, { clock, sci: router.isaIrq(pc.IRQ_SCI), onPowerOff: options.onPowerOff });
    const dirtyLog = () => engine.takeDirtyPages(MemoryMap.VRAM, MemoryMap.VRAM_SIZE);
    // An adapter that is not there is one that nothing leads to: its screen stays blank.
    const vgaSpaces = options.hasVga ? spaces : { ports: new PortSpace(), mmio: new MmioSpace() };
    this.vga = new StdVga({ name: "vga", clock, ...vgaSpaces, vram: engine.vram, dirtyLog });
    const vgaFunction = new VgaFunction(vgaSpaces, {
      registerBar: this.vga.registerBar,
      vramBytes: engine.vram.length,
      onFrameBuffer: (parts, base) => this.mapFrameBuffer(parts, base),
    });
    const pit = new Pit(ports, clock, router.isaIrq(pc.IRQ_PIT), { onSpeaker: options.onSpeaker });
    const dma = new IsaDma(ports, engine);
    const floppy = new IsaFloppy({
      ports,
      clock,
      irq: router.isaIrq(pc.IRQ_FLOPPY),
      dma,
      drives: options.drives.on("floppy"),
    });
    const rtc = new Rtc(ports, clock, router.isaIrq(pc.IRQ_RTC), {
      memoryBytes: engine.sizeBytes,
      floppyTypes: floppy.driveTypes,
      ...(options.bootOrder && { bootOrder: options.bootOrder }),
    });
    const hpet = new Hpet({
      clock,
      mmio,
      gsi: (_timer, gsi) => router.gsi(gsi),
      legacyIrq0: router.isaIrq(pc.IRQ_PIT),
      legacyIrq8: router.isaIrq(pc.IRQ_RTC),
      onLegacyRoute: (active) => {
        pit.setIrqSuppressed(active);
        rtc.setIrqSuppressed(active);
      },
    });
    this.keyboardController = new IsaKeyboardController({
      name: "i8042",
      clock,
      ports,
      keyboardIrq: router.isaIrq(pc.IRQ_KEYBOARD),
      mouseIrq: router.isaIrq(pc.IRQ_MOUSE),
      onA20: (open) => engine.setA20(open),
      onReset: options.onReset,
    });
    this.keyboardController.keyboard.onLeds = (leds) => options.onSignal({ kind: "leds", ...leds });
    this.vmport = new Vmport({
      name: "vmport",
      ports,
      registers: generalRegisters(engine),
      memoryBytes: engine.sizeBytes,
      tscHz: pc.TSC_HZ,
      busHz: pc.APIC_BUS_HZ,
      onPointerPacket: () => this.keyboardController.mouse.nudge(),
      onPointerMode: (absolute) => options.onSignal({ kind: "pointer", absolute }),
    });
    const port92 = new Port92(ports, {
      setA20: (open) => {
        engine.setA20(open);
        this.keyboardController.chip.noteA20(open);
      },
      onFastReset: options.onReset, // the whole board, as QEMU does
    });
    const lpt1 = new IsaParallel({
      name: "lpt1",
      clock,
      ports,
      basePort: pc.PORT_LPT1,
      irq: router.isaIrq(pc.IRQ_LPT1),
      onByte: options.onPrint,
    });
    this.com1 = this.uart("com1", pc.PORT_COM1, pc.IRQ_COM1, options.com1);
    this.com2 = this.uart("com2", pc.PORT_COM2, pc.IRQ_COM2, options.com2);
    this.fwCfg = new FwCfg(ports, engine, { ramBytes: engine.sizeBytes });
    this.fpuError = router.isaIrq(pc.IRQ_FPU);
    this.pci.attach(hostBridge, pc.SLOT_HOST_BRIDGE);
    this.pci.attach(this.isaBridge, pc.SLOT_ISA_BRIDGE);
    this.pci.attach(ide, pc.SLOT_ISA_BRIDGE, pc.FUNCTION_IDE);
    this.pci.attach(this.power, pc.SLOT_ISA_BRIDGE, pc.FUNCTION_PM);
    if (options.hasVga) this.pci.attach(vgaFunction, pc.SLOT_VGA);
    const host = { ports, mmio, memory: engine, sendMsi: (at: number, data: number) => this.sendMsi(at, data) };
    this.expansion = new ExpansionCards(this.pci, host, options.expansion);
    this.devices = [
      pic,
      this.localApic,
      ioApic,
      this.pci,
      hostBridge,
      this.isaBridge,
      ide,
      this.power,
      vgaFunction,
      this.vga,
      pit,
      rtc,
      hpet,
      this.keyboardController,
      this.vmport,
      port92,
      dma,
      floppy,
      this.fwCfg,
      this.com1,
      this.com2,
      lpt1,
      new Pvpanic(ports, (crashLoaded) => options.onSignal({ kind: "panicked", crashLoaded })),
      new DebugCon(ports, options.onDebugByte),
      new PostCodePort(ports),
      ...this.expansion.devices,
      ...this.debugExit(),
    ];
  }

  /** Power-on reset of every device. */
  reset(): void {
    for (const device of this.devices) device.reset();
  }

  /** The mouse, as `Ps2Mouse.move`, to whichever device the guest listens to. */
  moveMouse(dx: number, dy: number, dz: number, buttons: number): void {
    if (!this.vmport.mouse.moveBy(dx, dy, dz, buttons)) this.keyboardController.mouse.move(dx, dy, dz, buttons);
  }

  /** What the CPU tells the board (HostEvent). */
  cpuEvent(kind: number, value: number): void {
    if (kind === HostEvent.APIC_BASE) this.localApic.setBase(value);
    else if (kind === HostEvent.TASK_PRIORITY) this.localApic.cr8 = value;
    else if (kind === HostEvent.FERR) this.fpuError.set(value !== 0);
  }

  /** A bus master's write of a message: to the local APIC, or, from a guest that has set it up wrongly, to memory. */
  private sendMsi(address: number, data: number): void {
    if (address >= pc.MSI_WINDOW && address < pc.MSI_WINDOW + pc.MSI_WINDOW_BYTES)
      this.localApic.deliver(messageOfMsi(address, data));
    else new GuestWords(this.options.engine).setU32(address, data);
  }

  private uart(name: string, basePort: number, irq: number, backend: UartBackend): IsaUart {
    return new IsaUart({ name, clock: this.clock, ports: this.ports, basePort, irq: this.router.isaIrq(irq), backend });
  }

  private debugExit(): Device[] {
    const { onDebugExit } = this.options;
    return onDebugExit ? [new IsaDebugExit(this.ports, onDebugExit)] : [];
  }

  /**
   * Shows video memory from `base` on, in whole pages of `parts`. Where a guest puts it over RAM, RAM wins, as the host bridge
   * decides.
   */
  private mapFrameBuffer(parts: readonly AddressRange[], base: number): void {
    const { engine } = this.options;
    for (const { first, pages } of this.frameBufferPages) engine.mapMemory(first, pages, MemoryKind.MMIO, 0);
    const ramPages = engine.sizeBytes / PAGE_BYTES;
    this.frameBufferPages = parts
      .map((part) => {
        const first = Math.max(Math.ceil(part.base / PAGE_BYTES), ramPages);
        return { first, pages: Math.floor(part.end / PAGE_BYTES) - first };
      })
      .filter(({ pages }) => pages > 0)
      .slice(0, MOST_FRAME_BUFFER_PARTS);
    for (const { first, pages } of this.frameBufferPages)
      engine.mapMemory(first, pages, MemoryKind.RAM, MemoryMap.VRAM + first * PAGE_BYTES - base);
  }
}
