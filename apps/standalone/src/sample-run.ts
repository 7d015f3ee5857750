import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The name of the sample run of a data folder, such as `sample-1`. It stays the same until a fresh run is requested:
 * an interrupted run continues with the same renders and buys nothing twice.
 */
export async function readSampleRun(dataDir: string, options: { fresh: boolean }): Promise<string> {
  const path = join(dataDir, 'sample-run');
  const last = Number((await readFile(path, 'utf8').catch(() => '1')).trim()) || 1;
  if (!options.fresh) return `sample-${last}`;
  await mkdir(dataDir, { recursive: true });
  await writeFile(path, String(last + 1));
  return `sample-${last + 1}`;
}
