import { expect, it } from "vitest";
import { parseSimulation } from "./apt.ts";
import { parseAptRecord, parseAptRecords } from "./aptRecord.ts";

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

it("reads all records", () => {
  const [first, second] = SHOW.split("\n\n") as [string, string];
  const text = `${first}\n\n${second}Architecture: all\nSHA256: 01\n`;
  expect([...parseAptRecords(text).keys()]).toEqual(["linux-image-cloud-amd64=6.1.176-1", "older=1"]);
});

it("reads what apt would install, in its order", () => {
  const text = `NOTE: This is only a simulation!
Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
Conf gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
Inst libc6 (2.36-9 Debian:12.15/oldstable [amd64]) []
`;
  expect(parseSimulation(text)).toEqual(["gcc-12-base=12.2.0-14+deb12u1", "libc6=2.36-9"]);
});
