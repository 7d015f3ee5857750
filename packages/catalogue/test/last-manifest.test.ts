import { createHash } from 'node:crypto';
import { openStore } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { fetchLastManifest } from '../src/index.ts';
import { type LatestRun, latestRunKey, MANIFEST_VERSION, manifestKey } from '../src/manifest/index.ts';

const CATALOGUE = { tenant: 'shop', name: 'shoes' };
const json = { contentType: 'application/json' };

test('the last manifest is the one that latest.json names, with the digest that it names', async () => {
  const store = await openStore({ dataDir: await tempDir(), clock: systemClock });
  cleanup(() => store.close());
  const fetchLast = async () =>
    fetchLastManifest(store, CATALOGUE, await tempDir(), new AbortController().signal);
  expect(await fetchLast()).toEqual({ kind: 'first_run' });

  const text = '{"version":1}\n';
  const key = manifestKey('shop', 'shoes', 'night-1');
  await store.put(key, text, json);
  expect(await fetchLast()).toMatchObject({
    kind: 'missing',
    reason: expect.stringMatching(/no last good one/),
  });

  const sha256 = createHash('sha256').update(text).digest('hex');
  const latest: LatestRun = {
    version: MANIFEST_VERSION,
    catalogue: 'shoes',
    run: 'night-1',
    manifest: { key, sha256, bytes: text.length, items: 1 },
    source: { sha256, bytes: 1, rows: 1 },
    requested_at: '2026-11-22T01:00:00.000Z',
    finished_at: '2026-11-22T03:00:00.000Z',
  };
  await store.put(latestRunKey('shop', 'shoes'), JSON.stringify(latest), json);
  expect(await fetchLast()).toMatchObject({ kind: 'found' });

  await store.put(key, `${text} `, json);
  expect(await fetchLast()).toMatchObject({ kind: 'missing', reason: expect.stringMatching(/was changed$/) });
  await store.delete(key);
  expect(await fetchLast()).toMatchObject({
    kind: 'missing',
    reason: expect.stringMatching(/does not exist$/),
  });
  await store.put(latestRunKey('shop', 'shoes'), '{}', json);
  expect(await fetchLast()).toMatchObject({
    kind: 'missing',
    reason: expect.stringMatching(/cannot be read$/),
  });
});
