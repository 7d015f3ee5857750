import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { isStoreAway, openStore, StoreError } from '../../src/object-store/index.ts';
import { systemClock as clock } from '../../src/runtime/index.ts';
import { storeErrorFrom } from '../support/stores.ts';

test('openStore() without a URL opens a folder in the data directory', async () => {
  const dataDir = await tempDir();
  const store = await openStore({ dataDir, clock });
  expect([store.kind, store.url]).toEqual(['folder', pathToFileURL(join(dataDir, 'store')).href]);
});

test('openStore() reads bucket and prefix from the URL, and sends no request to S3', async () => {
  for (const storeUrl of ['s3://bucket/some/prefix', 's3://bucket/some/prefix/']) {
    const store = await openStore({ storeUrl, dataDir: 'unused', s3: { region: 'eu-central-1' }, clock });
    expect([store.kind, store.url]).toEqual(['s3', 's3://bucket/some/prefix']);
    await store.close();
  }
});

test('openStore() refuses an invalid URL, and the error does not contain its password', async () => {
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

test.each([
  ['unavailable', true],
  ['denied', true],
  ['misconfigured', true],
  ['invalid_key', false],
  ['internal', false],
] as const)('isStoreAway() of a StoreError %s is %s', (code, away) => {
  expect(isStoreAway(new StoreError(code, 'a test'))).toBe(away);
});

test('isStoreAway() is false for errors of other kinds', () => {
  expect(isStoreAway(Object.assign(new Error('away'), { code: 'unavailable' }))).toBe(false);
});
