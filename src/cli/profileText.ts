/** A VM's profile as a table for people: the busiest regions of guest code first. */
import type { AddressRange, RegionProfile, VmProfile } from "../vm/vmConfig.ts";
import type { SymbolTable } from "./symbols.ts";

const MOST_REGIONS = 200;
/** Ranges of a region that stand on one line. */
const RANGES_PER_LINE = 3;
const HEADINGS = ["share", "sum", "instructions", "code", "blocks", "bytes", "made", "address"] as const;

export function formatProfile(profile: VmProfile, symbols?: SymbolTable): string {
  const { regions, instructions } = profile;
  const shown = regions.slice(0, MOST_REGIONS).filter((region) => region.instructions > 0);
  const rows = [HEADINGS as readonly string[], ...rowsOf(shown, instructions)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.flatMap((row, index) => {
    const cells = row.map((cell, column) => cell.padStart(widths[column] as number)).join("  ");
    const region = shown[index - 1];
    if (region === undefined) return [`${cells}  symbol`];
    return [`${cells}  ${symbols?.describe(region.address) ?? ""}`.trimEnd(), ...rangeLines(region.ranges)];
  });
  return `${[...summary(profile), "", ...lines, ...rest(regions.slice(shown.length), instructions)].join("\n")}\n`;
}

function summary({ instructions, translatedInstructions, regions }: VmProfile): string[] {
  return [
    `${count(instructions)} instructions: ${share(translatedInstructions, instructions)} in translated code, the rest interpreted.`,
    `${count(regions.length)} regions; the shares are of all instructions.`,
  ];
}

function rowsOf(regions: readonly RegionProfile[], whole: number): string[][] {
  let total = 0;
  return regions.map((region) => {
    total += region.instructions;
    return [
      share(region.instructions, whole),
      share(total, whole),
      count(region.instructions),
      `${region.isUser ? "user" : "kernel"} ${region.bits}`,
      count(region.blocks),
      count(region.ranges.reduce((bytes, { start, end }) => bytes + Number(end - start), 0)),
      count(region.translations),
      hex(region.address),
    ];
  });
}

function rangeLines(ranges: readonly AddressRange[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < ranges.length; at += RANGES_PER_LINE) {
    const part = ranges.slice(at, at + RANGES_PER_LINE);
    lines.push(`        ${part.map(({ start, end }) => `${hex(start)}-${hex(end - 1n)}`).join(" ")}`);
  }
  return lines;
}

function rest(regions: readonly RegionProfile[], whole: number): string[] {
  if (regions.length === 0) return [];
  return [`and ${count(regions.length)} regions more, with ${share(sum(regions), whole)}`];
}

function sum(regions: readonly RegionProfile[]): number {
  return regions.reduce((total, region) => total + region.instructions, 0);
}

function share(part: number, whole: number): string {
  return `${((whole > 0 ? part / whole : 0) * 100).toFixed(2)}%`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function hex(address: bigint): string {
  return address.toString(16);
}
