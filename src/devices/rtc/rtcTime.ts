/** The MC146818's calendar registers as encodings of a UTC time, and its alarm. */

export const SECONDS = 0x00;
export const SECONDS_ALARM = 0x01;
export const MINUTES = 0x02;
export const MINUTES_ALARM = 0x03;
export const HOURS = 0x04;
export const HOURS_ALARM = 0x05;
export const WEEKDAY = 0x06;
export const DAY = 0x07;
export const MONTH = 0x08;
export const YEAR = 0x09;
/** Not the chip's but the PC's: SeaBIOS, the FADT and Linux know it here. */
export const CENTURY = 0x32;

export const TIME_REGISTERS: readonly number[] = [SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY];

/** Register B. */
export const MODE_24_HOURS = 0x02;
export const MODE_BINARY = 0x04;

/** An alarm byte with both top bits set matches every value. */
const DONT_CARE = 0xc0;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function encode(value: number, mode: number): number {
  return (mode & MODE_BINARY) !== 0 ? value : (Math.floor(value / 10) << 4) | (value % 10);
}

function decode(value: number, mode: number): number {
  return (mode & MODE_BINARY) !== 0 ? value : (value >>> 4) * 10 + (value & 0xf);
}

function encodeHours(hours: number, mode: number): number {
  if ((mode & MODE_24_HOURS) !== 0) return encode(hours, mode);
  return encode(hours % 12 || 12, mode) | (hours >= 12 ? 0x80 : 0);
}

function decodeHours(value: number, mode: number): number {
  if ((mode & MODE_24_HOURS) !== 0) return decode(value, mode);
  return (decode(value & 0x7f, mode) % 12) + ((value & 0x80) !== 0 ? 12 : 0);
}

/** The value of a time register at `timeMs` (Unix ms, UTC) with register B's mode bits. */
export function encodeTimeRegister(index: number, timeMs: number, mode: number): number {
  const date = new Date(timeMs);
  switch (index) {
    case SECONDS:
      return encode(date.getUTCSeconds(), mode);
    case MINUTES:
      return encode(date.getUTCMinutes(), mode);
    case HOURS:
      return encodeHours(date.getUTCHours(), mode);
    case WEEKDAY:
      return encode(date.getUTCDay() + 1, mode);
    case DAY:
      return encode(date.getUTCDate(), mode);
    case MONTH:
      return encode(date.getUTCMonth() + 1, mode);
    case YEAR:
      return encode(date.getUTCFullYear() % 100, mode);
    default:
      return encode(Math.floor(date.getUTCFullYear() / 100) % 100, mode);
  }
}

/** The Unix time in ms that the registers stand for; out-of-range fields carry over as JS dates do. */
export function decodeTime(register: (index: number) => number, mode: number): number {
  const year = decode(register(CENTURY), mode) * 100 + decode(register(YEAR), mode);
  const date = new Date(0);
  date.setUTCFullYear(year, decode(register(MONTH), mode) - 1, decode(register(DAY), mode));
  date.setUTCHours(
    decodeHours(register(HOURS), mode),
    decode(register(MINUTES), mode),
    decode(register(SECONDS), mode),
  );
  return date.getTime();
}

/** The first whole second after `afterMs` that the alarm registers match, or undefined when no time of day does. */
export function nextAlarmMs(register: (index: number) => number, mode: number, afterMs: number): number | undefined {
  const hours = register(HOURS_ALARM);
  const minutes = register(MINUTES_ALARM);
  const seconds = register(SECONDS_ALARM);
  const matches = (alarm: number, index: number, at: number): boolean =>
    alarm >= DONT_CARE || alarm === encodeTimeRegister(index, at, mode);
  let at = (Math.floor(afterMs / SECOND_MS) + 1) * SECOND_MS;
  const end = at + 25 * HOUR_MS;
  while (at <= end) {
    if (!matches(hours, HOURS, at)) at = (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
    else if (!matches(minutes, MINUTES, at)) at = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
    else if (!matches(seconds, SECONDS, at)) at += SECOND_MS;
    else return at;
  }
  return undefined;
}
