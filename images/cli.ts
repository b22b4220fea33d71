/** `npm run image`: builds guest images. */
import { parseArgs } from "node:util";
import { type BuildResult, buildImages } from "./build.ts";
import { DEFAULT_GUEST, GUESTS, recipesOf } from "./guests.ts";
import { RECIPES } from "./recipes/index.ts";
import { ImageError } from "./types.ts";

const USAGE = `Usage: npm run image -- [options] [NAME...]

Builds the images of guests or recipes; without a name, those of ${DEFAULT_GUEST}.

  --all      everything
  --list     what there is
  --refresh  ask apt for newer packages
  --help     this text
`;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    return await runCommand(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ImageError) && !isUsageError(error)) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
}

async function runCommand(args: string[]): Promise<number> {
  const flag = { type: "boolean", default: false } as const;
  const options = { all: flag, list: flag, refresh: flag, help: { ...flag, short: "h" } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) return print(USAGE);
  if (values.list) return print(listing());
  return build(namesToBuild(positionals, values.all), values.refresh);
}

function namesToBuild(positionals: string[], all: boolean): string[] {
  if (all) return RECIPES.map((recipe) => recipe.id);
  return positionals.length > 0 ? positionals : [DEFAULT_GUEST];
}

async function build(names: string[], refresh: boolean): Promise<number> {
  const onProgress = ({ recipe, message }: { recipe: string; message: string }) => {
    process.stderr.write(`${recipe}: ${message}\n`);
  };
  const result = await buildImages(names, { onProgress, refresh });
  print(summary(result));
  for (const { recipe, error } of result.failed) process.stderr.write(`${recipe}: ${error.message}\n`);
  return result.failed.length > 0 ? 1 : 0;
}

function summary({ ready, outDir }: BuildResult): string {
  const lines = ready.map(({ recipe, cached, manifest }) => {
    const files = manifest.files.map(({ name, sizeBytes }) => `${name} (${Math.ceil(sizeBytes / 1024)} KB)`).join(", ");
    return `${recipe}: ${files}${cached ? ", up to date" : ""}\n`;
  });
  return ready.length > 0 ? `${lines.join("")}in ${outDir}\n` : "";
}

function listing(): string {
  const guests = GUESTS.map((guest) => {
    const { id, title } = guest;
    return `  ${id.padEnd(18)} ${title} (${recipesOf(guest).join(", ")})\n`;
  });
  const recipes = RECIPES.map(({ id, summary }) => `  ${id.padEnd(18)} ${summary}\n`);
  return `Guests:\n${guests.join("")}Recipes:\n${recipes.join("")}`;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function isUsageError(error: unknown): boolean {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
}
