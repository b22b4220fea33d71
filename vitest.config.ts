import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const SYSTEM_TESTS = "tests/guests/";

/** Tests that boot guests ask whether their images are there. */
const guestTests = readdirSync(join(import.meta.dirname, "tests"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => `tests/${file.replaceAll("\\", "/")}`)
  .filter((file) => /\bhas(Guest|Images)\(/.test(readFileSync(join(import.meta.dirname, file), "utf8")));

/**
 * Files that boot whole systems begin first, or one of them would run alone at the end. What Vitest remembers of earlier runs is not
 * there in a bare clone.
 */
class SystemsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bootsSystems = ({ moduleId }: TestSpecification) => moduleId.includes(SYSTEM_TESTS);
    const sorted = await super.sort(files);
    return [...sorted.filter(bootsSystems), ...sorted.filter((file) => !bootsSystems(file))];
  }
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    // Some compile AssemblyScript first.
    hookTimeout: 120_000,
    // Vitest leaves one processor to itself, which does next to nothing.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: SystemsFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "units",
          include: ["src", "tests", "images", "tools", "bench"].map((folder) => `${folder}/**/*.test.ts`),
          exclude: guestTests,
        },
      },
      // They need the built images.
      { extends: true, test: { name: "guests", include: guestTests } },
    ],
  },
});
