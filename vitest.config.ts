import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const folders = [
  'packages/shared',
  'packages/upstream-simulator',
  'packages/testkit',
  'packages/client',
  'apps/producer',
  'apps/worker',
  'apps/standalone',
].filter((folder) => existsSync(new URL(folder, import.meta.url)));

// One root, so that the servers of `globalSetup` start once for all projects.
export default defineConfig({
  test: {
    // The servers are ended in it, and then the output of the run is searched for secrets.
    teardownTimeout: 60_000,
    globalSetup: ['./packages/testkit/src/setup.ts'],
    projects: folders.map((folder) => ({
      test: {
        name: folder.split('/').at(-1) ?? folder,
        root: folder,
        include: ['test/**/*.test.ts'],
        setupFiles: [new URL('./packages/testkit/src/file-setup.ts', import.meta.url).pathname],
        // They end what hangs. How fast something must be is for its test to say.
        testTimeout: 60_000,
        hookTimeout: 120_000,
      },
    })),
  },
});
