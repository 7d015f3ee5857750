import { createHash } from 'node:crypto';
import {
  addRunJob,
  CatalogueRunStore,
  type LatestRun,
  latestRunKey,
  type ManifestEntry,
  type Retry,
} from '@darkroom/catalogue';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import {
  beginRun,
  CATALOGUE,
  countPurchases,
  createCsv,
  expectCountsToAddUp,
  expectRightImages,
  readLines,
  readManifest,
  waitForRun,
} from '../support/catalogues.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { emptyQueue } from '../support/journal.ts';
import { openWebhookHarness } from '../support/webhook-harness.ts';

vi.setConfig({ testTimeout: 120_000 });

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const readLatest = ({ store }: Harness) =>
  new CatalogueRunStore(store).readLatest(CATALOGUE.tenant, CATALOGUE.catalogue);

/** Reads latest.json again and again, and checks that what it names is complete. @returns a function that ends this */
function watchLatest({ store }: Harness) {
  let isOver = false;
  let reads = 0;
  const faults: unknown[] = [];
  const read = async () => {
    const bytes = await store.get(latestRunKey(CATALOGUE.tenant, CATALOGUE.catalogue));
    if (!bytes) return;
    const { manifest } = JSON.parse(Buffer.from(bytes).toString('utf8')) as LatestRun;
    const text = (await store.get(manifest.key)) ?? new Uint8Array();
    expect(sha256(text)).toBe(manifest.sha256);
    const lines = Buffer.from(text).toString('utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(manifest.items);
    for (const line of lines) {
      const { image } = JSON.parse(line) as ManifestEntry;
      if (image) expect((await store.head(image.key))?.size).toBe(image.bytes);
    }
    reads += 1;
  };
  const watching = until(
    async () => {
      await read().catch((error: unknown) => faults.push(error));
      return isOver;
    },
    { timeout: 120_000 },
  );
  watching.catch(() => undefined);
  return async () => {
    isOver = true;
    await watching;
    // The last read may have begun before there was a run.
    await read().catch((error: unknown) => faults.push(error));
    expect(faults).toEqual([]);
    expect(reads).toBeGreaterThan(0);
  };
}

requires('redis').describe('a run of a catalogue', () => {
  test('a catalogue without a tenant uses the images of the tenant that runs it, and no image of another tenant', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    for (const [tenant, run, bought] of [
      ['default', 'night-1', 3],
      ['shop', 'night-1', 3],
      ['shop', 'night-2', 0],
    ] as const) {
      const id = await beginRun(harness, createCsv(3), { tenant, run });
      expect(await waitForRun(harness, id)).toMatchObject({
        status: 'completed',
        counts: { bought, unchanged: 3 - bought },
      });
      for (const { image } of await readManifest(harness, id))
        expect(image?.key).toMatch(new RegExp(`^catalogues/${tenant}/shoes/runs/night-1/images/`));
    }
    expect(countPurchases(harness)).toBe(6);
  });

  test('the first night buys each item once, under its own name; the second buys what changed, and what was lost', async () => {
    const harness = await openHarness();
    const { store } = harness;
    await harness.startWorker();
    const stopWatching = watchLatest(harness);
    const first = await beginRun(harness, createCsv(60));
    const summary = await waitForRun(harness, first);
    expect(summary).toMatchObject({ status: 'completed', reason: null, rows: 60, cost: { spent: '1.500' } });
    expectCountsToAddUp(summary, 60);
    const manifest = await readManifest(harness, first);
    expect(manifest).toHaveLength(60);
    // The provider ends the renders in another order than that of the rows.
    await expectRightImages(harness, manifest);
    expect(countPurchases(harness)).toBe(60);
    expect(await readLines(harness, first, 'errors.jsonl')).toEqual([]);
    await stopWatching();

    const [deleted, damaged, kept] = manifest;
    await store.delete(deleted?.image?.key ?? '');
    await store.put(damaged?.image?.key ?? '', 'x'.repeat(damaged?.image?.bytes ?? 0), {
      contentType: 'image/jpeg',
    });
    const csv = createCsv(60, (index) => (index >= 57 ? 'blue' : 'red'));
    const second = await beginRun(harness, csv, { run: 'night-2' });
    // From now on, readers may find the second run, whose images are all there.
    await until(async () => (await readLatest(harness))?.run === 'night-2', { timeout: 60_000 });
    await watchLatest(harness)();
    const night = await waitForRun(harness, second);
    expect(night).toMatchObject({ status: 'completed', counts: { bought: 5, unchanged: 55 } });
    expectCountsToAddUp(night, 60);
    expect(countPurchases(harness)).toBe(65);
    const entries = await readManifest(harness, second);
    expect(entries.filter(({ origin }) => origin === 'new').map(({ key }) => key)).toEqual([
      'S-0',
      'S-1',
      'S-57',
      'S-58',
      'S-59',
    ]);
    expect(entries[2]).toMatchObject({ origin: 'reused', run: 'night-1', image: kept?.image });
    await expectRightImages(harness, entries);
    expect(await readLatest(harness)).toMatchObject({ run: 'night-2' });
  });

  test('a guard stops a run before it spends, and an accepted one does not', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    await waitForRun(harness, await beginRun(harness, createCsv(10)));
    const csv = createCsv(10, () => 'blue');
    const stopped = await waitForRun(harness, await beginRun(harness, csv, { run: 'night-2' }));
    expect(stopped).toMatchObject({
      status: 'stopped',
      reason: 'a guard stopped it: many_changes',
      manifest: null,
    });
    expect(countPurchases(harness)).toBe(10);
    expect(await readLatest(harness)).toMatchObject({ run: 'night-1' });
    const accepted = await beginRun(harness, csv, { run: 'night-3', accepted: ['many_changes'] });
    expect(await waitForRun(harness, accepted)).toMatchObject({
      status: 'completed',
      counts: { bought: 10 },
    });
  });

  test('a run of an approved plan stops if the source has changed since', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    const approved = {
      catalogue_sha256: '0'.repeat(64),
      source_sha256: '0'.repeat(64),
      manifest_sha256: null,
      decisions_sha256: '0'.repeat(64),
      price: '0.250',
    };
    const summary = await waitForRun(harness, await beginRun(harness, createCsv(10), { approved }));
    expect(summary.status).toBe('stopped');
    expect(summary.reason).toMatch(/^the plan is not the approved one: the catalogue file, the source/);
    expect(countPurchases(harness)).toBe(0);
  });

  test('every problem of the source is in the summary, with its line, and nothing is bought', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    const id = await beginRun(harness, 'sku,color\nS-1,red\nS-1,blue\nS-2\n');
    const summary = await waitForRun(harness, id);
    expect(summary).toMatchObject({ status: 'stopped', problems: { count: 2 } });
    expect(summary.problems.listed.map(({ line }) => line)).toEqual([3, 4]);
    expect(countPurchases(harness)).toBe(0);
  });

  test('rows in quarantine keep the images of the last night, and the night is published and reported', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker();
    const first = await beginRun(harness, createCsv(3));
    expect((await waitForRun(harness, first)).status).toBe('completed');
    const [, before] = await readManifest(harness, first);
    const csv = createCsv(3, (index) => (index === 1 ? 'x'.repeat(40_000) : 'red'));
    const yaml = `guards: { max_quarantined_rows: 2 }\nnotifications: { webhook_url: '${receiver.url}/night' }\n`;
    const second = await beginRun(harness, `${csv},blue\n`, { run: 'night-2', yaml });
    const summary = await waitForRun(harness, second);
    expect(summary).toMatchObject({
      status: 'partial',
      reason: '2 are quarantined',
      counts: { unchanged: 2, quarantined: 2, bought: 0 },
      problems: {
        count: 2,
        listed: [
          { line: 3, field: 'prompt' },
          { line: 5, field: 'sku' },
        ],
      },
    });
    expectCountsToAddUp(summary, 4);
    expect(countPurchases(harness)).toBe(3);
    expect((await readLatest(harness))?.run).toBe('night-2');
    const entries = await readManifest(harness, second);
    expect(entries[1]).toMatchObject({
      status: 'quarantined',
      origin: 'reused',
      run: 'night-1',
      image: before?.image,
      inputs: before?.inputs,
      error: { code: 'invalid_row', field: 'prompt' },
    });
    expect(entries[3]).toMatchObject({ key: '', line: 5, status: 'quarantined', image: null });
    expect(await readLines(harness, second, 'errors.jsonl')).toMatchObject([{ key: 'S-1' }, { key: '' }]);
    await until(() => receiver.catalogues.length > 0);
    const report = 'https://darkroom.example.com/v1/catalogues/default%3Ashoes/runs/night-2/report.html';
    expect(receiver.catalogues).toMatchObject([
      {
        id: 'msg_catalogue.default.shoes.night-2',
        event: {
          type: 'catalogue.finished',
          data: { run: 'night-2', status: 'partial', counts: summary.counts, links: { report }, problems: 2 },
        },
      },
    ]);
  });

  test('a retry buys what failed, and nothing else; it reads no source, and becomes the last good run', async () => {
    const harness = await openHarness();
    const { store, queues, simulator } = harness;
    await harness.startWorker();
    simulator.faults.add({ kind: 'refuse_content', promptIncludes: 'S-1 ', times: 1 });
    const first = await beginRun(harness, createCsv(4), { yaml: 'budget: 0.075\n' });
    const night = await waitForRun(harness, first);
    expect(night.counts).toMatchObject({ bought: 2, failed: 1, not_bought: 1 });
    const bought = countPurchases(harness);
    const runs = new CatalogueRunStore(store);
    const request = await runs.readRequest(first);
    if (!request) throw new Error('the request of the first run is missing');
    const beginRetry = async (run: string, retry: Partial<Retry>) => {
      const id = { ...first, run };
      const base = { of: first.run, notBought: false, codes: null, price: null };
      // Without its uploaded files, no source can be read.
      const next = { ...request, ...id, files: null, createdAt: Date.now(), retry: { ...base, ...retry } };
      await runs.writeRequest(next);
      await addRunJob(queues, id);
      return await waitForRun(harness, id);
    };
    expect(await beginRetry('night-1-r1', { price: '0.024' })).toMatchObject({
      status: 'stopped',
      reason: 'the price is $0.025, and $0.024 was approved',
    });
    expect(await beginRetry('night-1-r2', { codes: ['generation_failed'] })).toMatchObject({
      status: 'stopped',
      reason: 'the run night-1 has no item that a retry buys',
    });
    const summary = await beginRetry('night-1-r3', { price: '0.025' });
    expect(summary).toMatchObject({ status: 'partial', cost: { spent: '0.025' } });
    expect(summary.counts).toMatchObject({ bought: 1, unchanged: 2, failed: 0, not_bought: 1 });
    expectCountsToAddUp(summary, 4);
    expect(countPurchases(harness)).toBe(bought + 1);
    const entries = await readManifest(harness, { ...first, run: 'night-1-r3' });
    await expectRightImages(harness, entries);
    expect(entries.map(({ run, origin, error }) => [run, origin, error?.code])).toEqual([
      ['night-1', 'reused', undefined],
      ['night-1-r3', 'new', undefined],
      ['night-1', 'reused', undefined],
      [null, null, 'budget'],
    ]);
    expect((await readLatest(harness))?.run).toBe('night-1-r3');
    // Its manifest would bring back what the retry has replaced.
    expect(await beginRetry('night-1-r4', { notBought: true })).toMatchObject({
      status: 'stopped',
      reason: 'the run night-1-r3 has delivered since',
    });
  });

  test('a run stops buying at its budget, and lists the rest', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    const id = await beginRun(harness, createCsv(10), { yaml: 'budget: 0.1\n' });
    const summary = await waitForRun(harness, id);
    expect(summary).toMatchObject({ status: 'partial', counts: { bought: 4, not_bought: 6 } });
    expectCountsToAddUp(summary, 10);
    expect(countPurchases(harness)).toBe(4);
    const errors = await readLines<ManifestEntry>(harness, id, 'errors.jsonl');
    expect(errors.map(({ error }) => error?.code)).toEqual(Array.from({ length: 6 }, () => 'budget'));
  });

  test('an emptied Redis loses no item, and nothing is bought twice', async () => {
    const harness = await openHarness({ settings: { TOAPIS_SUBMIT_PER_SECOND: 20 } });
    await harness.startWorker();
    const id = await beginRun(harness, createCsv(60));
    await until(() => countPurchases(harness) >= 15);
    await emptyQueue(harness);
    const summary = await waitForRun(harness, id, 90_000);
    expectCountsToAddUp(summary, 60);
    const manifest = await readManifest(harness, id);
    await expectRightImages(harness, manifest);
    // A submission that was in flight when its queue was emptied may be unknown. It is not bought again.
    expect(summary.counts.bought + summary.counts.failed).toBe(60);
    const ids = manifest.map(({ render_id: renderId }) => renderId ?? '');
    expect(ids.filter((one) => harness.countPurchases(one).charged > 1)).toEqual([]);
  });
});
