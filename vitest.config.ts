import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const folders = [
  'packages/shared',
  'packages/providers',
  'packages/upstream-simulator',
  'packages/testkit',
  'packages/client',
  'packages/catalogue',
  'apps/producer',
  'apps/worker',
  'apps/standalone',
  'apps/cli',
  'scripts',
].filter((folder) => existsSync(new URL(folder, import.meta.url)));

/** Long, and mostly waiting. Vitest would run them at the end, alone: they are small, and `worker` is the last project. */
const LONG_FILES = [
  'killed',
  'catalogue/catalogue',
  'catalogue/killed',
  'restricted-redis',
  'redrive/killed',
  'restore/restore-command',
  'store-front-end',
];
const isLong = ({ moduleId }: TestSpecification) =>
  LONG_FILES.some((name) => moduleId.endsWith(`/worker/test/${name}.test.ts`));

class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// One root, so that the servers of `globalSetup` start once for all projects.
export default defineConfig({
  test: {
    // Stops the servers, then searches the output of the run for secrets.
    teardownTimeout: 60_000,
    // Most files wait for servers and processes: two files at a time use less than half of two cores.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFilesFirst },
    globalSetup: ['./packages/testkit/src/setup.ts'],
    projects: folders.map((folder) => ({
      test: {
        name: folder.split('/').at(-1) ?? folder,
        root: folder,
        include: ['test/**/*.test.ts'],
        setupFiles: [new URL('./packages/testkit/src/file-setup.ts', import.meta.url).pathname],
        // The files of a project share a process and its modules: importing everything again costs a third of the run.
        // So a file leaves nothing behind: what it opens, `cleanup` closes.
        isolate: false,
        restoreMocks: true,
        unstubEnvs: true,
        // These limits end a test that hangs. A test that requires speed sets its own limit.
        testTimeout: 60_000,
        hookTimeout: 120_000,
      },
    })),
  },
});
