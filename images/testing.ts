/** Package files for the tests, made on the spot. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "tabvisor-images-"));
}

/** Writes a package of `files` (by path, with text) that is good enough to unpack. */
export function writeDeb(path: string, files: Record<string, string>): void {
  const tree = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  const tarPath = join(temporaryFolder(), "data.tar");
  execFileSync("tar", ["-cf", tarPath, "-C", tree, "."]);
  const members = [arMember("debian-binary", Buffer.from("2.0\n")), arMember("odd", Buffer.from("odd"))];
  writeFileSync(
    path,
    Buffer.concat([Buffer.from("!<arch>\n"), ...members, arMember("data.tar", readFileSync(tarPath))]),
  );
}

function arMember(name: string, data: Buffer): Buffer {
  const header = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}`;
  const padding = Buffer.from(data.length % 2 === 0 ? "" : "\n");
  return Buffer.concat([Buffer.from(`${header}${String(data.length).padEnd(10)}\`\n`), data, padding]);
}
