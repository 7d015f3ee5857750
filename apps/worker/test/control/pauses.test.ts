import { createProvider } from '@darkroom/providers';
import { announceChange, ControlStore, type PauseScope } from '@darkroom/shared/control';
import { DATA_VERSION, submitJobId } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { withdrawPausedSubmissions } from '../../src/control/paused-renders.ts';
import { type Harness, newCheckpoint, openHarness } from '../support/harness.ts';

const renderJobOf = (tenant: string, run: string) => {
  const checkpoint = { ...newCheckpoint({ run }, Date.now()), tenant };
  return { name: '1K', data: checkpoint, opts: { jobId: checkpoint.renderId, priority: 10 } };
};

async function enqueue(harness: Harness, tenant: string, count: number, run = 'night'): Promise<string[]> {
  const jobs = Array.from({ length: count }, () => renderJobOf(tenant, run));
  await harness.queues.render.addBulk(jobs);
  return jobs.map(({ data }) => data.renderId);
}

async function pause(harness: Harness, name: string, scope: PauseScope, until?: number): Promise<void> {
  const record = {
    version: DATA_VERSION,
    name,
    scope,
    reason: 'review',
    owner: 'ann',
    actor: 'ann',
  } as const;
  const end = until === undefined ? {} : { until };
  await new ControlStore(harness.store).addPause({ ...record, since: Date.now(), ...end });
  await announceChange(harness.queues);
}

async function endPause(harness: Harness, name: string): Promise<void> {
  await new ControlStore(harness.store).removePause(name);
  await announceChange(harness.queues);
}

const countBought = (harness: Harness, ids: readonly string[]) =>
  ids.filter((id) => harness.countPurchases(id).charged > 0).length;

/** All these renders wait: as delayed jobs, or with a submission that had begun and is delayed. */
const isHeldBack = async ({ queues }: Harness, ids: readonly string[]) => {
  const waits = async (id: string) => {
    const state = await queues.render.getJobState(id);
    if (state === 'waiting-children') return (await queues.submit.getJobState(`${id}.s1`)) === 'delayed';
    return state === 'delayed' || state === 'completed';
  };
  return (await Promise.all(ids.map(waits))).every(Boolean);
};

const complete = async (harness: Harness, ids: readonly string[]) => {
  for (const id of ids) expect((await harness.waitForReceipt(id)).status).toBe('completed');
};

