import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openDeadLetters } from '../../src/bullmq/index.ts';
import { type SweepDeps, sweep } from '../../src/maintenance/index.ts';
import { enqueueWebhooks } from '../../src/webhooks/index.ts';
import { type Harness, openHarness } from '../support/harness.ts';

requires('redis').describe('the sweep', () => {
  test('tells of every death, whatever else is among them', async () => {
    const harness = await openHarness();
    const [first, last] = [await harness.enqueue(), await harness.enqueue()];
    await harness.queues.render.add('1K', { renderId: 'odd' } as never, { jobId: 'odd', priority: 5 });
    await failAll(harness, 3);
    const { deps, errors } = sweeping(harness);
    expect(await sweep(deps)).toBe(2);
    for (const id of [first, last]) {
      expect((await harness.queues.deadLetter.getJob(id))?.data.failure.code).toBe('worker_lost');
      expect((await harness.ledger.readReceipt(id))?.status).toBe('failed');
    }
    expect(errors).toEqual(['a failed job cannot be told of']);
    expect(await sweep(deps)).toBe(0);
  });

  test('leaves a letter away that somebody threw away, and writes that of a later death', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    await failAll(harness, 1);
    const { deps } = sweeping(harness);
    expect(await sweep(deps)).toBe(1);
    await harness.queues.deadLetter.remove(id);
    expect(await sweep(deps)).toBe(0);
    expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
    await harness.redrive(id);
    await failAll(harness, 1);
    expect(await sweep(deps)).toBe(1);
    expect(await harness.queues.deadLetter.getJob(id)).toBeDefined();
  });

  test('leaves a letter away that a burial wrote and somebody threw away', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'refuse_content' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).failure?.code).toBe('content_policy_violation');
    await worker.close();
    await harness.queues.deadLetter.remove(id);
    expect(await sweep(sweeping(harness).deps)).toBe(0);
    expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
  });
});

/** Fails what waits as BullMQ does for stalling: without a stage, and so without a burial. */
async function failAll(harness: Harness, count: number): Promise<void> {
  const stranger = harness.engine.worker('render', async () => {
    throw new Error('job stalled more than allowable limit');
  });
  await until(async () => (await harness.queues.render.getFailedCount()) === count);
  await stranger.close();
}

function sweeping({ queues, ledger, store, settings }: Harness): { deps: SweepDeps; errors: string[] } {
  const errors: string[] = [];
  const deps: SweepDeps = {
    queues,
    ledger,
    now: Date.now,
    log: {
      warn: () => undefined,
      error: (_: object, message: string) => void errors.push(message),
    } as never,
    put: openDeadLetters(queues).put,
    announce: (receipt, end, signal) => enqueueWebhooks({ queues, store, settings }, receipt, end, signal),
    signal: new AbortController().signal,
  };
  return { deps, errors };
}
