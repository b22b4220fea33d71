/**
 * The first file system of the Linux guests: one static busybox, the files of `rootfs/`, and nothing else.
 * Terminals, shells and shutdown are explained in `rootfs/init`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { appletNames } from "./busybox.ts";
import { type CpioEntry, writeCpio } from "./cpio.ts";

const ROOTFS = join(import.meta.dirname, "rootfs");

/** Mount points and homes; `/sbin` and `/usr` lead to `/bin`, so that a program has one place only. */
const DIRECTORIES = ["bin", "dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", "usr", "var", "var/log"];
const LINKS = [
  ["sbin", "bin"],
  ["usr/bin", "../bin"],
  ["usr/sbin", "../bin"],
] as const;

/**
 * The kernel opens `/dev/console` for `/init` before anything can mount devtmpfs; the others are for a kernel
 * that has none (numbers: Linux `Documentation/admin-guide/devices.txt`).
 */
const DEVICES = [
  { path: "dev/console", major: 5, minor: 1, mode: 0o600 },
  { path: "dev/null", major: 1, minor: 3, mode: 0o666 },
  { path: "dev/zero", major: 1, minor: 5, mode: 0o666 },
  { path: "dev/random", major: 1, minor: 8, mode: 0o666 },
  { path: "dev/urandom", major: 1, minor: 9, mode: 0o666 },
  { path: "dev/kmsg", major: 1, minor: 11, mode: 0o644 },
  { path: "dev/tty", major: 5, minor: 0, mode: 0o666 },
  { path: "dev/tty0", major: 4, minor: 0, mode: 0o620 },
  { path: "dev/tty1", major: 4, minor: 1, mode: 0o620 },
  { path: "dev/ttyS0", major: 4, minor: 64, mode: 0o660 },
];

/** Offset of the "operating system" byte in a gzip header (RFC 1952, 2.3), and its value for Unix. */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNIX = 3;

/** The initramfs around a static busybox, gzip-compressed; the same input gives the same bytes on every host. */
export function buildInitramfs(busybox: Uint8Array): Uint8Array {
  return gzip(writeCpio(initramfsEntries(busybox)));
}

/** What is in the archive, parents before children. */
export function initramfsEntries(busybox: Uint8Array): CpioEntry[] {
  return [...busyboxEntries(busybox), ...rootfsEntries("")];
}

/** Busybox under all its names, and the folders and devices that a kernel and a shell want. */
export function busyboxEntries(busybox: Uint8Array): CpioEntry[] {
  return [
    ...DIRECTORIES.map((path): CpioEntry => ({ type: "directory", path, mode: modeOfDirectory(path) })),
    ...LINKS.map(([path, target]): CpioEntry => ({ type: "symlink", path, target })),
    ...DEVICES.map((device): CpioEntry => ({ type: "character", ...device })),
    { type: "file", path: "bin/busybox", mode: 0o755, data: busybox },
    ...appletNames(busybox).map((name): CpioEntry => ({ type: "symlink", path: `bin/${name}`, target: "busybox" })),
  ];
}

function modeOfDirectory(path: string): number {
  if (path === "tmp") return 0o1777;
  return path === "root" ? 0o700 : 0o755;
}

/** The files below `rootfs/`, sorted; scripts are told by their first line, since not every host keeps the x bit. */
function rootfsEntries(folder: string): CpioEntry[] {
  const items = readdirSync(join(ROOTFS, folder), { withFileTypes: true });
  items.sort((a, b) => (a.name < b.name ? -1 : 1));
  return items.flatMap((item): CpioEntry[] => {
    const path = folder === "" ? item.name : `${folder}/${item.name}`;
    if (item.isDirectory()) return directoryEntries(path);
    const data = readFileSync(join(ROOTFS, path));
    return [{ type: "file", path, mode: data.toString("latin1", 0, 2) === "#!" ? 0o755 : 0o644, data }];
  });
}

function directoryEntries(path: string): CpioEntry[] {
  const own: CpioEntry[] = DIRECTORIES.includes(path) ? [] : [{ type: "directory", path }];
  return [...own, ...rootfsEntries(path)];
}

/** zlib writes no time stamp, but the host's operating system into the header. */
function gzip(data: Uint8Array): Uint8Array {
  const compressed = gzipSync(data, { level: 9 });
  compressed[GZIP_OS_OFFSET] = GZIP_OS_UNIX;
  return compressed;
}