requires('redis').describe('a pause of submission', () => {
  test('stops one tenant at once and no other one; of two pauses, the end of one starts nothing', async () => {
    const harness = await openHarness({ settings: { TOAPIS_SUBMIT_PER_SECOND: 8 } });
    await harness.startWorker();
    await harness.startWorker();
    const acme = await enqueue(harness, 'acme', 60);
    await until(() => countBought(harness, acme) >= 4);

    await pause(harness, 'first', { tenant: 'acme' });
    // Read in this order: a submission that ends in between is in both.
    const begun = (await harness.queues.submit.getActive()).map(({ data }) => data.renderId);
    const isBought = (id: string) => harness.countPurchases(id).charged > 0;
    const allowed = new Set([...begun, ...acme.filter(isBought)]);
    const other = await enqueue(harness, 'other', 4);
    await complete(harness, other);
    await until(() => isHeldBack(harness, acme));
    expect(acme.filter((id) => isBought(id) && !allowed.has(id))).toEqual([]);
    const bought = countBought(harness, acme);
    expect(await harness.queues.submit.getJobCountByTypes('waiting', 'prioritized')).toBe(0);

    await pause(harness, 'second', { run: 'night', tenant: 'acme' });
    // Both stand while others are bought.
    await complete(harness, await enqueue(harness, 'other', 2));
    expect(countBought(harness, acme)).toBe(bought);
    await endPause(harness, 'first');
    await complete(harness, await enqueue(harness, 'other', 4));
    expect(countBought(harness, acme)).toBe(bought);

    // One render is let through.
    const [passed = ''] = (
      await Promise.all(
        acme.map(async (id) => ((await harness.readCheckpoint(id)).at.step === 'submit' ? [id] : [])),
      )
    ).flat();
    await new ControlStore(harness.store).putPass({
      renderId: passed,
      reason: 'sample',
      actor: 'ann',
      at: 1,
    });
    await announceChange(harness.queues);
    await complete(harness, [passed]);
    expect(countBought(harness, acme)).toBe(bought + 1);

    await endPause(harness, 'second');
    // All of them go on at once. Their submissions wait for the quota only.
    await until(async () => {
      const delayed = await harness.queues.render.getJobs(['delayed']);
      return !delayed.some(({ data }) => data.tenant === 'acme' && data.at.step === 'submit');
    });
    await complete(harness, acme);
    expect(acme.every((id) => harness.countPurchases(id).charged === 1)).toBe(true);
  });

  test('holds back a submission that had begun before the pause was acknowledged', async () => {
    const harness = await openHarness();
    const provider = createProvider(harness.settings, systemClock);
    const [asked, answered] = [latch(), latch()];
    // Between the first look at the pauses and the claim.
    const prove: typeof provider.prove = async (signal) => {
      asked.open();
      await answered.wait();
      return await provider.prove(signal);
    };
    await harness.startWorker({ provider: { ...provider, prove } });
    const [id = ''] = await enqueue(harness, 'acme', 1);
    await asked.wait();
    await pause(harness, 'all', {});
    answered.open();
    await until(() => isHeldBack(harness, [id]));
    expect(countBought(harness, [id])).toBe(0);
    expect((await harness.ledger.attemptState(id, 1)).kind).toBe('unclaimed');
    await endPause(harness, 'all');
    await complete(harness, [id]);
  });

  test('takes the waiting submissions of paused renders out of their queue, so that they use up no quota', async () => {
    const harness = await openHarness();
    const submissions = ['acme', 'acme', 'other'].map((tenant) => {
      const { at: _, ...data } = { ...newCheckpoint({}, Date.now()), tenant };
      return { name: '1K', data, opts: { jobId: submitJobId(data.renderId, 1), priority: 10 } };
    });
    await harness.queues.submit.addBulk(submissions);
    await pause(harness, 'acme', { tenant: 'acme' });
    const state = await new ControlStore(harness.store).readState();
    const work = { ...harness, clock: systemClock, signal: new AbortController().signal };
    expect(await withdrawPausedSubmissions(work, state)).toBe(2);
    const left = await harness.queues.submit.getJobs(['prioritized']);
    expect(left.map(({ data }) => data.tenant)).toEqual(['other']);
  });

  test('survives an emptied queue and new workers, also for a whole queue, and ends by itself at its end', async () => {
    const harness = await openHarness();
    await pause(harness, 'all', {});
    const control = new ControlStore(harness.store);
    await control.putQueuePause({ reason: 'disk full', owner: 'bob', actor: 'bob', since: 1 }, 'store');
    // The queue loses everything.
    await harness.queues.stop.obliterate({ force: true });
    const worker = await harness.startWorker();
    const [id = ''] = await enqueue(harness, 'acme', 1);
    await until(() => isHeldBack(harness, [id]));
    await until(() => harness.queues.store.isPaused());
    expect(countBought(harness, [id])).toBe(0);
    await harness.queues.store.resume();

    // The next worker knows the pause from its first submission on.
    await worker.close();
    await harness.startWorker();
    const endsAt = Date.now() + 1_500;
    await pause(harness, 'until', { model: 'gemini-3-pro-image-preview' }, endsAt);
    await endPause(harness, 'all');
    // It is bought at the end of the pause, and not at the next check of a paused render, a quarter of an hour later.
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.status).toBe('completed');
    expect(receipt.purchases[0]?.acceptedAt).toBeGreaterThanOrEqual(endsAt);
  });
});
