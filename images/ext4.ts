/** ext4 file systems from folders, by e2fsprogs: without root, and without mounting anything. */
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Ownership } from "./debianTree.ts";
import { ImageError } from "./types.ts";

/** Debian has its programs in folders that users do not search. */
const FOLDERS = ["/usr/sbin", "/sbin"];
/** The type bits of a mode (inode(7)), which debugfs wants to be told again. */
const TYPE_BITS = 0o170000;
const PERMISSION_BITS = 0o7777;
const ROOT_OWNER = { uid: 0, gid: 0 };

export interface Ext4Options {
  /** The folder with what is to be in it. */
  tree: string;
  image: string;
  /** As mke2fs has it: `24M`. */
  size: string;
  /** Where in the image the file system begins, for a partition. */
  offsetBytes?: number;
  /** By path; left out, and for paths that are not in it, everything belongs to root and has the permissions that it has here. */
  owners?: ReadonlyMap<string, Ownership>;
}

/** Writes an image with a file system called "root". It is a sparse file. */
export function makeExt4({ tree, image, size, offsetBytes = 0, owners = new Map() }: Ext4Options): void {
  // Nothing is left for the kernel to fill with zeros while the guest runs.
  const extended = ["root_owner=0:0", "lazy_itable_init=0", "lazy_journal_init=0", `offset=${offsetBytes}`].join(",");
  runTool("mke2fs", ["-q", "-F", "-t", "ext4", "-L", "root", "-E", extended, "-d", tree, image, size]);
  const commands = ownerCommands(tree, owners);
  if (commands.length === 0) return;
  const target = offsetBytes === 0 ? image : `${image}?offset=${offsetBytes}`;
  runTool("debugfs", ["-w", "-f", "-", target], `${commands.join("\n")}\n`);
}

/** debugfs(8): what differs from how mke2fs has taken the files over from the host. */
function ownerCommands(tree: string, owners: ReadonlyMap<string, Ownership>): string[] {
  const paths = readdirSync(tree, { recursive: true, encoding: "utf8" });
  return paths.flatMap((path) => {
    const { uid, gid, mode } = lstatSync(join(tree, path));
    const wanted = { ...ROOT_OWNER, mode, ...owners.get(path) };
    const set = (field: string, value: string | number) => `set_inode_field "/${path}" ${field} ${value}`;
    const wantedMode = (mode & TYPE_BITS) | (wanted.mode & PERMISSION_BITS);
    return [
      ...(uid === wanted.uid ? [] : [set("uid", wanted.uid)]),
      ...(gid === wanted.gid ? [] : [set("gid", wanted.gid)]),
      ...(mode === wantedMode ? [] : [set("mode", `0${wantedMode.toString(8)}`)]),
    ];
  });
}

function runTool(name: string, args: readonly string[], input?: string): void {
  const program = FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (program === undefined) throw new ImageError(`${name} is missing: install the package e2fsprogs`, ["e2fsprogs"]);
  execFileSync(program, args, { ...(input !== undefined && { input }), stdio: ["pipe", "ignore", "pipe"] });
}
