/** The bare CPU: the guest's program as a process of this machine. */
import { spawnSync } from "node:child_process";
import type { Contender } from "../contender.ts";
import { ProcessGuest } from "../processGuest.ts";

export const host: Contender = {
  id: "host",
  title: "bare CPU",
  arches: ["amd64", "i386"],
  hasTrueClock: true,
  missing: ({ arch, binary }) =>
    spawnSync(binary, ["run", "sieve", "1"]).status === 0 ? undefined : `this machine runs no ${arch} programs`,
  start: async ({ binary }) => {
    const guest = new ProcessGuest(binary, ["serve"]);
    return { port: guest.port, figures: async () => ({}), stop: () => guest.stop() };
  },
};
