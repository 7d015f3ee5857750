import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { LocationDeps } from '@darkroom/catalogue';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { openStoreFor } from '@darkroom/shared/service';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';

/** What every command on a catalogue file needs. */
export interface LoadedFile {
  file: Uint8Array;
  workFolder: string;
  locations: LocationDeps;
  settings: Settings;
}

/** Runs with a catalogue file and a folder for copies, which is removed at the end. @throws CliError without the file */
export async function withCatalogueFile<T>(
  path: string,
  { env, clock, signal }: Pick<Host, 'env' | 'clock' | 'signal'>,
  run: (loaded: LoadedFile) => Promise<T>,
): Promise<T> {
  const file = await readCatalogueFile(path);
  const settings = parseSettings(env);
  const workFolder = await mkdtemp(join(tmpdir(), 'darkroom-catalogue-'));
  const opened: ObjectStore[] = [];
  const openBucket = async (url: string) => {
    const store = await openStoreFor({ ...settings, STORE_URL: url }, clock);
    opened.push(store);
    return store;
  };
  try {
    const locations = { folder: dirname(resolve(path)), openBucket, signal };
    return await run({ file, workFolder, locations, settings });
  } finally {
    await Promise.allSettled(opened.map((store) => store.close()));
    await rm(workFolder, { recursive: true, force: true });
  }
}

async function readCatalogueFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      'Write an example with: darkroom catalogue init',
    );
  }
}
