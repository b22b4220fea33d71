/** Linux's drivers on what is on the ISA bus beside drives. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GuestSignal } from "../../src/machine/vmConfig.ts";
import { hasImages } from "../support/images.ts";
import { LinuxGuest } from "../support/linuxGuest.ts";

/** The waits in a test have limits of their own; this one is for a host that does other things at the same time. */
const LIMIT_MS = 900_000;
const FILES = ["linux-686/vmlinuz", "linux-686/initrd.gz", "isa-modules-686/modules.gz"] as const;
const [KERNEL, ...INITRDS] = FILES;

/** struct input_event of a 32-bit kernel: two words of time, type, code, value. */
const INPUT_EVENT_BYTES = 16;
const EV = { KEY: 1, REL: 2, ABS: 3 } as const;
const [ABS_X, ABS_Y, BTN_LEFT, REL_X, REL_Y, REL_WHEEL] = [0, 1, 0x110, 0, 1, 8];

/** Type, code and value of what a reader of an event device has written as hexadecimal text, without the ends of packets. */
function eventsOf(hex: string): number[][] {
  const bytes = Buffer.from(hex.replace(/\s/g, ""), "hex");
  const events: number[][] = [];
  for (let at = 0; at + INPUT_EVENT_BYTES <= bytes.length; at += INPUT_EVENT_BYTES)
    events.push([bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10), bytes.readInt32LE(at + 12)]);
  return events.filter(([type]) => type !== 0 && type !== 4);
}

describe.runIf(hasImages(...FILES))("Linux 686", () => {
  let guest: LinuxGuest;
  let printed = "";
  const signals: GuestSignal[] = [];

  beforeAll(async () => {
    guest = await LinuxGuest.create({
      kernel: KERNEL,
      initrds: INITRDS,
      append: "console=ttyS0 rdinit=/init.modules",
      memoryMib: 128,
      // How long a pause between two motions is must not depend on what else the host does.
      clock: "icount",
      backends: {
        onPrint: (byte) => {
          printed += String.fromCharCode(byte);
        },
        onSignal: (signal) => signals.push(signal),
      },
    });
    await guest.boot();
  }, LIMIT_MS);
  afterAll(() => guest.close());

  it("takes positions from the VMware mouse port", { timeout: LIMIT_MS }, async () => {
    expect(await guest.run("cat /sys/hypervisor/type /sys/class/input/*/name; dmesg | grep -i hypervisor")).toMatch(
      /VMware/,
    );
    const { mouse } = guest.machine.board.vmport;
    expect(await guest.run("cat /proc/bus/input/devices")).toMatch(/VMware VMMouse/);
    expect(mouse.isAbsolute).toBe(true);
    const eventsDuring = async (handler: string, act: () => Promise<void>): Promise<number[][]> => {
      await guest.run(`timeout 3 cat /dev/input/${handler} > /tmp/events & sleep 1`);
      await act();
      await guest.run("wait");
      return eventsOf(await guest.run("xxd -p /tmp/events"));
    };
    const devices = await guest.run(
      "for d in /sys/class/input/event*; do echo $(basename $d) $(cat $d/device/capabilities/abs) $(cat $d/device/name); done",
    );
    const absolute = /(event\d+) 3 VirtualPS/.exec(devices)![1]!;
    const relative = /(event\d+) 0 VirtualPS/.exec(devices)![1]!;
    const pause = () => guest.run("sleep 0.1");
    const moves = await eventsDuring(absolute, async () => {
      mouse.moveTo(0.25, 0.75, 0, 0);
      await pause();
      mouse.moveTo(1, 0, 0, 1);
      await pause();
      mouse.moveTo(1, 0, 0, 0);
      await pause();
    });
    expect(moves).toEqual([
      [EV.ABS, ABS_X, 0x4000],
      [EV.ABS, ABS_Y, 0xbfff],
      [EV.ABS, ABS_X, 0xffff],
      [EV.ABS, ABS_Y, 0],
      [EV.KEY, BTN_LEFT, 1],
      [EV.KEY, BTN_LEFT, 0],
    ]);
    const turns = await eventsDuring(relative, async () => {
      mouse.moveTo(1, 0, -2, 0);
      await pause();
      guest.machine.board.moveMouse(7, 9, 0, 0);
      await pause();
    });
    expect(turns).toEqual([
      [EV.REL, REL_WHEEL, 2],
      [EV.REL, REL_X, 7],
      [EV.REL, REL_Y, 9],
    ]);
    await guest.run("rmmod psmouse");
    expect(mouse.isAbsolute).toBe(false);
  });

  it("prints, and tells of its panic", { timeout: LIMIT_MS }, async () => {
    expect(await guest.run("dmesg | grep -E 'parport0|lp0'")).toMatch(
      /parport0: PC-style at 0x378.*irq 7[\s\S]*lp0: using parport0/,
    );
    const interrupts = () => guest.run("grep -E ' 7:.*parport0' /proc/interrupts | awk '{print $2}'");
    expect(await interrupts()).toBe("0");
    await guest.run("(echo Tabvisor; seq 1 400) > /dev/lp0");
    const expected = `Tabvisor\n${Array.from({ length: 400 }, (_, index) => `${index + 1}\n`).join("")}`;
    expect(printed).toBe(expected);

    expect(
      await guest.run("cat /sys/devices/*/QEMU0001:00/capability /sys/bus/platform/devices/QEMU0001:00/capability"),
    ).toContain("3");
    guest.send("echo c > /proc/sysrq-trigger\n");
    const isPanic = (signal: GuestSignal) => signal.kind === "panicked";
    await guest.until("the panic", () => signals.some(isPanic));
    expect(signals.filter(isPanic)).toEqual([{ kind: "panicked", crashLoaded: false }]);
  });
});
