/** The desktop in QEMU TCG, whose monitor takes pictures of the screen. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Picture } from "../../tests/support/pixels.ts";
import { framedTerminalIn } from "../../tests/support/terminal.ts";
import type { BootFiles } from "../suite/guestImage.ts";
import type { ProcessGuest } from "../suite/processGuest.ts";
import { launchQemu } from "../suite/qemuProcess.ts";
import type { DesktopGuest } from "./desktop.ts";

const PROMPT = "(qemu) ";

export async function startInQemu(files: BootFiles): Promise<DesktopGuest> {
  const guest = launchQemu(files, "monitor");
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-desktop-"));
  const monitor = new Monitor(guest);
  await monitor.ready();
  return {
    pid: guest.child.pid!,
    showsWindows: async () => {
      const path = join(folder, "screen.ppm");
      await monitor.run(`screendump ${path}`);
      return framedTerminalIn(readPpm(readFileSync(path))) !== undefined;
    },
    stop: async () => {
      await guest.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** QEMU's human monitor: a command, then the prompt again. */
class Monitor {
  private text = "";
  private onPrompt: (() => void) | undefined;
  private onFailure: ((why: Error) => void) | undefined;

  constructor(private readonly guest: ProcessGuest) {
    guest.port.onText((text) => {
      this.text += text;
      if (this.text.endsWith(PROMPT)) this.onPrompt?.();
    });
    guest.port.onEnd((why) => this.onFailure?.(new Error(why)));
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onPrompt = resolve;
      this.onFailure = reject;
      if (this.text.endsWith(PROMPT)) resolve();
    });
  }

  run(command: string): Promise<void> {
    this.text = "";
    const done = this.ready();
    this.guest.port.send(`${command}\n`);
    return done;
  }
}

/** A binary portable pixel map of 8 bits a colour (netpbm, ppm(5)). */
function readPpm(file: Buffer): Picture {
  const [head, width, height] = /^P6\s(\d+) (\d+)\s255\s/.exec(file.toString("latin1", 0, 64))!;
  const words = new Uint32Array(Number(width) * Number(height));
  for (let at = 0, from = head.length; at < words.length; at++, from += 3)
    words[at] = file[from]! | (file[from + 1]! << 8) | (file[from + 2]! << 16);
  return { width: Number(width), height: Number(height), words };
}
