/** Register values of BIOS modes, for tests: IBM VGA Technical Reference, "Default Register Values". */
import type { PortSpace } from "../../bus/portSpace.ts";

export interface BiosMode {
  readonly misc: number;
  readonly sequencer: readonly number[];
  readonly crtc: readonly number[];
  readonly graphics: readonly number[];
  readonly attribute: readonly number[];
}

const hex = (text: string): number[] => text.split(" ").map((byte) => Number.parseInt(byte, 16));
const EGA_PALETTE = hex("00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f");
const PLAIN_PALETTE = hex("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f");

export const MODE_03: BiosMode = {
  misc: 0x67,
  sequencer: hex("03 00 03 00 02"),
  crtc: hex("5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff"),
  graphics: hex("00 00 00 00 00 10 0e 0f ff"),
  attribute: [...EGA_PALETTE, ...hex("0c 00 0f 08 00")],
};

export const MODE_04: BiosMode = {
  misc: 0x63,
  sequencer: hex("03 09 03 00 02"),
  crtc: hex("2d 27 28 90 2b 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 a2 ff"),
  graphics: hex("00 00 00 00 00 30 0f 0f ff"),
  attribute: [...PLAIN_PALETTE, ...hex("01 00 03 00 00")],
};

export const MODE_12: BiosMode = {
  misc: 0xe3,
  sequencer: hex("03 01 0f 00 06"),
  crtc: hex("5f 4f 50 82 54 80 0b 3e 00 40 00 00 00 00 00 00 ea 8c df 28 00 e7 04 e3 ff"),
  graphics: hex("00 00 00 00 00 00 05 0f ff"),
  attribute: [...EGA_PALETTE, ...hex("01 00 0f 00 00")],
};

export const MODE_13: BiosMode = {
  misc: 0x63,
  sequencer: hex("03 01 0f 00 0e"),
  crtc: hex("5f 4f 50 82 54 80 bf 1f 00 41 00 00 00 00 00 00 9c 8e 8f 28 40 96 b9 a3 ff"),
  graphics: hex("00 00 00 00 00 40 05 0f ff"),
  attribute: [...PLAIN_PALETTE, ...hex("41 00 0f 00 00")],
};

/** Programs a mode as a BIOS does, and the DAC with entry i = (i, i/2, 63 - i) in six bits. */
export function setMode(ports: PortSpace, mode: BiosMode): void {
  const indexed = (port: number, values: readonly number[]) => {
    for (const [index, value] of values.entries()) ports.write(port, index | (value << 8), 2);
  };
  ports.write(0x3c2, mode.misc, 1);
  indexed(0x3c4, mode.sequencer);
  ports.write(0x3d4, 0x0011, 2);
  indexed(0x3d4, mode.crtc);
  indexed(0x3ce, mode.graphics);
  ports.read(0x3da, 1);
  for (const [index, value] of mode.attribute.entries()) {
    ports.write(0x3c0, index, 1);
    ports.write(0x3c0, value, 1);
  }
  ports.write(0x3c0, 0x20, 1);
  ports.write(0x3c8, 0, 1);
  for (let entry = 0; entry < 256; entry++) {
    for (const value of [entry & 63, (entry >> 1) & 63, 63 - (entry & 63)]) ports.write(0x3c9, value, 1);
  }
}
