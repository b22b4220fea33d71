import { expect, it } from "vitest";
import { MemoryBackend } from "./memoryBackend.ts";
import { RawImage } from "./rawImage.ts";

it("fills up the last sector of a raw image with zeros and drops what is written there", () => {
  const bytes = Uint8Array.from({ length: 700 }, (_, index) => index & 0xff);
  const image = new RawImage(new MemoryBackend(bytes));
  expect(image.sizeBytes).toBe(1024);
  const target = new Uint8Array(512).fill(9);
  image.read(512, target);
  expect([...target.subarray(0, 188)]).toEqual([...bytes.subarray(512)]);
  expect(target.subarray(188).every((byte) => byte === 0)).toBe(true);
  image.write(512, new Uint8Array(512).fill(7));
  image.read(512, target);
  expect(target[187]).toBe(7);
  expect(target[188]).toBe(0);
});
