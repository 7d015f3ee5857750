import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { openRunOutput } from './process/index.ts';
import { findLeaks } from './secrets.ts';
import type { Services } from './services/index.ts';
import { startServices } from './services/index.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    services: Services;
    /** The file that collects what the processes of the run write. */
    output: string;
    /** A folder for what the test files of the run share. */
    runFolder: string;
  }
}

const cache = fileURLToPath(new URL('../../../.cache/', import.meta.url));

/** Starts the servers once for the whole run. Vitest calls the returned function at the end of the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const output = await openRunOutput(`${cache}test-output`);
  const started = await startServices(cache);
  project.provide('services', started.services);
  project.provide('output', output);
  const runFolder = await mkdtemp(join(tmpdir(), 'darkroom-run-'));
  project.provide('runFolder', runFolder);

  // scripts/test.ts prints these lines at the end of the run. Without it, they are printed here.
  const report = process.env['TEST_MISSING_FILE'];
  if (report) await writeFile(report, started.missing.map((line) => `${line}\n`).join(''));
  else for (const line of started.missing) process.stderr.write(`${line}\n`);

  return async () => {
    await started.stop();
    await rm(runFolder, { recursive: true, force: true });
    const leaks = await findLeaks(output);
    if (leaks.length > 0) throw new Error(`secrets in ${output}:\n${leaks.join('\n')}`);
  };
}
