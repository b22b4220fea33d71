/** Makes images in the formats that Tabvisor reads, as small and as odd as tests want them. */
import { deflateSync } from "fflate";

/** A zstd frame that holds `content` as it is (RFC 8878: raw blocks of at most 128 KiB). */
export function storedZstdFrame(content: Uint8Array): Uint8Array {
  const LONGEST_BLOCK = 0x2_0000;
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, ...littleEndian32(content.length))];
  for (let at = 0; at === 0 || at < content.length; at += LONGEST_BLOCK) {
    const block = content.subarray(at, at + LONGEST_BLOCK);
    const header = (block.length << 3) | (at + LONGEST_BLOCK >= content.length ? 1 : 0);
    parts.push(Uint8Array.of(header, header >> 8, header >> 16), block);
  }
  return concat(parts);
}

/** An image in zstd's seekable format. `frame` makes a frame of a part of the content. */
export function seekableZstd(content: Uint8Array, partBytes: number, frame = storedZstdFrame): Uint8Array {
  const parts: Uint8Array[] = [];
  const entries: number[] = [];
  for (let at = 0; at < content.length; at += partBytes) {
    const part = content.subarray(at, at + partBytes);
    parts.push(frame(part));
    entries.push(...littleEndian32((parts.at(-1) as Uint8Array).length), ...littleEndian32(part.length));
  }
  const footer = [...littleEndian32(parts.length), 0, ...littleEndian32(0x8f92_eab1)];
  const header = [...littleEndian32(0x184d_2a5e), ...littleEndian32(entries.length + footer.length)];
  return concat([...parts, Uint8Array.of(...header), Uint8Array.from(entries), Uint8Array.from(footer)]);
}

export interface Qcow2Options {
  version?: 2 | 3;
  clusterBits?: number;
  /** How a cluster is stored; `beneath` leaves it to the image beneath, or to zeros. */
  store?: (cluster: number) => "plain" | "zlib" | "zstd" | "zero" | "beneath";
  backing?: string;
  /** Of all clusters stored so: the header has one for the image. */
  compression?: "zlib" | "zstd";
}

const MAGIC = 0x5146_49fb;

/** A qcow2 image of `content`: header, L1 table, L2 tables, clusters. */
export function qcow2Image(content: Uint8Array, options: Qcow2Options = {}): Uint8Array {
  const { version = 3, clusterBits = 16, store = () => "plain", backing = "", compression = "zlib" } = options;
  const clusterBytes = 2 ** clusterBits;
  const perTable = clusterBytes / 8;
  const clusters = Math.ceil(content.length / clusterBytes);
  const tables = Math.ceil(clusters / perTable);
  const l1Clusters = Math.ceil((tables * 8) / clusterBytes);
  const headerClusters = Math.ceil(1024 / clusterBytes);
  const l1Offset = headerClusters * clusterBytes;
  const l2Offset = l1Offset + l1Clusters * clusterBytes;
  const parts: Uint8Array[] = [];
  let end = l2Offset + tables * clusterBytes;
  const append = (bytes: Uint8Array): number => {
    parts.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const entryOf = (cluster: number): bigint => {
    const kind = store(cluster);
    const data = new Uint8Array(clusterBytes);
    data.set(content.subarray(cluster * clusterBytes, (cluster + 1) * clusterBytes));
    if (kind === "beneath") return 0n;
    if (kind === "zero") return 1n;
    if (kind === "plain") {
      append(new Uint8Array((clusterBytes - (end % clusterBytes)) % clusterBytes));
      return (1n << 63n) | BigInt(append(data));
    }
    const compressed = kind === "zlib" ? deflateSync(data) : storedZstdFrame(data);
    const offset = append(compressed);
    const sectors = Math.floor((offset + compressed.length - 1) / 512) - Math.floor(offset / 512);
    return (1n << 62n) | (BigInt(sectors) << BigInt(62 - (clusterBits - 8))) | BigInt(offset);
  };
  const head = new Uint8Array(l2Offset + tables * clusterBytes);
  const view = new DataView(head.buffer);
  for (let cluster = 0; cluster < clusters; cluster++) view.setBigUint64(l2Offset + cluster * 8, entryOf(cluster));
  for (let table = 0; table < tables; table++)
    view.setBigUint64(l1Offset + table * 8, (1n << 63n) | BigInt(l2Offset + table * clusterBytes));
  const name = new TextEncoder().encode(backing);
  for (const [offset, value] of [
    [0, MAGIC],
    [4, version],
    [16, name.length],
    [20, clusterBits],
    [36, tables],
    [100, 112],
  ])
    view.setUint32(offset, value);
  view.setBigUint64(8, name.length > 0 ? 512n : 0n);
  head.set(name, 512);
  view.setBigUint64(24, BigInt(content.length));
  view.setBigUint64(40, BigInt(l1Offset));
  if (compression === "zstd") {
    view.setBigUint64(72, 1n << 3n);
    view.setUint8(104, 1);
  }
  return concat([head, ...parts]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function littleEndian32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
