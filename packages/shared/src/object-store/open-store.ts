import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../runtime/index.ts';
import { type ObjectStore, StoreError } from './object-store.ts';
import type { S3Settings } from './s3/index.ts';

export interface OpenStoreOptions {
  /** `s3://bucket/prefix` or `file:///folder`. @default the folder `store` in dataDir */
  storeUrl?: string | undefined;
  dataDir: string;
  s3?: S3Settings;
  clock: Clock;
}

/**
 * Opens the store that a URL names. Sends no request to S3 yet: `assertPutIfAbsent` does.
 *
 * @throws {StoreError} `internal` for an invalid URL, `denied` for a folder that is not writable
 */
export async function openStore(options: OpenStoreOptions): Promise<ObjectStore> {
  const { storeUrl, dataDir, s3 = {}, clock } = options;
  // The SDK takes a quarter of a second to load, so it is loaded only for S3.
  if (storeUrl?.startsWith('s3://')) {
    const [, bucket, prefix = ''] =
      /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(storeUrl) ?? [];
    const trimmed = prefix.replace(/^\/+|\/+$/g, '');
    if (!bucket || !/^[A-Za-z0-9._=/-]{0,200}$/.test(trimmed)) throw createUrlError(storeUrl);
    const { openS3Store } = await import('./s3/index.ts');
    return openS3Store(bucket, trimmed, s3, clock);
  }
  const { openFolderStore } = await import('./folder/index.ts');
  if (storeUrl === undefined) return openFolderStore(resolve(dataDir, 'store'), clock);
  if (!storeUrl.startsWith('file:///')) throw createUrlError(storeUrl);
  return openFolderStore(join(fileURLToPath(storeUrl)), clock);
}

function createUrlError(storeUrl: string): StoreError {
  const shown = storeUrl.replace(/\/\/[^/@]*@/, '//…@');
  return new StoreError(
    'internal',
    `STORE_URL: expected s3://bucket/prefix or file:///folder, received ${shown}`,
  );
}
