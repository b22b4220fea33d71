/** Xen: the hypervisor in ring 0, a paravirtual Linux in ring 3, and its page tables written by way of the hypervisor. */
import { afterEach, describe, expect, it } from "vitest";
import type { GuestMachine } from "../support/guestMachine.ts";
import { hasGuest } from "../support/images.ts";
import { startGuest } from "./catalogue.ts";

const LIMIT_MS = 900_000;
const BOOT_SECONDS = 300;
const ANSWER_SECONDS = 60;

let guest: GuestMachine;

afterEach(() => guest.close());

describe("xen", () => {
  it.runIf(hasGuest("xen"))(
    "boots its privileged domain to a shell on the serial line",
    { timeout: LIMIT_MS },
    async () => {
      guest = await startGuest("xen");
      await guest.untilSerial(/\(XEN\) Xen version \d/);
      await guest.untilSerial(/~ # /, BOOT_SECONDS);
      const from = guest.serial.length;
      guest.send("cat /sys/hypervisor/type /sys/hypervisor/guest_type\n");
      await guest.untilSerial(/^xen\s+PV\s*$/m, ANSWER_SECONDS, from);
      expect(guest.serial).toMatch(/Dom0 has maximum 1 VCPUs/);
    },
  );
});
