/**
 * The VMware backdoor, port 5658h: a guest puts a magic number into EAX, a command into CX and a parameter into EBX, and executes
 * IN EAX, DX; results are in EAX to EDX, for some commands in ESI and EDI too.
 *
 * Documents: open-vm-tools lib/include/backdoor_def.h; Linux arch/x86/kernel/cpu/vmware.c. Commands: 10 GETVERSION, 20 GETMEMSIZE,
 * 39 to 41 the absolute pointer, 45 GETHZ. The others, 86 (who may use the pointer) among them, answer as unknown ones do.
 * Not modelled: OUT (drivers use IN), accesses other than of 32 bits, CPL 3 without I/O rights, the high-bandwidth port 5659h.
 */
import type { AccessSize, AddressSpace } from "../../bus/addressSpace.ts";
import { allOnes } from "../../bus/claimedRange.ts";
import type { DeviceState } from "../../bus/device.ts";
import { GeneralRegister, type GeneralRegisters } from "../../bus/generalRegisters.ts";
import { PassiveDevice } from "../../bus/passiveDevice.ts";
import { object, parseState } from "../../bus/savedState.ts";
import { trace } from "../../util/trace.ts";
import { VM_MOUSE_SHAPE, VmMouse } from "./vmMouse.ts";

export const VMPORT = 0x5658;
export const VMPORT_MAGIC = 0x564d_5868;
/** Linux reserves four ports. */
const PORT_COUNT = 4;

export const VmportCommand = {
  GETVERSION: 10,
  GETMEMSIZE: 20,
  ABSPOINTER_DATA: 39,
  ABSPOINTER_STATUS: 40,
  ABSPOINTER_COMMAND: 41,
  GETHZ: 45,
} as const;

/** What GETVERSION answers, as QEMU does: the interface's version, and the product (a server). */
const INTERFACE_VERSION = 6;
const PRODUCT = 2;
const UNKNOWN = 0xffff_ffff;
/** Where DATA puts the words after the first, which is EAX. */
const DATA_REGISTERS = [
  GeneralRegister.EBX,
  GeneralRegister.ECX,
  GeneralRegister.EDX,
  GeneralRegister.ESI,
  GeneralRegister.EDI,
] as const;

const KIND = "vmport";
const VERSION = 1;
const SHAPE = object({ mouse: VM_MOUSE_SHAPE });

export interface VmportOptions {
  name: string;
  ports: AddressSpace;
  /** Those of the vCPU in whose IN the port is read. */
  registers: GeneralRegisters;
  memoryBytes: number;
  /** Frequencies of the TSC and of the local APIC's timer, in Hz. */
  tscHz: number;
  busHz: number;
  /** See VmMouseOptions. */
  onPointerPacket(): void;
  onPointerMode(absolute: boolean): void;
}

export class Vmport extends PassiveDevice {
  readonly name: string;
  readonly mouse: VmMouse;

  constructor(private readonly options: VmportOptions) {
    super();
    this.name = options.name;
    this.mouse = new VmMouse({
      name: options.name,
      onPacket: () => options.onPointerPacket(),
      onMode: (absolute) => options.onPointerMode(absolute),
    });
    const handler = {
      read: (offset: number, size: AccessSize) => (offset === 0 && size === 4 ? this.call() : allOnes(size)),
      write: () => trace(this.name, "OUT is not served"),
    };
    options.ports.claim(VMPORT, PORT_COUNT, handler, { name: this.name, sizes: [1, 2, 4] });
  }

  reset(): void {
    this.mouse.reset();
  }

  save(): DeviceState {
    return { kind: KIND, version: VERSION, state: { mouse: this.mouse.save() } };
  }

  restore(saved: DeviceState): void {
    this.mouse.restore(parseState(saved, KIND, VERSION, SHAPE).mouse);
  }

  /** Performs the command that is in the registers; gives what EAX is to be. */
  private call(): number {
    const { registers, memoryBytes, tscHz, busHz } = this.options;
    if (registers.get(GeneralRegister.EAX) !== VMPORT_MAGIC) return UNKNOWN;
    const command = registers.get(GeneralRegister.ECX) & 0xffff;
    switch (command) {
      case VmportCommand.GETVERSION:
        registers.set(GeneralRegister.EBX, VMPORT_MAGIC);
        registers.set(GeneralRegister.ECX, PRODUCT);
        return INTERFACE_VERSION;
      case VmportCommand.GETMEMSIZE:
        return memoryBytes;
      case VmportCommand.GETHZ:
        registers.set(GeneralRegister.EBX, Math.floor(tscHz / 2 ** 32));
        registers.set(GeneralRegister.ECX, busHz);
        return tscHz >>> 0;
      case VmportCommand.ABSPOINTER_STATUS:
        return this.mouse.readStatus();
      case VmportCommand.ABSPOINTER_DATA:
        return this.giveData(registers.get(GeneralRegister.EBX));
      case VmportCommand.ABSPOINTER_COMMAND:
        this.mouse.command(registers.get(GeneralRegister.EBX));
        return VMPORT_MAGIC;
      default:
        trace(this.name, `unknown command ${command}`);
        return UNKNOWN;
    }
  }

  private giveData(count: number): number {
    const [first = UNKNOWN, ...rest] = this.mouse.readData(count);
    for (const [index, word] of rest.entries()) this.options.registers.set(DATA_REGISTERS[index]!, word);
    return first;
  }
}
