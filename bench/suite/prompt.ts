/** The end of a boot: the shell waits for a command. */
import type { SerialPort } from "./serialPort.ts";

/** What busybox's shell writes on the serial line. */
const PROMPT = "~ # ";
const BOOT_TIMEOUT_MS = 240_000;

/** When the prompt came, in ms on the port's clock. */
export function promptTime(port: SerialPort): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => fail(`no prompt in ${BOOT_TIMEOUT_MS / 1000} s`), BOOT_TIMEOUT_MS);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`${why}; the guest's last words: ${text.slice(-200)}`));
    };
    port.onText((piece, atMs) => {
      text = (text + piece).slice(-4096);
      if (!text.includes(PROMPT)) return;
      clearTimeout(timer);
      resolve(atMs);
    });
    port.onEnd(fail);
  });
}
