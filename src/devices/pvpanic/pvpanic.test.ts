import { expect, it } from "vitest";
import { ConformanceEnv, describeDevice } from "../conformance/describeDevice.ts";
import { PVPANIC_PORT, Pvpanic, PvpanicEvent } from "./pvpanic.ts";

describeDevice(
  "Pvpanic",
  (env) => new Pvpanic(env.ports, () => {}),
  (_device, env) => env.ports.write(PVPANIC_PORT, 1, 1),
  { stateless: true },
);

it("says what it understands and tells of it", () => {
  const env = new ConformanceEnv();
  const log: boolean[] = [];
  new Pvpanic(env.ports, (crashLoaded) => log.push(crashLoaded));
  expect(env.ports.read(PVPANIC_PORT, 1)).toBe(PvpanicEvent.PANICKED | PvpanicEvent.CRASH_LOADED);
  for (const events of [0, 0xfc, PvpanicEvent.PANICKED, PvpanicEvent.CRASH_LOADED, 0xff])
    env.ports.write(PVPANIC_PORT, events, 1);
  expect(log).toEqual([false, true, false]);
});
