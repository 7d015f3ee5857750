import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The number of the sample edition in a data folder. It stays the same until a fresh one is asked for, so that a
 * run which was interrupted goes on with the same renders.
 */
export async function sampleEdition(dataDir: string, fresh: boolean): Promise<string> {
  const path = join(dataDir, 'sample-edition');
  const last = Number((await readFile(path, 'utf8').catch(() => '1')).trim()) || 1;
  if (!fresh) return String(last);
  await mkdir(dataDir, { recursive: true });
  await writeFile(path, String(last + 1));
  return String(last + 1);
}
