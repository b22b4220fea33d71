/** How large a guest's screen is shown in the room there is. */

export interface ScreenFit {
  /** CSS pixels. */
  width: number;
  height: number;
  /** Each guest pixel is a whole number of device pixels: they are shown sharp. */
  sharp: boolean;
}

/** A whole multiple is taken when it fills at least this share of what fits. */
const GOOD_ENOUGH = 0.8;

/**
 * Fits a screen of `width` x `height` guest pixels into a room of CSS pixels: by whole device pixels where that does not waste
 * the room, otherwise filling it.
 */
export function fitScreen(
  screen: { width: number; height: number },
  room: { width: number; height: number },
  devicePixelRatio: number,
): ScreenFit {
  const most = Math.min(room.width / screen.width, room.height / screen.height);
  const whole = Math.floor(most * devicePixelRatio) / devicePixelRatio;
  const sharp = whole >= most * GOOD_ENOUGH && whole > 0;
  const scale = sharp ? whole : Math.max(0, most);
  return { width: screen.width * scale, height: screen.height * scale, sharp };
}
