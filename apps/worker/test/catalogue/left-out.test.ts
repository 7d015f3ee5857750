import { addRunJob, CatalogueRunStore, type RunId } from '@darkroom/catalogue';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import {
  beginRun,
  CATALOGUE,
  countPurchases,
  createCsv,
  expectCountsToAddUp,
  expectRightImages,
  readManifest,
  waitForRun,
} from '../support/catalogues.ts';
import { openHarness } from '../support/harness.ts';

requires('redis').describe('images that may be paid for', () => {
  test('are not bought again by the next nights: a redrive brings them, and a night or a retry delivers them', async () => {
    const harness = await openHarness();
    const { simulator, store, queues, ledger } = harness;
    const runs = new CatalogueRunStore(store);
    await harness.startWorker();
    for (const key of ['S-1', 'S-2'])
      simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/x', promptIncludes: `${key} ` });
    const night = async (number: number) => {
      const id = await beginRun(harness, createCsv(4), { run: `night-${number}` });
      const summary = await waitForRun(harness, id);
      expectCountsToAddUp(summary, 4);
      expect(countPurchases(harness)).toBe(4);
      return { id, summary, entries: await readManifest(harness, id) };
    };
    const redrive = async (renderId: string) => {
      await harness.redrive(renderId);
      await until(async () => (await ledger.readReceipt(renderId))?.status === 'completed');
    };
    const first = await night(1);
    expect(first.summary.counts).toMatchObject({ bought: 2, failed: 2 });
    const [, one, two] = first.entries;
    const second = await night(2);
    expect(second.summary).toMatchObject({
      status: 'partial',
      counts: { bought: 0, unchanged: 2, failed: 2 },
    });
    expect(second.entries[1]).toMatchObject({
      status: 'failed',
      run: 'night-1',
      render_id: one?.render_id,
      error: { code: 'result_host_refused' },
      cost: { spent: '0.000', possibly_spent: '0.000' },
    });

    await redrive(one?.render_id ?? '');
    const third = await night(3);
    expect(third.summary).toMatchObject({ status: 'partial', cost: { spent: '0.000' } });
    expect(third.summary.counts).toMatchObject({ bought: 1, unchanged: 2, failed: 1 });
    expect(third.entries[1]).toMatchObject({ status: 'completed', origin: 'new', run: 'night-1' });
    await expectRightImages(harness, third.entries);
    expect(await runs.readLatest(CATALOGUE.tenant, CATALOGUE.catalogue)).toMatchObject({ run: 'night-3' });

    await redrive(two?.render_id ?? '');
    const request = await runs.readRequest(third.id);
    if (!request) throw new Error('the request of the third night is missing');
    const retry = { of: 'night-3', notBought: false, codes: ['result_host_refused'], price: null };
    const id: RunId = { ...third.id, run: 'night-3-r1' };
    await runs.writeRequest({ ...request, ...id, files: null, createdAt: Date.now(), retry });
    await addRunJob(queues, id);
    expect(await waitForRun(harness, id)).toMatchObject({
      status: 'completed',
      counts: { bought: 1, unchanged: 3 },
    });
    await expectRightImages(harness, await readManifest(harness, id));
    expect(countPurchases(harness)).toBe(4);
  });
});
