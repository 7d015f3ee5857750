import { runWebhookId } from '@darkroom/shared/queues';
import { cancelRun, listEnded, RunStore } from '@darkroom/shared/runs';
import { systemClock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { createRunTracker } from '../../src/runs/index.ts';
import type { Harness } from '../support/harness.ts';
import { addRenders, createNight, RUN, readCounts, sealNight, waitForRunEnd } from '../support/runs.ts';
import { openWebhookHarness, waitForWebhook } from '../support/webhook-harness.ts';

vi.setConfig({ testTimeout: 90_000 });

const WEBHOOK = runWebhookId(RUN.tenant, RUN.id, 1, 0);

const readEnds = async ({ store }: Harness) => {
  const ends = [];
  for await (const entry of listEnded(store, RUN)) ends.push(entry);
  return ends;
};

requires('redis').describe('a run', () => {
  test('a sealed run finishes once with two workers, and run.finished arrives once', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker();
    await harness.startWorker();
    await createNight(harness, { name: 'The night' });
    await addRenders(harness, 30);
    await until(async () => ((await readCounts(harness))?.completed ?? 0) >= 10);
    expect(await new RunStore(harness.store).findLastEnd(RUN)).toBe(0);
    await sealNight(harness);
    const end = await waitForRunEnd(harness);
    const cost = { spentMicros: 30 * 25_000, refundedMicros: 0, possiblySpentMicros: 0 };
    expect(end).toMatchObject({ end: 1, completed: 30, failed: 0, canceled: 0, cost });
    await waitForWebhook(harness, '', 'completed', WEBHOOK);
    expect(receiver.runs).toHaveLength(1);
    expect(receiver.runs[0]).toMatchObject({
      id: WEBHOOK,
      event: {
        type: 'run.finished',
        data: { id: RUN.id, name: 'The night', status: 'finished', total: 30, spent: '0.750', ends: 1 },
      },
    });
    expect(await new RunStore(harness.store).findLastEnd(RUN)).toBe(1);
    // A second seal finds it finished.
    await sealNight(harness);
    expect(await harness.engine.runTallies.read(RUN)).toBeUndefined();
  });

  test('an end of a render that is counted again after the run has finished is no second end of the run', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker();
    await createNight(harness);
    const [id = ''] = await addRenders(harness, 1);
    await sealNight(harness);
    await waitForRunEnd(harness);
    const receipt = await harness.ledger.readReceipt(id);
    // As a worker does that runs the job of a worker which was killed at its end.
    const tracker = createRunTracker({ ...harness, clock: systemClock });
    // The worker must not close the run before the test has seen it open.
    await harness.queues.run.pause();
    if (receipt) await tracker.recordEnd(receipt);
    expect(await new RunStore(harness.store).isOpen(RUN)).toBe(true);
    await harness.queues.run.resume();
    expect(await waitForRunEnd(harness)).toMatchObject({ completed: 1 });
    expect(await new RunStore(harness.store).findLastEnd(RUN)).toBe(1);
    await until(() => receiver.runs.length > 0);
    expect(receiver.runs).toHaveLength(1);
  });

  test('a run that is sealed after its last end finishes, also an empty one', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker();
    await createNight(harness);
    await sealNight(harness);
    expect(await waitForRunEnd(harness)).toMatchObject({ completed: 0, failed: 0 });
    await until(() => receiver.runs.length === 1);
  });

  test('a run that is not sealed does not finish', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker();
    await createNight(harness);
    await addRenders(harness, 2);
    await until(async () => (await readCounts(harness))?.completed === 2);
    expect(await harness.queues.run.getJobCountByTypes('waiting', 'active', 'delayed')).toBe(0);
    expect(await new RunStore(harness.store).findLastEnd(RUN)).toBe(0);
    expect(receiver.runs).toEqual([]);
  });

  test('a canceled run buys nothing more, and stores what was bought', async () => {
    const { harness } = await openWebhookHarness({ TOAPIS_SUBMIT_PER_SECOND: 4 });
    await harness.startWorker();
    await createNight(harness);
    const ids = await addRenders(harness, 60);
    await until(() => harness.simulator.book.totals().tasks >= 4);
    await cancelRun(harness, RUN, { actor: 'ann', reason: 'wrong prompts', now: Date.now() });
    // Submissions that had begun when the cancel was acknowledged may be bought. Read in this order: one that ends in
    // between is in both.
    const begun = (await harness.queues.submit.getActive()).map(({ data }) => data.renderId);
    const listBought = () => harness.simulator.book.entries().map((entry) => entry.clientBusinessId ?? '');
    const allowed = new Set([...begun, ...listBought()]);
    const end = await waitForRunEnd(harness);
    const { tasks } = harness.simulator.book.totals();
    expect(listBought().filter((id) => !allowed.has(id))).toEqual([]);
    expect(tasks).toBeLessThan(60);
    expect(end).toMatchObject({ completed: tasks, failed: 0, canceled: 60 - tasks });
    expect(end?.cost).toEqual({ spentMicros: tasks * 25_000, refundedMicros: 0, possiblySpentMicros: 0 });
    for (const { renderId, status } of await readEnds(harness))
      expect(harness.countPurchases(renderId).charged).toBe(status === 'completed' ? 1 : 0);
    expect((await readEnds(harness)).map(({ renderId }) => renderId)).toEqual(ids.toSorted());
  });

  test('after its deadline, a run buys nothing more', async () => {
    const { harness } = await openWebhookHarness({ TOAPIS_SUBMIT_PER_SECOND: 4 });
    await harness.startWorker();
    await createNight(harness, { deadlineAt: Date.now() + 1_500 });
    await addRenders(harness, 80);
    await until(
      async () => {
        const { canceled = 0, completed = 0 } = (await readCounts(harness)) ?? {};
        return canceled + completed === 80;
      },
      { timeout: 60_000 },
    );
    // Without the deadline, all would be bought, in twenty seconds.
    expect(harness.simulator.book.totals().tasks).toBeLessThan(60);
  });

  test('a redrive opens a finished run again, and it finishes once more', async () => {
    const { harness, receiver } = await openWebhookHarness({ MAX_PURCHASES: 1 });
    harness.simulator.faults.add({ kind: 'fail_task', rate: 1 });
    await harness.startWorker();
    await createNight(harness);
    const [id = ''] = await addRenders(harness, 1);
    await sealNight(harness);
    expect(await waitForRunEnd(harness)).toMatchObject({ completed: 0, failed: 1 });
    harness.simulator.faults.clear();
    await harness.redrive(id);
    expect(await waitForRunEnd(harness, 2)).toMatchObject({ end: 2, completed: 1, failed: 0 });
    await until(() => receiver.runs.length === 2);
    expect(receiver.runs.map(({ event }) => event.data.ends)).toEqual([1, 2]);
  });

  test('the renders of a plain label are not counted', async () => {
    const { harness } = await openWebhookHarness();
    await harness.startWorker();
    const id = await harness.enqueue({ run: RUN.id });
    await createNight(harness);
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(await readCounts(harness)).toMatchObject({ queued: 0, completed: 0 });
    expect(await readEnds(harness)).toEqual([]);
  });
});
