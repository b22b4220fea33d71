/**
 * What flows between a page and a VM's worker beside the Comlink calls: input and output, one MessagePort for each VM.
 * These are many and want no answer, so they are plain messages; bytes and pixels are transferred, never copied.
 */

import type { SpeakerWave } from "../devices/pit/speakerWave.ts";
import type { GuestSignal, StopReason, VmState, VmStats } from "../vm/vmConfig.ts";
import type { ErrorRecord } from "./errors.ts";

/** From the page to the VM. */
export type InputMessage =
  /** Bytes for COM1. */
  | { kind: "serial"; bytes: Uint8Array }
  /** Bytes for hvc0. */
  | { kind: "virtio-console"; bytes: Uint8Array }
  /** `code` is a `KeyboardEvent.code`. */
  | { kind: "key"; code: string; down: boolean; typematic: boolean }
  /** As `Ps2Mouse.move`: counts right and down, wheel notches, `MouseEvent.buttons`. */
  | { kind: "mouse"; dx: number; dy: number; dz: number; buttons: number }
  /** As `VmMouse.moveTo`: fractions of the screen's width and height, wheel notches, `MouseEvent.buttons`. */
  | { kind: "pointer"; x: number; y: number; dz: number; buttons: number }
  /** Nobody can see the screen: it is not drawn until somebody can. */
  | { kind: "visible"; visible: boolean }
  /** The page has drawn the last `frame`: it may have another. */
  | { kind: "frame-drawn" };

/** From the VM to the page. */
export type OutputMessage =
  | { kind: "serial"; bytes: Uint8Array }
  | { kind: "virtio-console"; bytes: Uint8Array }
  | { kind: "state"; state: VmState; reason?: StopReason }
  /** Pixels of the guest's screen; its mode has changed. */
  | { kind: "screen-size"; width: number; height: number }
  /** The text screen has changed; "" in graphics modes. */
  | { kind: "screen-text"; text: string }
  /** Also the sign of life: it comes once a second at least, however idle the guest. */
  | { kind: "stats"; stats: VmStats }
  /** Rows `[first, first + pixels / width)` of the screen, where the page draws it itself (no OffscreenCanvas). */
  | { kind: "frame"; width: number; height: number; first: number; pixels: Uint8ClampedArray<ArrayBuffer> }
  | { kind: "signal"; signal: GuestSignal }
  /** Bytes of LPT1. */
  | { kind: "printed"; bytes: Uint8Array }
  /** What the PC speaker's input does, and guest time now. */
  | { kind: "speaker"; nowNs: number; waves: readonly SpeakerWave[] }
  /** A medium has failed; one line for people. */
  | { kind: "drive-failure"; message: string }
  /** A defect of the VMM in the worker, outside any call. */
  | { kind: "fault"; error: ErrorRecord };

/** Posts an input message, handing over its buffer. */
export function postInput(port: MessagePort, message: InputMessage): void {
  port.postMessage(message, "bytes" in message ? [message.bytes.buffer] : []);
}

/** Posts an output message, handing over its buffer. */
export function postOutput(port: MessagePort, message: OutputMessage): void {
  if ("bytes" in message) port.postMessage(message, [message.bytes.buffer]);
  else if (message.kind === "frame") port.postMessage(message, [message.pixels.buffer]);
  else port.postMessage(message);
}
