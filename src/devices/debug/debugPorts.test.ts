import { describe, expect, it } from "vitest";
import { PortSpace } from "../../bus/portSpace.ts";
import { describeDevice } from "../conformance/describeDevice.ts";
import { DebugCon, IsaDebugExit, PostCodePort } from "./debugPorts.ts";
import { Port92 } from "./port92.ts";

describe("debug ports", () => {
  it("ends with an odd status", () => {
    const ports = new PortSpace();
    const statuses: number[] = [];
    new IsaDebugExit(ports, (status) => statuses.push(status));
    ports.write(0xf4, 0, 1);
    ports.write(0xf4, 0x10, 4);
    expect(statuses).toEqual([1, 0x21]);
  });

  it("collects the console and answers E9h", () => {
    const ports = new PortSpace();
    let text = "";
    new DebugCon(ports, (byte) => {
      text += String.fromCharCode(byte);
    });
    for (const character of "boot") ports.write(0xe9, character.charCodeAt(0), 1);
    expect([text, ports.read(0xe9, 1)]).toEqual(["boot", 0xe9]);
  });

  it("opens A20 and resets on the rise of bit 0", () => {
    const ports = new PortSpace();
    const events: string[] = [];
    new Port92(ports, { setA20: (on) => events.push(`a20 ${on}`), onFastReset: () => events.push("reset") });
    for (const value of [0x02, 0x02, 0x03, 0x03, 0x00]) ports.write(0x92, value, 1);
    expect(events).toEqual(["a20 true", "reset", "a20 false"]);
    ports.write(0x92, 0x02, 1);
    expect(ports.read(0x92, 1)).toBe(0x02);
  });
});

const nothing = (): void => {};
describeDevice("IsaDebugExit", (env) => new IsaDebugExit(env.ports, nothing), nothing, { stateless: true });
describeDevice("DebugCon", (env) => new DebugCon(env.ports, nothing), nothing, { stateless: true });
describeDevice(
  "PostCodePort",
  (env) => new PostCodePort(env.ports),
  (_device, env) => env.ports.write(0x80, 0x5a, 1),
);
describeDevice(
  "Port92",
  (env) => new Port92(env.ports, { setA20: (on) => env.irq("a20").set(on), onFastReset: nothing }),
  (_device, env) => env.ports.write(0x92, 0x02, 1),
);
