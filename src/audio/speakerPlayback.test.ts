import { describe, expect, it } from "vitest";
import type { FakeClock } from "../bus/timerQueue.ts";
import { ConformanceEnv } from "../devices/conformance/describeDevice.ts";
import { Pit } from "../devices/pit/pit.ts";
import { PIT_HZ } from "../devices/pit/pitChannel.ts";
import { constantWave, type SpeakerWave } from "../devices/pit/speakerWave.ts";
import { SpeakerPlayback } from "./speakerPlayback.ts";

const RATE = 48_000;
const SECOND = 1e9;
const LATENCY_NS = 60e6;

function render(playback: SpeakerPlayback, seconds: number): Float32Array {
  const samples = new Float32Array(Math.round(seconds * RATE));
  playback.fill(samples);
  return samples;
}

/** How often the sound crosses zero upwards. */
function risingEdges(samples: Float32Array): number {
  return samples.filter((sample, index) => index > 0 && sample > 0 && samples[index - 1]! <= 0).length;
}

const loudest = (samples: Float32Array) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

function tone(atNs: number, hz: number): SpeakerWave {
  return { atNs, originNs: atNs, highNs: SECOND / hz / 2, periodNs: SECOND / hz };
}

describe("SpeakerPlayback", () => {
  it("is silent without waves", () => {
    expect(loudest(render(new SpeakerPlayback(RATE), 0.1))).toBe(0);
  });

  it("plays a tone at its pitch, from when it began until it ends", () => {
    const playback = new SpeakerPlayback(RATE);
    playback.receive(SECOND, [tone(SECOND, 440), constantWave(1.5 * SECOND, false)]);
    expect(loudest(render(playback, LATENCY_NS / SECOND - 0.001))).toBe(0);
    render(playback, 0.05);
    expect(risingEdges(render(playback, 0.4))).toBeCloseTo(440 * 0.4, -1);
    render(playback, 0.1);
    expect(loudest(render(playback, 0.1))).toBeLessThan(0.001);
  });

  it("fades what nobody hears, instead of folding it down", () => {
    const playback = new SpeakerPlayback(RATE);
    playback.receive(SECOND, [tone(0, 400_000)]);
    render(playback, 0.2);
    expect(loudest(render(playback, 0.1))).toBeLessThan(0.02);
  });

  it("takes the width of pulses as loudness", () => {
    const playback = new SpeakerPlayback(RATE);
    const pulses = Array.from({ length: 4000 }, (_, index) => {
      const atNs = SECOND + (index * SECOND) / 16_000;
      const width = 0.5 + 0.4 * Math.sin((2 * Math.PI * 500 * index) / 16_000);
      return [constantWave(atNs, true), constantWave(atNs + (width * SECOND) / 16_000, false)];
    }).flat();
    playback.receive(SECOND, pulses);
    render(playback, LATENCY_NS / SECOND + 0.05);
    const sound = render(playback, 0.1);
    // A 500 Hz sine beneath the 16 kHz carrier: averaged over a carrier period it comes out.
    const smooth = sound.map((_, index) => (sound[index]! + (sound[index + 1] ?? 0) + (sound[index + 2] ?? 0)) / 3);
    expect(risingEdges(smooth.subarray(0, -3))).toBeCloseTo(50, -0.5);
  });

  it("drops waves that an earlier one takes the place of", () => {
    const playback = new SpeakerPlayback(RATE);
    playback.receive(SECOND, [constantWave(1.2 * SECOND, true), constantWave(1.1 * SECOND, false)]);
    expect(loudest(render(playback, 1))).toBe(0);
  });

  it("follows a guest whose time jumps, and keeps up with one whose clock drifts a little", () => {
    const playback = new SpeakerPlayback(RATE);
    playback.receive(SECOND, []);
    render(playback, 0.05);
    playback.receive(100 * SECOND, [tone(100 * SECOND, 1000)]);
    render(playback, 0.07);
    expect(risingEdges(render(playback, 0.1))).toBeCloseTo(100, -1);
    playback.receive(100.17 * SECOND, [constantWave(100.17 * SECOND, false)]);
    render(playback, 0.2);
    expect(loudest(render(playback, 0.05))).toBeLessThan(0.01);
  });
});

describe("the PIT's waves", () => {
  function plugged() {
    const { ports, clock } = new ConformanceEnv();
    const waves: SpeakerWave[] = [];
    const irq = new ConformanceEnv().irq("irq0");
    new Pit(ports, clock as FakeClock, irq, { onSpeaker: (wave) => waves.push(wave) });
    const setCount = (count: number) => {
      ports.write(0x42, count & 0xff, 1);
      ports.write(0x42, count >> 8, 1);
    };
    return { ports, clock, waves, setCount };
  }

  it("sound as the guest has set them", () => {
    const { ports, clock, waves, setCount } = plugged();
    clock.advance(SECOND);
    ports.write(0x43, 0xb6, 1);
    setCount(Math.round(PIT_HZ / 1000));
    ports.write(0x61, 3, 1);
    clock.advance(0.5 * SECOND);
    // Another pitch without a control word: from the next period on.
    setCount(Math.round(PIT_HZ / 2000));
    clock.advance(0.5 * SECOND);
    ports.write(0x61, 0, 1);
    const playback = new SpeakerPlayback(RATE);
    playback.receive(SECOND + LATENCY_NS, waves);
    expect(risingEdges(render(playback, 0.5))).toBeCloseTo(500, -1);
    expect(risingEdges(render(playback, 0.5))).toBeCloseTo(1000, -1);
    render(playback, 0.05);
    expect(loudest(render(playback, 0.1))).toBeLessThan(0.01);
  });

  it("carry pulses of mode 0, and of the data bit alone", () => {
    const { ports, clock, waves, setCount } = plugged();
    ports.write(0x61, 3, 1);
    ports.write(0x43, 0xb0, 1);
    setCount(1193);
    const rises = waves.at(-1)!;
    expect(rises.highNs).toBe(rises.periodNs);
    expect(rises.atNs / 1e6).toBeCloseTo(1, 2);
    clock.advance(2e6);
    waves.length = 0;
    for (const value of [1, 3, 1]) {
      ports.write(0x61, value, 1);
      clock.advance(1e6);
    }
    expect(waves.map(({ highNs }) => highNs > 0)).toEqual([false, true, false]);
  });
});
