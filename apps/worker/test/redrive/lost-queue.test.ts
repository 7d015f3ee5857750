import { readQueueState } from '@darkroom/shared/queues';
import type { PlanItem } from '@darkroom/shared/redrives';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { sweep } from '../../src/maintenance/index.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { createSweepDeps, type Harness, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue } from '../support/journal.ts';
import { beginRedrive, haveFailed } from '../support/redrives.ts';

vi.setConfig({ testTimeout: 60_000 });

const isComplete = ({ engine, queues }: Harness) =>
  until(async () => (await readQueueState(engine, queues)) === 'complete', { timeout: 30_000 });

/** Renders that were accepted, and that the provider refused. */
async function openWithFailedRenders(count: number) {
  const harness = await openHarness();
  const provider = await startFakeProvider();
  const requests = Array.from({ length: count }, () => ({ prompt: 'refused' }));
  const ids = await acceptRenders(harness, requests);
  const worker = await harness.startWorker({ provider });
  await haveFailed(harness, count);
  await worker.close();
  return { harness, provider, ids };
}

requires('redis').describe('after the queue was lost', () => {
  test('a discarded dead letter comes back neither by the restore nor by the sweep', async () => {
    const { harness, provider, ids } = await openWithFailedRenders(2);
    const [discarded = '', kept = ''] = ids;
    await harness.ledger.writeDiscard(discarded, { end: 1, actor: 'a test', note: 'known' });
    await harness.queues.deadLetter.remove(discarded);
    await emptyQueue(harness);
    await harness.startWorker({ provider });
    await isComplete(harness);
    await haveFailed(harness, 2);
    const { deps } = createSweepDeps(harness);
    expect(await sweep(deps)).toBe(0);
    expect(await harness.queues.deadLetter.getJob(discarded)).toBeUndefined();
    expect((await harness.queues.deadLetter.getJob(kept))?.data.failure.code).toBe(
      'content_policy_violation',
    );
    // A later end has a dead letter again.
    await harness.redrive(discarded);
    await until(async () => (await harness.queues.deadLetter.getJob(discarded)) !== undefined);
  });

  test('a redrive that the queue has lost goes on', async () => {
    const { harness, provider, ids } = await openWithFailedRenders(2);
    const items = ids.map(
      (id): PlanItem => ({
        id,
        end: 1,
        attempt: 1,
        step: 'submit',
        action: 'buy',
        priceMicros: 25_000,
        groups: ['reason', '', 'default', 'model', 'submit'],
      }),
    );
    const redrive = await beginRedrive(harness, items);
    await emptyQueue(harness);
    await harness.startWorker({ provider });
    // The restored renders have the same number of ends, so they are as the plan found them.
    expect(await redrive.waitForEnd()).toMatchObject({
      status: 'partial',
      started: 2,
      failed: 2,
      skipped: 0,
    });
    expect((await harness.ledger.readReceipt(ids[0] ?? ''))?.earlierFailures).toHaveLength(1);
  });
});
