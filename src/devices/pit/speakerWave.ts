/**
 * What the PC speaker's input does from `atNs` on, until another wave begins: it is high for `highNs` of each `periodNs`, in periods
 * that begin at `originNs`. Times are guest time. A constant level is high for none or all of its period.
 */
export interface SpeakerWave {
  readonly atNs: number;
  readonly originNs: number;
  readonly highNs: number;
  readonly periodNs: number;
}

const ANY_PERIOD_NS = 1e9;

export function constantWave(atNs: number, high: boolean): SpeakerWave {
  return { atNs, originNs: atNs, highNs: high ? ANY_PERIOD_NS : 0, periodNs: ANY_PERIOD_NS };
}

export function isConstant({ highNs, periodNs }: SpeakerWave): boolean {
  return highNs <= 0 || highNs >= periodNs;
}
