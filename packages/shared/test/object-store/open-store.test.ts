import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openStore } from '../../src/object-store/index.ts';
import { systemClock as clock } from '../../src/runtime/index.ts';
import { storeErrorFrom } from '../support/stores.ts';

test('without a URL the store is a folder in the data directory', async () => {
  const dataDir = await tempDir();
  const store = await openStore({ dataDir, clock });
  expect([store.kind, store.url]).toEqual(['folder', pathToFileURL(join(dataDir, 'store')).href]);
});

test('a bucket and a prefix are read from the URL, and S3 is not asked yet', async () => {
  for (const storeUrl of ['s3://bucket/some/prefix', 's3://bucket/some/prefix/']) {
    const store = await openStore({ storeUrl, dataDir: 'unused', s3: { region: 'eu-central-1' }, clock });
    expect([store.kind, store.url]).toEqual(['s3', 's3://bucket/some/prefix']);
    await store.close();
  }
});

test('a URL that names no store is refused, and its password is not repeated', async () => {
  for (const storeUrl of [
    'https://me:pass@host/x',
    's3://',
    's3://UPPER/x',
    's3://bucket/sp ace',
    'folder',
    'file://x/y',
  ]) {
    const error = await storeErrorFrom(openStore({ storeUrl, dataDir: 'unused', clock }));
    expect(error.message).toContain('STORE_URL');
    expect(error.message).not.toContain('pass@');
  }
});
