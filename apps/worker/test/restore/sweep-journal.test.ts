import { Ledger } from '@darkroom/shared/ledger';
import { readQueueState, requestRestore } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createJournalSweepMemory, type RestoreDeps, sweepJournal } from '../../src/restore/index.ts';
import { createSweepDeps, type Harness, lowJitterClock, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue, writeJournal } from '../support/journal.ts';
import { refuse } from '../support/receiver.ts';
import { holdSweeps } from '../support/sweeps.ts';
import { openWebhookHarness, waitForWebhook } from '../support/webhook-harness.ts';

const LONG_MS = 11 * 60_000;

/** What the sweep of the journal needs. @param aheadMs how far its clock is ahead */
function createDeps(harness: Harness, aheadMs = 0): RestoreDeps {
  const { deps } = createSweepDeps(harness);
  return {
    ...deps,
    ...harness,
    provider: { priceMicros: () => 25_000 } as never,
    clock: { ...lowJitterClock, now: () => Date.now() + aheadMs },
  };
}

/** @returns how many entries it deleted. */
const sweepOnce = async (deps: RestoreDeps, memory = createJournalSweepMemory()) => {
  const { deleted } = await sweepJournal(deps, memory, { signal: new AbortController().signal });
  return deleted;
};

const listEntries = async ({ store }: Harness) => (await store.list({ prefix: 'intake/' })).objects;

const isComplete = ({ engine, queues }: Harness) =>
  until(async () => (await readQueueState(engine, queues)) === 'complete');

requires('redis').describe('the sweep of the journal', () => {
  test('an entry stays until all of its renders have ended', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    await isComplete(harness);
    await holdSweeps(harness);
    const [done = ''] = await acceptRenders(harness, [{}]);
    await harness.waitForReceipt(done);
    harness.simulator.faults.add({ kind: 'query_500', rate: 1 });
    const ids = await acceptRenders(harness, [{}, {}]);
    const memory = createJournalSweepMemory();
    expect(await sweepOnce(createDeps(harness), memory)).toBe(1);
    expect(await listEntries(harness)).toHaveLength(1);
    harness.simulator.faults.clear();
    for (const id of ids) await harness.waitForReceipt(id);
    expect(await sweepOnce(createDeps(harness), memory)).toBe(1);
    expect(await listEntries(harness)).toEqual([]);
  });

  test('an entry stays while a webhook about one of its renders is under way', async () => {
    const { harness, receiver } = await openWebhookHarness();
    receiver.react(refuse);
    await harness.startWorker();
    await isComplete(harness);
    await holdSweeps(harness);
    const [id = ''] = await acceptRenders(harness, [{}]);
    await harness.waitForReceipt(id);
    await waitForWebhook(harness, id, 'delayed');
    expect(await sweepOnce(createDeps(harness))).toBe(0);
    receiver.react((response) => void response.writeHead(204).end());
    await (await harness.queues.webhook.getJob(`msg_${id}_completed_0`))?.promote();
    await waitForWebhook(harness, id, 'completed');
    expect(await sweepOnce(createDeps(harness))).toBe(1);
  });

  test('a render that is in the journal and nowhere else is added after ten minutes', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    await isComplete(harness);
    const [lost] = await writeJournal(harness, [{}]);
    const id = lost?.renderId ?? '';
    await sweepOnce(createDeps(harness));
    expect(await harness.queues.render.getJob(id)).toBeUndefined();
    await sweepOnce(createDeps(harness, LONG_MS));
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
  });

  test('a lost render is found beside a render of the same entry that runs, without a request per sweep', async () => {
    const harness = await openHarness();
    // The renders must not end before the worker is closed.
    await harness.queues.render.pause();
    const [running = '', lost = ''] = await acceptRenders(harness, [{}, {}]);
    await requestRestore(harness.engine, harness.queues, { reason: 'test', now: Date.now() });
    const worker = await harness.startWorker();
    await isComplete(harness);
    await worker.close();
    const checkpoint = await harness.readCheckpoint(lost);
    for (const id of [running, lost]) await harness.queues.render.remove(id, { removeChildren: true });
    await harness.queues.render.add(
      '1K',
      { ...checkpoint, renderId: running },
      { jobId: running, priority: 10 },
    );
    const memory = createJournalSweepMemory();
    const sweepAt = async (aheadMs: number, store = harness.store) => {
      const deps = createDeps({ ...harness, store, ledger: new Ledger(store, lowJitterClock) }, aheadMs);
      return await sweepJournal(deps, memory, { signal: new AbortController().signal });
    };
    expect(await sweepAt(0)).toEqual({ deleted: 0, added: 0 });
    // Between two searches, the store is only listed.
    const { list } = harness.store;
    const listOnly = { list: list.bind(harness.store) } as typeof harness.store;
    expect(await sweepAt(60_000, listOnly)).toEqual({ deleted: 0, added: 0 });
    expect(await sweepAt(LONG_MS)).toEqual({ deleted: 0, added: 1 });
    expect(await harness.queues.render.getJob(lost)).toBeDefined();
  });

  test('a worker forgets the entries that another worker has deleted', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    await isComplete(harness);
    await writeJournal(harness, [{}]);
    const memory = createJournalSweepMemory();
    await sweepOnce(createDeps(harness), memory);
    expect([...memory.pending.keys()]).toEqual((await listEntries(harness)).map(({ key }) => key));
    for (const { key } of await listEntries(harness)) await harness.store.delete(key);
    await sweepOnce(createDeps(harness), memory);
    expect(memory.pending.size).toBe(0);
  });

  test('no entry is deleted while the queue may have lost webhooks', async () => {
    const { harness } = await openWebhookHarness();
    const worker = await harness.startWorker();
    await isComplete(harness);
    const [id = ''] = await acceptRenders(harness, [{}]);
    await harness.waitForReceipt(id);
    await worker.close();
    await emptyQueue(harness);
    expect(await sweepOnce(createDeps(harness))).toBe(0);
    await requestRestore(harness.engine, harness.queues, { reason: 'test', now: Date.now() });
    expect(await sweepOnce(createDeps(harness))).toBe(0);
    expect(await listEntries(harness)).toHaveLength(1);
  });
});
