import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { deadLettersOf } from '../../src/bullmq/index.ts';
import { type SweepDeps, sweep } from '../../src/maintenance/index.ts';
import { announce } from '../../src/webhooks/index.ts';
import { openRig, type Rig } from '../support/harness.ts';

requires('redis').describe('the sweep', () => {
  test('tells of every death, whatever else is among them', async () => {
    const rig = await openRig();
    const [first, last] = [await rig.render(), await rig.render()];
    await rig.queues.render.add('1K', { renderId: 'odd' } as never, { jobId: 'odd', priority: 5 });
    await failAll(rig, 3);
    const { deps, errors } = sweeping(rig);
    expect(await sweep(deps)).toBe(2);
    for (const id of [first, last]) {
      expect((await rig.queues.deadLetter.getJob(id))?.data.failure.code).toBe('worker_lost');
      expect((await rig.ledger.readReceipt(id))?.status).toBe('failed');
    }
    expect(errors).toEqual(['a failed job cannot be told of']);
    expect(await sweep(deps)).toBe(0);
  });

  test('leaves a letter away that somebody threw away, and writes that of a later death', async () => {
    const rig = await openRig();
    const id = await rig.render();
    await failAll(rig, 1);
    const { deps } = sweeping(rig);
    expect(await sweep(deps)).toBe(1);
    await rig.queues.deadLetter.remove(id);
    expect(await sweep(deps)).toBe(0);
    expect(await rig.queues.deadLetter.getJob(id)).toBeUndefined();
    await rig.redrive(id);
    await failAll(rig, 1);
    expect(await sweep(deps)).toBe(1);
    expect(await rig.queues.deadLetter.getJob(id)).toBeDefined();
  });

  test('leaves a letter away that a burial wrote and somebody threw away', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'refuse_content' });
    const worker = await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).failure?.code).toBe('content_policy_violation');
    await worker.close();
    await rig.queues.deadLetter.remove(id);
    expect(await sweep(sweeping(rig).deps)).toBe(0);
    expect(await rig.queues.deadLetter.getJob(id)).toBeUndefined();
  });
});

/** Fails what waits as BullMQ does for stalling: without a stage, and so without a burial. */
async function failAll(rig: Rig, count: number): Promise<void> {
  const stranger = rig.engine.worker('render', async () => {
    throw new Error('job stalled more than allowable limit');
  });
  await until(async () => (await rig.queues.render.getFailedCount()) === count);
  await stranger.close();
}

function sweeping({ queues, ledger, store, settings }: Rig): { deps: SweepDeps; errors: string[] } {
  const errors: string[] = [];
  const deps: SweepDeps = {
    queues,
    ledger,
    now: Date.now,
    log: {
      warn: () => undefined,
      error: (_: object, message: string) => void errors.push(message),
    } as never,
    put: deadLettersOf(queues).put,
    announce: (receipt, end, signal) => announce({ queues, store, settings }, receipt, end, signal),
    signal: new AbortController().signal,
  };
  return { deps, errors };
}
