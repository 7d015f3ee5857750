import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { UploadedFile } from '@darkroom/catalogue';
import type { Api } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';

/** Files that are sent at the same time. */
const PARALLEL = 4;

/**
 * Uploads the files of a catalogue to the server, where a worker reads them. Files that the server has are not sent again.
 *
 * @param paths as the catalogue names them @returns the digest of their list
 */
export async function uploadFiles(
  api: Api,
  { catalogue, folder, workFolder }: { catalogue: string; folder: string; workFolder: string },
  paths: readonly string[],
  host: Host,
): Promise<string> {
  const display = openProgress(host, { unit: 'files' });
  const listed: UploadedFile[] = [];
  const left = [...paths];
  const uploadNext = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      host.signal.throwIfAborted();
      const from = resolve(folder, path);
      const file = await describeFile(path, from);
      await api.uploadCatalogueFile(catalogue, file.sha256, from);
      listed.push(file);
      if (paths.length > 1) display.show({ done: listed.length, total: paths.length, note: 'uploaded' });
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, uploadNext));
  } finally {
    display.end();
  }
  // In the order of the paths, so that the same files have the same list.
  const order = new Map(paths.map((path, index) => [path, index]));
  listed.sort((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0));
  const list = join(workFolder, 'files.jsonl');
  await writeFile(list, listed.map((file) => `${JSON.stringify(file)}\n`).join(''));
  const { sha256 } = await describeFile('files.jsonl', list);
  await api.uploadCatalogueFile(catalogue, sha256, list);
  return sha256;
}

async function describeFile(path: string, from: string): Promise<UploadedFile> {
  try {
    const { size, mtimeMs } = await stat(from);
    const digest = createHash('sha256');
    await pipeline(createReadStream(from), digest);
    return { path, sha256: digest.digest('hex'), bytes: size, modified_at: Math.floor(mtimeMs) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new CliError(EXIT.failure, `${from} cannot be read (${code}).`);
  }
}
