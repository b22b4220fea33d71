import { describe, expect, it } from "vitest";
import { GeneralRegister, type GeneralRegisters } from "../../bus/generalRegisters.ts";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { fuzzRounds, hostileNumber } from "../conformance/fuzzRounds.ts";
import { VM_MOUSE_VERSION, VmMouseCommand, VmMouseFlag } from "./vmMouse.ts";
import { VMPORT, VMPORT_MAGIC, Vmport, VmportCommand } from "./vmport.ts";

const { EAX, EBX, ECX, EDX } = GeneralRegister;
const TSC_HZ = 5_000_000_000;
const BUS_HZ = 1_000_000_000;
const STATUS_ERROR = 0xffff_0000;

function makeRegisters(): GeneralRegisters {
  const values = new Map<number, number>();
  return {
    get: (register) => values.get(register) ?? 0,
    set: (register, value) => void values.set(register, value >>> 0),
  };
}

function makePort(env: ConformanceEnv, registers = makeRegisters(), log: string[] = []) {
  return new Vmport({
    name: "vmport",
    ports: env.ports,
    registers,
    memoryBytes: 64 << 20,
    tscHz: TSC_HZ,
    busHz: BUS_HZ,
    onPointerPacket: () => log.push("packet"),
    onPointerMode: (absolute) => log.push(absolute ? "absolute" : "relative"),
  });
}

function plugged() {
  const env = new ConformanceEnv();
  const registers = makeRegisters();
  const log: string[] = [];
  const port = makePort(env, registers, log);
  /** EAX, EBX, ECX and EDX after the command. */
  const call = (command: number, parameter = 0): number[] => {
    registers.set(EAX, VMPORT_MAGIC);
    registers.set(EBX, parameter);
    registers.set(ECX, command);
    registers.set(EDX, VMPORT);
    const eax = env.ports.read(VMPORT, 4);
    return [eax, ...[EBX, ECX, EDX].map((register) => registers.get(register))];
  };
  const status = () => call(VmportCommand.ABSPOINTER_STATUS)[0]!;
  const enable = () => {
    call(VmportCommand.ABSPOINTER_COMMAND, VmMouseCommand.ENABLE);
    call(VmportCommand.ABSPOINTER_DATA, 1);
    call(VmportCommand.ABSPOINTER_COMMAND, VmMouseCommand.REQUEST_ABSOLUTE);
  };
  const packet = () => call(VmportCommand.ABSPOINTER_DATA, 4);
  return { env, port, registers, log, call, status, enable, packet };
}

/** The commands that the conformance suite drives a device with need registers: every IN finds these. */
function preset(): GeneralRegisters {
  const registers = makeRegisters();
  registers.set(EAX, VMPORT_MAGIC);
  registers.set(EBX, VmMouseCommand.ENABLE);
  registers.set(ECX, VmportCommand.ABSPOINTER_COMMAND);
  return registers;
}

describeDevice(
  "Vmport",
  (env) => makePort(env, preset()),
  (port, env) => {
    env.ports.read(VMPORT, 4);
    port.mouse.command(VmMouseCommand.REQUEST_ABSOLUTE);
    port.mouse.moveTo(0.5, 0.25, 0, 1);
  },
);

describe("Vmport", () => {
  it("gives its version, memory and frequencies", () => {
    const { call } = plugged();
    expect(call(VmportCommand.GETVERSION)).toEqual([6, VMPORT_MAGIC, 2, VMPORT]);
    expect(call(VmportCommand.GETMEMSIZE)[0]).toBe(64 << 20);
    expect(call(VmportCommand.GETHZ).slice(0, 3)).toEqual([TSC_HZ % 2 ** 32, Math.floor(TSC_HZ / 2 ** 32), BUS_HZ]);
  });

  it("is not there without the magic number, by bytes and words, and beside its port", () => {
    const { env, registers } = plugged();
    registers.set(ECX, VmportCommand.GETVERSION);
    expect(env.ports.read(VMPORT, 4)).toBe(0xffff_ffff);
    registers.set(EAX, VMPORT_MAGIC);
    expect(env.ports.read(VMPORT, 2)).toBe(0xffff);
    expect(env.ports.read(VMPORT, 1)).toBe(0xff);
    expect(env.ports.read(VMPORT + 1, 4)).toBe(0xffff_ffff);
    expect(env.ports.read(VMPORT, 4)).toBe(6);
  });

  it("answers unknown commands with all ones", () => {
    const { call } = plugged();
    expect(call(86, 1)[0]).toBe(0xffff_ffff);
    expect(call(68)[0]).toBe(0xffff_ffff);
  });
});

