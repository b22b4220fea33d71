/**
 * Where the beam is: frame and line times from the CRTC, and input status register 1 from the clock.
 * Document: IBM VGA Technical Reference, "CRT Controller", "Input Status Register 1".
 */
import type { Clock } from "../../bus/clock.ts";
import type { VgaRegisters } from "./vgaRegisters.ts";

const DOT_CLOCKS_HZ = [25_175_000, 28_322_000] as const;
/** Frame rates outside this come from registers that are not set up yet. */
const SANE_FRAME_NS = { min: 5_000_000, max: 50_000_000 };

const STATUS_DISPLAY_DISABLED = 0x01;
const STATUS_VERTICAL_RETRACE = 0x08;

interface Timing {
  readonly frameNs: number;
  readonly lineNs: number;
  readonly shownLineNs: number;
  readonly shownLines: number;
  readonly retraceStart: number;
  readonly retraceEnd: number;
}

/** 640 x 480 at 60 Hz. */
const DEFAULT_TIMING: Timing = {
  frameNs: 525 * 31_778,
  lineNs: 31_778,
  shownLineNs: 25_422,
  shownLines: 480,
  retraceStart: 490,
  retraceEnd: 492,
};

export class Beam {
  /** derived: from the registers, when next asked for. */
  private timing: Timing | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly registers: () => VgaRegisters,
  ) {}

  /** The registers have changed. */
  invalidate(): void {
    this.timing = undefined;
  }

  get frameNs(): number {
    return this.current().frameNs;
  }

  /** Frames shown since power-on, at the present rate: for blinking. */
  get frameNumber(): number {
    return Math.floor(this.clock.nowNs() / this.current().frameNs);
  }

  status1(): number {
    const timing = this.current();
    const inFrame = this.clock.nowNs() % timing.frameNs;
    const line = Math.floor(inFrame / timing.lineNs);
    const retrace = line >= timing.retraceStart && line < timing.retraceEnd;
    const shown = line < timing.shownLines && inFrame % timing.lineNs < timing.shownLineNs;
    return (shown ? 0 : STATUS_DISPLAY_DISABLED) | (retrace ? STATUS_VERTICAL_RETRACE : 0);
  }

  private current(): Timing {
    this.timing ??= readTiming(this.registers());
    return this.timing;
  }
}

function readTiming({ crtc, sequencer, misc }: VgaRegisters): Timing {
  const characterDots = (sequencer[1] & 1 ? 8 : 9) * (sequencer[1] & 8 ? 2 : 1);
  const characterNs = (characterDots * 1e9) / DOT_CLOCKS_HZ[(misc >> 2) & 1];
  const lineNs = (crtc[0] + 5) * characterNs;
  const lines = verticalValue(crtc, 6, 0, 5) + 2;
  const frameNs = lines * lineNs;
  if (frameNs < SANE_FRAME_NS.min || frameNs > SANE_FRAME_NS.max) return DEFAULT_TIMING;
  const retraceStart = verticalValue(crtc, 0x10, 2, 7);
  return {
    frameNs,
    lineNs,
    shownLineNs: Math.min(crtc[1] + 1, crtc[0] + 4) * characterNs,
    shownLines: verticalValue(crtc, 0x12, 1, 6) + 1,
    retraceStart: Math.min(retraceStart, lines - 2),
    retraceEnd: Math.min(retraceStart, lines - 2) + ((crtc[0x11] - retraceStart) & 15 || 16),
  };
}

/** A ten-bit vertical value: eight bits in `index`, bits 8 and 9 in the overflow register. */
export function verticalValue(crtc: Uint8Array, index: number, bit8: number, bit9: number): number {
  const overflow = crtc[7];
  return crtc[index] | (((overflow >> bit8) & 1) << 8) | (((overflow >> bit9) & 1) << 9);
}
