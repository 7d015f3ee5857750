import { webhookJobOptions } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { sweepDelays } from '../../src/maintenance/index.ts';
import {
  createSweepDeps,
  type Harness,
  lowJitterClock,
  newCheckpoint,
  openHarness,
} from '../support/harness.ts';

const AHEAD = 6 * 3_600_000;

/** A clock that a test can set ahead. */
function jumpingClock() {
  let ahead = 0;
  const clock: Clock = { ...lowJitterClock, now: () => lowJitterClock.now() + ahead };
  return {
    clock,
    jump: () => {
      ahead = AHEAD;
    },
    comeBack: () => {
      ahead = 0;
    },
  };
}

/** Makes a worker sweep now, instead of in a minute. */
async function runSweep({ queues }: Harness) {
  const chore = await until(async () =>
    (await queues.maintenance.getDelayed()).find((job) => job.data.chore === 'sweep'),
  );
  await chore.promote();
}

/** Waits until a step ran on the clock that is ahead, and its job is delayed by that clock. */
const waitUntilDelayedFar = async ({ queues }: Harness, id: string) => {
  await until(async () => {
    const job = await queues.render.getJob(id);
    if (!job || !(await job.isDelayed())) return false;
    if (job.data.updatedAt > Date.now() + AHEAD / 2) return true;
    // The clock jumped between the end of a step and the delay of its job: the next step has not run yet.
    if (job.delay > AHEAD / 2) await job.promote();
    return false;
  });
};

requires('redis').describe('a clock that is six hours ahead for some seconds', () => {
  test('a render at the provider is neither timed out nor delayed: the sweep wakes it, and it completes', async () => {
    const { clock, jump, comeBack } = jumpingClock();
    const harness = await openHarness({ clock });
    harness.simulator.faults.add({ kind: 'query_500', rate: 1 });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'poll');
    jump();
    await waitUntilDelayedFar(harness, id);
    comeBack();
    harness.simulator.faults.clear();
    await runSweep(harness);
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a missing task is not lost, although its grace has passed on the clock that is ahead', async () => {
    const { clock, jump, comeBack } = jumpingClock();
    const harness = await openHarness({ clock });
    harness.simulator.faults.add({ kind: 'query_404', rate: 1 });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => {
      const { at } = await harness.readCheckpoint(id);
      return at.step === 'poll' && at.missingSince !== undefined;
    });
    jump();
    await waitUntilDelayedFar(harness, id);
    comeBack();
    harness.simulator.faults.clear();
    await runSweep(harness);
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
  });

  test('a held render is checked again, and a webhook is sent again, soon after the clock has come back', async () => {
    const { clock, jump, comeBack } = jumpingClock();
    const harness = await openHarness({ clock });
    harness.simulator.faults.add({ kind: 'accept_then_cut' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'hold');
    // The checkpoint is saved before the job is delayed.
    await until(async () => (await harness.queues.render.getJobState(id)) === 'delayed');
    jump();
    const job = await harness.queues.render.getJob(id);
    await job?.promote();
    await waitUntilDelayedFar(harness, id);
    comeBack();
    await worker.close();
    const far = { version: DATA_VERSION, renderId: id, tenant: 'default', status: 'completed' as const };
    const to = { kind: 'url' as const, url: 'https://hooks.example.invalid/in' };
    for (const [jobId, delay] of [
      ['msg_far', AHEAD],
      ['msg_soon', 300_000],
    ] as const) {
      const data = { ...far, to, endedAt: Date.now(), nextAttemptAt: Date.now() + delay };
      await harness.queues.webhook.add('completed', data, { jobId, delay });
    }
    expect(await sweepDelays({ ...createSweepDeps(harness).deps, clock })).toBe(2);
    expect(await harness.queues.render.getDelayedCount()).toBe(0);
    expect((await harness.queues.webhook.getDelayed()).map((one) => one.id)).toEqual(['msg_soon']);
  });

  test('a download that is delayed without a trace in its data is woken', async () => {
    const harness = await openHarness();
    const data = {
      version: DATA_VERSION,
      renderId: 'rnd_1',
      provider: 'toapis' as const,
      attempt: 1,
      tenant: 'default',
      taskId: 'task_1',
      createdAt: 1,
      expiresAt: 2,
    };
    await harness.queues.store.add('1K', data, { jobId: 'rnd_1.t1', delay: AHEAD, priority: 1 });
    await harness.queues.store.add('1K', data, { jobId: 'rnd_2.t1', delay: 600_000, priority: 1 });
    const deps = createSweepDeps(harness).deps;
    expect(await sweepDelays(deps)).toBe(1);
    expect((await harness.queues.store.getDelayed()).map((job) => job.id)).toEqual(['rnd_2.t1']);
    expect(await sweepDelays(deps)).toBe(0);
  });

  test('a submission that waits an hour for a budget is left alone', async () => {
    const harness = await openHarness();
    const { deps } = createSweepDeps(harness);
    const { request, tenant, provider } = newCheckpoint({}, Date.now());
    const budget = { name: 'night', limitMicros: 1, per: 'day', since: Date.now() } as const;
    const data = { version: DATA_VERSION, renderId: 'rnd_1', tenant, provider, attempt: 1, request, budget };
    await harness.queues.submit.add('submit', data, { jobId: 'rnd_1.s1', delay: 3_600_000, priority: 1 });
    await harness.queues.submit.add('submit', data, { jobId: 'rnd_2.s1', delay: AHEAD, priority: 1 });
    expect(await sweepDelays(deps)).toBe(1);
    expect((await harness.queues.submit.getDelayed()).map(({ id }) => id)).toEqual(['rnd_1.s1']);
  });

  test('more than a page of delayed downloads is woken by one sweep', async () => {
    const harness = await openHarness();
    const jobs = Array.from({ length: 1_001 }, (_, index) => ({
      name: '1K',
      data: {} as never,
      opts: { jobId: `rnd_${index}.t1`, delay: AHEAD, priority: 1 },
    }));
    await harness.queues.store.addBulk(jobs);
    expect(await sweepDelays(createSweepDeps(harness).deps)).toBe(1_001);
    expect(await harness.queues.store.getDelayedCount()).toBe(0);
  });

  test('a webhook is woken behind a hundred webhooks that wait longer, as they should', async () => {
    const harness = await openHarness();
    const { webhook } = harness.queues;
    const ids = Array.from({ length: 110 }, (_, index) => `msg_${index}`);
    await webhook.addBulk(
      ids.map((id) => ({ name: 'completed', data: {} as never, opts: webhookJobOptions(id) })),
    );
    // Its seventh pause is ten hours.
    const worker = harness.engine.worker(
      'webhook',
      async () => {
        throw new Error('not acknowledged');
      },
      { concurrency: 50, settings: { backoffStrategy: (tries) => (tries < 7 ? 0 : 36_000_000) } },
    );
    await until(async () => (await webhook.getDelayedCount()) === ids.length, { timeout: 30_000 });
    await worker.close();
    await webhook.add('completed', {} as never, { ...webhookJobOptions('msg_far'), delay: AHEAD });
    const deps = createSweepDeps(harness).deps;
    expect(await sweepDelays(deps)).toBe(1);
    expect(await webhook.getJobState('msg_far')).toBe('waiting');
    expect(await webhook.getDelayedCount()).toBe(ids.length);
    // The next sweep reads no job of those that wait as they should, and forgets those that wait no more.
    expect(deps.webhookWaits.size).toBe(ids.length + 1);
    expect(await sweepDelays(deps)).toBe(0);
    expect(deps.webhookWaits.size).toBe(ids.length);
  });
});
