import { readQueueState, requestRestore } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createJournalSweepMemory, type RestoreDeps, sweepJournal } from '../../src/restore/index.ts';
import { createSweepDeps, type Harness, lowJitterClock, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue, writeJournal } from '../support/journal.ts';
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

const sweepOnce = (deps: RestoreDeps, memory = createJournalSweepMemory()) =>
  sweepJournal(deps, memory, { signal: new AbortController().signal });

const listEntries = async ({ store }: Harness) => (await store.list({ prefix: 'intake/' })).objects;

const isComplete = ({ engine, queues }: Harness) =>
  until(async () => (await readQueueState(engine, queues)) === 'complete');

requires('redis').describe('the sweep of the journal', () => {
  test('an entry stays until all of its renders have ended', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    await isComplete(harness);
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
    receiver.react((response) => void response.writeHead(500).end());
    await harness.startWorker();
    await isComplete(harness);
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
