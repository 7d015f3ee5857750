import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Infra } from '../stage/index.ts';

/**
 * Runs with a folder for the files of a run, which is removed at the end. It is below the folder of this worker, so the next
 * start of a killed one removes it.
 */
export async function withWorkFolder<T>(
  { settings }: Pick<Infra, 'settings'>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const parent = join(settings.DATA_DIR, 'tmp', `worker-${process.pid}`);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'catalogue-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
