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
    globalSetup: ['./packages/testkit/src/setup.ts'],
    projects: folders.map((folder) => ({
      test: {
        name: folder.split('/').at(-1) ?? folder,
        root: folder,
        include: ['test/**/*.test.ts'],
        setupFiles: [new URL('./packages/testkit/src/file-setup.ts', import.meta.url).pathname],
        testTimeout: 30_000,
        hookTimeout: 60_000,
      },
    })),
  },
});
