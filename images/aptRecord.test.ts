import { expect, it } from "vitest";
import { parseAptRecord } from "./aptRecord.ts";

const SHOW = `Package: linux-image-cloud-amd64
Version: 6.1.176-1
Architecture: amd64
Depends: linux-image-6.1.0-50-cloud-amd64 (= 6.1.176-1), foo:any | bar
Description: Linux
 Version: not a field
Size: 1480
SHA256: 6f32

Package: older
Version: 1
`;

it("reads the first record", () => {
  expect(parseAptRecord(SHOW)).toEqual({
    name: "linux-image-cloud-amd64",
    version: "6.1.176-1",
    architecture: "amd64",
    sha256: "6f32",
    sizeBytes: 1480,
    depends: ["linux-image-6.1.0-50-cloud-amd64", "foo", "bar"],
  });
});

it("gives undefined for a package that is only referred to", () => {
  expect(parseAptRecord("")).toBeUndefined();
  expect(parseAptRecord("Package: virtual\n")).toBeUndefined();
});
