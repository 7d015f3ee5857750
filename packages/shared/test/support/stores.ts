import { pathToFileURL } from 'node:url';
import { cleanup, requires, service, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { describe } from 'vitest';
import { type ObjectStore, openStore, StoreError } from '../../src/object-store/index.ts';
import { type Clock, systemClock } from '../../src/runtime/index.ts';

export interface S3Options {
  endpoint?: string;
  secretAccessKey?: string;
  idleTimeoutMs?: number;
  clock?: Clock;
  url?: string;
}

/** Opens a store with a new prefix in the S3 of the test run. It is closed after the test. */
export async function openS3({ clock = systemClock, url, ...changed }: S3Options = {}): Promise<ObjectStore> {
  const { bucket: _bucket, ...s3 } = service('s3');
  const store = await openStore({
    storeUrl: url ?? uniqueS3Url(),
    dataDir: 'unused',
    s3: { ...s3, ...changed },
    clock,
  });
  cleanup(() => store.close());
  return store;
}

/** Opens a store in `dir`, or in a new folder. */
export async function openFolder(dir?: string): Promise<ObjectStore> {
  const storeUrl = pathToFileURL(dir ?? (await tempDir())).href;
  return openStore({ storeUrl, dataDir: 'unused', clock: systemClock });
}

/** Runs the same suite on every kind of store. */
export function onEachStore(name: string, body: (open: () => Promise<ObjectStore>) => void): void {
  describe(`${name} (folder)`, () => body(openFolder));
  requires('s3').describe(`${name} (S3)`, () => body(openS3));
}

/** Returns the StoreError that a promise rejects with. */
export async function storeErrorFrom(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof StoreError) return error;
  throw new Error('expected a StoreError', { cause: error });
}

export const decodeText = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
export const plainText = { contentType: 'text/plain' };
