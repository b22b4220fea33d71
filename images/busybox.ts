/**
 * What can be learnt of a busybox binary without running it, so that an image comes out the same on a host of
 * any architecture or operating system.
 */

/** The table starts with the two names of `test`, which sort before every letter. */
const TABLE_START = "\0[\0[[\0";
const APPLET_NAME = /^[a-z0-9_.-]+$/;

/**
 * The applets built into a busybox binary, as `busybox --list` prints them (less the name `busybox` itself).
 * They are read from its `applet_names` table: NUL-terminated names in ASCII order (busybox
 * `applets/applet_tables.c`).
 */
export function appletNames(binary: Uint8Array): string[] {
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength);
  const start = bytes.indexOf(TABLE_START, 0, "latin1");
  if (start < 0) throw new Error("busybox: no applet table found in the binary");
  const names = ["[", "[["];
  let offset = start + TABLE_START.length;
  for (;;) {
    const end = bytes.indexOf(0, offset);
    const name = bytes.toString("latin1", offset, end);
    // The table ends where the order does, whatever the linker has put behind it.
    if (!APPLET_NAME.test(name) || name <= (names.at(-1) as string)) break;
    names.push(name);
    offset = end + 1;
  }
  return names.filter((name) => name !== "busybox");
}
