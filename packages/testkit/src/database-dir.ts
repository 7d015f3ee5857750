import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { tempDir } from './unique-names.ts';

type OpenEngine = (options: {
  dataDir: string;
  role: 'both';
  onError: () => void;
}) => Promise<{ close(): Promise<void> }>;

/**
 * Creates a `DATA_DIR` that contains an empty embedded queue. It is removed when the test (from a hook: the file) is over.
 * The creation of an embedded queue takes nine seconds of CPU time, so a run creates one, and tests get copies of it.
 *
 * @param openEngine the function of `@darkroom/shared/engine`, which this package cannot import
 */
export async function databaseDir(openEngine: OpenEngine): Promise<string> {
  const dir = await tempDir();
  const template = join(inject('runFolder'), 'database');
  try {
    await cp(template, dir, { recursive: true });
  } catch {
    await createTemplate(template, openEngine);
    await cp(template, dir, { recursive: true });
  }
  return dir;
}

/** Several test files may do it at the same time. The first one that is ready counts. */
async function createTemplate(template: string, openEngine: OpenEngine): Promise<void> {
  const draft = await mkdtemp(`${template}-`);
  const engine = await openEngine({ dataDir: draft, role: 'both', onError: () => undefined });
  await engine.close();
  await rename(draft, template).catch(() => rm(draft, { recursive: true }));
}