describe("the absolute pointer", () => {
  it("is enabled as Linux does it", () => {
    const { call, status, port, log } = plugged();
    expect(status()).toBe(STATUS_ERROR);
    call(VmportCommand.ABSPOINTER_COMMAND, VmMouseCommand.ENABLE);
    expect(status()).toBe(1);
    expect(call(VmportCommand.ABSPOINTER_DATA, 1)[0]).toBe(VM_MOUSE_VERSION);
    expect(port.mouse.isAbsolute).toBe(false);
    call(VmportCommand.ABSPOINTER_COMMAND, VmMouseCommand.REQUEST_ABSOLUTE);
    expect(port.mouse.isAbsolute).toBe(true);
    call(VmportCommand.ABSPOINTER_COMMAND, VmMouseCommand.DISABLE);
    expect(status()).toBe(STATUS_ERROR);
    expect(log).toEqual(["absolute", "relative"]);
  });

  it("gives positions with buttons and wheel", () => {
    const { port, enable, packet, status, log } = plugged();
    enable();
    expect(port.mouse.moveTo(0, 1, 0, 1 | 2 | 4)).toBe(true);
    port.mouse.moveTo(0.5, 2, -1, 0);
    expect(status()).toBe(8);
    expect(packet()).toEqual([VmMouseFlag.LEFT | VmMouseFlag.RIGHT | VmMouseFlag.MIDDLE, 0, 0xffff, 0]);
    expect(packet()).toEqual([0, 0x8000, 0xffff, 0xffff_ffff]);
    expect(log).toEqual(["absolute", "packet", "packet"]);
  });

  it("forgets positions that a later one replaces, but not where a button went down or up", () => {
    const { port, enable, packet, status } = plugged();
    enable();
    for (const x of [0.1, 0.2, 0.3]) port.mouse.moveTo(x, 0, 0, 0);
    port.mouse.moveTo(0.4, 0, 0, 1);
    for (const x of [0.5, 0.6]) port.mouse.moveTo(x, 0, 0, 1);
    port.mouse.moveTo(0.7, 0, 0, 0);
    for (const x of [0.8, 0.9]) port.mouse.moveTo(x, 0, 0, 0);
    expect(status()).toBe(5 * 4);
    expect(Array.from({ length: 5 }, packet).map(([flags, x]) => [flags, (x! / 0xffff).toFixed(1)])).toEqual([
      [0, "0.3"],
      [VmMouseFlag.LEFT, "0.4"],
      [VmMouseFlag.LEFT, "0.6"],
      [0, "0.7"],
      [0, "0.9"],
    ]);
  });

  it("gives movements as such", () => {
    const { port, enable, packet } = plugged();
    expect(port.mouse.moveBy(1, 1, 0, 0)).toBe(false);
    enable();
    expect(port.mouse.moveBy(3, 4, 0, 2)).toBe(true);
    expect(packet()).toEqual([VmMouseFlag.RELATIVE | VmMouseFlag.RIGHT, 3, 0xffff_fffc, 0]);
    port.mouse.moveTo(1, 0, 0, 0);
    port.mouse.moveBy(0, 0, 0, 1);
    expect([packet(), packet()]).toEqual([
      [0, 0xffff, 0, 0],
      [VmMouseFlag.LEFT, 0xffff, 0, 0],
    ]);
  });

  it("takes a wrong count for an error until it is enabled again", () => {
    const { call, status, enable, port } = plugged();
    enable();
    expect(call(VmportCommand.ABSPOINTER_DATA, 7)[0]).toBe(0xffff_ffff);
    expect(status()).toBe(STATUS_ERROR);
    port.mouse.moveTo(0, 0, 0, 1);
    expect(status()).toBe(STATUS_ERROR);
    enable();
    expect(status()).toBe(0);
  });

  it("keeps no more than a driver that sleeps may want", () => {
    const { port, enable, status } = plugged();
    enable();
    for (let count = 0; count < 5000; count++) port.mouse.moveTo(0, 0, 0, count & 1);
    expect(status()).toBe(1024);
  });
});

describe("Vmport under hostile traffic", () => {
  it("never throws, and works after a reset", () => {
    fuzzRounds("vmport", 40, (random) => {
      const { port, call, status, enable } = plugged();
      const parameters = Object.values(VmMouseCommand);
      for (let step = 0; step < 400; step++) {
        const parameter = random.below(2) ? parameters[random.below(parameters.length)]! : hostileNumber(random, 8);
        call(random.below(4) === 0 ? hostileNumber(random, 100) : 39 + random.below(3), parameter);
        const [x, y, z] = [0, 0, 0].map(() => hostileNumber(random, 1000) - hostileNumber(random, 1000));
        if (random.below(2)) port.mouse.moveTo(x! / 500, y! / 500, z!, random.below(64));
        else port.mouse.moveBy(x!, y!, z!, random.below(64));
        expect(status() & 0xffff).toBeLessThanOrEqual(1024);
        port.restore(structuredClone(port.save()));
      }
      port.reset();
      expect(status()).toBe(STATUS_ERROR);
      enable();
      expect(status()).toBe(0);
    });
  });
});
