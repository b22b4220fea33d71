/** A guest for the tests, whose time is made up. */
import type { Contender, Counters } from "./contender.ts";
import type { GuestImage } from "./guestImage.ts";
import type { SerialPort } from "./serialPort.ts";

/** A serial line with the test at its other end. */
export class FakePort implements SerialPort {
  readonly sent: string[] = [];
  private textListener: ((text: string, atMs: number) => void) | undefined;
  private endListener: ((why: string) => void) | undefined;

  /** @param onSend answers for the guest. */
  constructor(private readonly onSend?: (text: string, port: FakePort) => void) {}

  send(text: string): void {
    this.sent.push(text);
    this.onSend?.(text, this);
  }

  onText(listener: (text: string, atMs: number) => void): void {
    this.textListener = listener;
  }

  onEnd(listener: (why: string) => void): void {
    this.endListener = listener;
  }

  say(text: string, atMs = 0): void {
    this.textListener?.(text, atMs);
  }

  end(why: string): void {
    this.endListener?.(why);
  }
}

export interface FakeGuestOptions {
  id?: Contender["id"];
  /** Time of a program's round in ms; undefined: the program crashes. */
  roundMs: (program: string) => number | undefined;
  checksum?: (program: string) => string;
  counters?: () => Counters;
  /** Told of what happens, "fake tabvisor: sieve" or ": pause"; only then can the guest stand still. */
  onEvent?: (event: string) => void;
}

/** A contender whose guest takes the time it is told to take. `starts` counts its machines. */
export function fakeContender({ id = "tabvisor", roundMs, checksum, counters, onEvent }: FakeGuestOptions) {
  const contender = {
    id,
    title: `fake ${id}`,
    arches: ["amd64", "i386"] as const,
    starts: 0,
    missing: () => undefined,
    start: async () => {
      contender.starts++;
      const port = new FakePort((text) => answer(text, port));
      setImmediate(() => port.say("READY\n"));
      const figures = async () => ({});
      const tell = (event: string) => () => onEvent?.(`${contender.title}: ${event}`);
      return {
        port,
        figures,
        ...(counters && { counters: async () => counters() }),
        ...(onEvent && { pause: tell("pause"), resume: tell("resume") }),
        stop: async () => undefined,
      };
    },
  };
  let now = 0;
  const answer = (text: string, port: FakePort) => {
    const [, program, rounds] = text.trim().split(" ") as [string, string, string];
    const milliseconds = roundMs(program);
    onEvent?.(`${contender.title}: ${program}`);
    port.say("B\n", now);
    if (milliseconds === undefined) return port.say("D 11\n", now);
    now += milliseconds * Number(rounds);
    port.say(`E ${checksum?.(program) ?? "0000abcd"} ${milliseconds * Number(rounds) * 1e6}\n`, now);
    port.say("D 0\n", now + 1);
  };
  return contender;
}

/** As much of an image as a fake looks at. */
export function fakeImage(arch: GuestImage["arch"] = "amd64"): GuestImage {
  const files = { kernel: "", initrd: "", bios: "", vgaBios: "", append: "", memoryMib: 256 };
  const guest = { id: "guest", title: "a guest", description: "", memoryMib: 256 };
  return { ...files, arch, binary: "", guest, shell: files };
}
