import { type ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { PciBus } from "../pci/pciBus.ts";
import type { PciDevice } from "../pci/pciDevice.ts";
import { I440Fx } from "./i440fx.ts";
import { Piix3 } from "./piix3.ts";
import { Piix4Pm } from "./piix4Pm.ts";

function plugged<D extends PciDevice>(env: ConformanceEnv, create: (bus: PciBus) => D): D {
  const bus = new PciBus(env.ports, (pirq) => env.irq(`pirq${pirq}`));
  const device = create(bus);
  bus.attach(device, 0);
  return device;
}

function configure(env: ConformanceEnv, ...writes: [number, number][]): void {
  for (const [offset, value] of writes) {
    env.ports.write(0xcf8, (0x80000000 | offset) >>> 0, 4);
    env.ports.write(0xcfc, value, 4);
  }
}

const nothing = (): void => {};

describeDevice(
  "I440Fx",
  (env) => plugged(env, () => new I440Fx(env, { onPam: nothing })),
  (_device, env) => configure(env, [0x58, 0x33333333], [0x70, 0x4a0000]),
);

describeDevice(
  "Piix3",
  (env) => plugged(env, (bus) => new Piix3(env, bus, { onReset: nothing, onPirqChange: nothing })),
  (_device, env) => {
    configure(env, [0x60, 0x0b0b0a0a]);
    env.ports.write(0xcf9, 0x02, 1);
  },
);

describeDevice(
  "Piix4Pm",
  (env) => plugged(env, () => new Piix4Pm(env, { clock: env.clock, sci: env.irq("sci"), onPowerOff: nothing })),
  (device, env) => {
    configure(env, [0x40, 0x601], [0x80, 0x01]);
    env.ports.write(0xb2, 0xf1, 1);
    env.ports.write(0x602, 0x0101, 2);
    env.clock.advance(2_343_000_000);
    device.pm.pressPowerButton();
    device.pm.raiseGpe(3);
  },
);
