/** The commands of a disk that name a range of sectors, as data. Document: ATA/ATAPI-7 volume 1, clause 6. */
import { Command as C } from "./ataRegisters.ts";

export interface RangeCommand {
  kind: "read" | "write" | "verify";
  /** 48-bit addresses and 16-bit counts; else 28 bits or CHS, and 8. */
  wide: boolean;
  /** By sector, by block of SET MULTIPLE, or by the bus master. */
  way: "pio" | "multiple" | "dma";
  /** Ends when the data is on the medium, whatever the write cache. */
  forceUnitAccess: boolean;
}

type Row = readonly [readonly number[], RangeCommand["kind"], "28" | "48", RangeCommand["way"], "fua"?];

const ROWS: readonly Row[] = [
  [[C.ReadSectors, C.ReadSectorsNoRetry], "read", "28", "pio"],
  [[C.ReadSectorsExt], "read", "48", "pio"],
  [[C.ReadMultiple], "read", "28", "multiple"],
  [[C.ReadMultipleExt], "read", "48", "multiple"],
  [[C.ReadDma, C.ReadDmaNoRetry], "read", "28", "dma"],
  [[C.ReadDmaExt], "read", "48", "dma"],
  [[C.WriteSectors, C.WriteSectorsNoRetry, C.WriteVerify], "write", "28", "pio"],
  [[C.WriteSectorsExt], "write", "48", "pio"],
  [[C.WriteMultiple], "write", "28", "multiple"],
  [[C.WriteMultipleExt], "write", "48", "multiple"],
  [[C.WriteMultipleFuaExt], "write", "48", "multiple", "fua"],
  [[C.WriteDma, C.WriteDmaNoRetry], "write", "28", "dma"],
  [[C.WriteDmaExt], "write", "48", "dma"],
  [[C.WriteDmaFuaExt], "write", "48", "dma", "fua"],
  [[C.ReadVerify, C.ReadVerifyNoRetry], "verify", "28", "pio"],
  [[C.ReadVerifyExt], "verify", "48", "pio"],
];

export const RANGE_COMMANDS: ReadonlyMap<number, RangeCommand> = new Map(
  ROWS.flatMap(([codes, kind, bits, way, fua]) =>
    codes.map((code) => [code, { kind, wide: bits === "48", way, forceUnitAccess: fua !== undefined }] as const),
  ),
);
