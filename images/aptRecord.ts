/** One package as `apt-cache show` tells it (deb-control(5)). */
export interface AptRecord {
  name: string;
  version: string;
  architecture: string;
  sha256: string;
  sizeBytes: number;
  depends: string[];
}

/** The first record in the output of `apt-cache show`, which is the candidate, or undefined if there is none. */
export function parseAptRecord(text: string): AptRecord | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split(/\n\s*\n/, 1)[0]!.split("\n")) {
    const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
    if (match) fields.set(match[1]!.toLowerCase(), match[2]!);
  }
  const [name, version, architecture, hash] = ["package", "version", "architecture", "sha256"].map((f) =>
    fields.get(f),
  );
  if (!name || !version || !architecture || !hash) return undefined;
  return {
    name,
    version,
    architecture,
    sha256: hash,
    sizeBytes: Number(fields.get("size") ?? 0),
    depends: dependencies(fields),
  };
}

/** All records in the output of `apt-cache show`, by `name=version`. */
export function parseAptRecords(text: string): Map<string, AptRecord> {
  const records = text.split(/\n\s*\n/).flatMap((one) => parseAptRecord(one) ?? []);
  return new Map(records.map((record) => [`${record.name}=${record.version}`, record]));
}

/** Names only: "a (= 1), b | c" gives a, b, c. */
function dependencies(fields: Map<string, string>): string[] {
  const text = fields.get("depends") ?? "";
  return text
    .split(/[,|]/)
    .flatMap((item) => item.trim().split(/[\s:(]/, 1))
    .filter((name) => name !== "");
}
