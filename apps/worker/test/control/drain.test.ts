import { createProvider } from '@darkroom/providers';
import { systemClock } from '@darkroom/shared/runtime';
import { latch, requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { readRecord, setDrain } from '../support/controls.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

// A process starts in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 120_000 });

const hasDrain = (harness: Harness, name: string, drain: string) =>
  until(async () => (await readRecord(harness, name))?.drain === drain);

requires('redis').describe('a worker that an operator drains', () => {
  test('finishes its jobs, takes no new ones, stays alive, and takes jobs again when the drain ends', async () => {
    const harness = await openHarness();
    const provider = createProvider(harness.settings, systemClock);
    const answered = latch();
    const submit: typeof provider.submit = async (...args) => {
      await answered.wait(60_000);
      return await provider.submit(...args);
    };
    const worker = await harness.startWorker({ provider: { ...provider, submit } });
    const first = await harness.enqueue();
    await until(async () => (await harness.queues.submit.getActiveCount()) === 1);
    await setDrain(harness, worker.name, true);
    await hasDrain(harness, worker.name, 'draining');
    expect((await readRecord(harness, worker.name))?.active).toEqual({ submit: 1 });
    answered.open();
    await hasDrain(harness, worker.name, 'drained');
    expect(harness.countPurchases(first).charged).toBe(1);

    // Another process does all the work. Its id is in the name that BullMQ writes on each job.
    const other = spawnWorker(harness, {
      TOAPIS_SUBMIT_PER_SECOND: '200',
      TOAPIS_QUERY_PER_SECOND: '1000',
      ALLOW_PRIVATE_HOSTS: 'true',
      // No worker is killed here. With the lock of a second, a process that stands still would lose its jobs.
      LOCK_DURATION_MS: '30000',
    });
    const ids = await Promise.all(Array.from({ length: 20 }, () => harness.enqueue()));
    for (const id of [first, ...ids]) expect((await harness.waitForReceipt(id)).status).toBe('completed');
    const submissions = await Promise.all(ids.map((id) => harness.queues.submit.getJob(`${id}.s1`)));
    const workers = new Set(submissions.map((job) => job?.processedBy?.split('/').at(-1)));
    expect([...workers]).toEqual([String(other.pid)]);
    await other.kill();
    const health = await (await fetch(`${worker.url}/healthz`)).json();
    expect(health).toMatchObject({ status: 'ok', drain: 'drained' });

    // The queue loses everything. The drain is in the store.
    await harness.queues.stop.obliterate({ force: true });
    await harness.queues.worker.obliterate({ force: true });
    await hasDrain(harness, worker.name, 'drained');

    await setDrain(harness, worker.name, false);
    expect((await harness.waitForReceipt(await harness.enqueue())).status).toBe('completed');
    await hasDrain(harness, worker.name, 'no');
    await worker.close();
    expect(await readRecord(harness, worker.name)).toBeUndefined();
  });

  test('is idle and waits for a job: it does not take the next one', async () => {
    const harness = await openHarness();
    const worker = await harness.startWorker();
    // Only a worker whose blocking read was ended says that it is drained.
    await setDrain(harness, worker.name, true);
    await hasDrain(harness, worker.name, 'drained');
    const id = await harness.enqueue();
    // A drain that ends before it had an effect, and begins again.
    await setDrain(harness, worker.name, false);
    await hasDrain(harness, worker.name, 'no');
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    await setDrain(harness, worker.name, true);
    await hasDrain(harness, worker.name, 'drained');
    const next = await harness.enqueue();
    const seenAt = (await readRecord(harness, worker.name))?.seenAt ?? 0;
    // BullMQ's blocking read would have returned with the job at once, and the worker reports twice meanwhile.
    await until(async () => ((await readRecord(harness, worker.name))?.seenAt ?? 0) > seenAt + 2_000);
    expect(await harness.queues.render.getJobState(next)).toBe('prioritized');
  });
});
