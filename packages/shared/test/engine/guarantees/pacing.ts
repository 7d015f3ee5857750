import { latch, until } from '@darkroom/testkit';
import { RateLimitError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, waitForState } from '../../support/engine-harness.ts';

export function testPacing(harness: EngineHarness): void {
  test('two workers share one rate limit', async () => {
    const queue = harness.queue('submit');
    const ran = createCollector<{ at: number; by: string }>();
    const options = { limiter: { max: 2, duration: 300 }, concurrency: 5 };
    const batch = Array.from({ length: 10 }, (_, n) => ({ name: 's', data: {}, opts: { jobId: `s.${n}` } }));
    await queue.addBulk(batch);
    for (const by of ['a', 'b']) {
      // The time at which the worker fetched the job: the processor may start later.
      await harness.worker(queue, async (job) => ran.add({ at: job.processedOn ?? 0, by }), options);
    }
    await ran.atLeast(10);
    const times = ran.all.map((run) => run.at).sort((x, y) => x - y);
    const [first = 0] = times;
    // Fixed windows: the n-th pair opens the n-th window at the earliest. Timers may be a little early.
    for (const [n, at] of times.entries()) {
      expect(at - first).toBeGreaterThanOrEqual(Math.floor(n / 2) * 300 - 60);
    }
  });

  test('rateLimit() stops all workers of a queue for its time and costs no attempt', async () => {
    const queue = harness.queue('submit');
    const ran = createCollector<{ id: string; at: number; attemptsMade: number }>();
    let refusedAt = 0;
    const options = { limiter: { max: 1_000, duration: 1_000 } };
    for (let worker = 0; worker < 2; worker++) {
      await harness.worker(
        queue,
        async (job) => {
          if (job.id === 's.1' && refusedAt === 0) {
            refusedAt = Date.now();
            await queue.rateLimit(600);
            throw new RateLimitError();
          }
          ran.add({ id: job.id ?? '', at: Date.now(), attemptsMade: job.attemptsMade });
        },
        options,
      );
    }
    await queue.add('s', {}, { jobId: 's.1', attempts: 1 });
    await until(() => refusedAt > 0);
    for (const id of ['s.2', 's.3', 's.4']) await queue.add('s', {}, { jobId: id, attempts: 1 });
    await ran.atLeast(4);
    expect(ran.all.map((run) => run.id).sort()).toEqual(['s.1', 's.2', 's.3', 's.4']);
    for (const run of ran.all) {
      expect(run.at - refusedAt).toBeGreaterThanOrEqual(590);
      expect(run.attemptsMade).toBe(0);
    }
    expect((await waitForState(queue, 's.1', 'completed')).attemptsMade).toBe(1);
  });

  test('a running worker obeys a limiter that was changed', async () => {
    const queue = harness.queue('submit');
    const ran = createCollector<number>();
    const limiter = { max: 1, duration: 400 };
    await queue.addBulk(
      Array.from({ length: 20 }, (_, n) => ({ name: 's', data: {}, opts: { jobId: `s.${n}` } })),
    );
    await harness.worker(queue, async (job) => ran.add(job.processedOn ?? 0), {
      limiter,
      maximumRateLimitDelay: 200,
    });
    await ran.atLeast(2);
    Object.assign(limiter, { max: 10, duration: 200 });
    const times = await ran.atLeast(20);
    // With the limiter before, three begin within 800 ms at the earliest.
    const spans = times.slice(2).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...spans)).toBeLessThan(600);
  });

  test('a running worker takes more jobs as soon as its concurrency is raised, while others still run', async () => {
    const queue = harness.queue('store');
    const [started, finish] = [createCollector<string>(), latch()];
    await queue.addBulk(
      Array.from({ length: 4 }, (_, n) => ({ name: 's', data: {}, opts: { jobId: `s.${n}` } })),
    );
    const worker = await harness.worker(queue, async (job) => {
      started.add(job.id ?? '');
      await finish.wait();
    });
    await started.atLeast(1);
    worker.concurrency = 3;
    void worker.pause(true);
    void worker.resume();
    await started.atLeast(3);
    expect(started.all).toHaveLength(3);
    finish.open();
    await started.atLeast(4);
  });

  test('a paused worker finishes its job, takes no other one, and goes on when it is resumed', async () => {
    const queue = harness.queue('store');
    const [started, finish] = [createCollector<string>(), latch()];
    const worker = await harness.worker(queue, async (job) => {
      started.add(job.id ?? '');
      await finish.wait();
    });
    await queue.add('s', {}, { jobId: 's.1' });
    await started.atLeast(1);
    let isPaused = false;
    const pausing = worker.pause().then(() => {
      isPaused = true;
    });
    await queue.add('s', {}, { jobId: 's.2' });
    expect(isPaused).toBe(false);
    finish.open();
    await pausing;
    expect(await queue.getJobState('s.2')).toBe('waiting');
    await worker.resume();
    await waitForState(queue, 's.2', 'completed');
    // An idle worker waits for a job. The pause ends this wait.
    await worker.pause();
    await queue.add('s', {}, { jobId: 's.3' });
    const other = await harness.worker(queue, async () => 'other');
    expect((await waitForState(queue, 's.3', 'completed')).returnvalue).toBe('other');
    await other.close();
    expect(started.all).toEqual(['s.1', 's.2']);
  });

  test('removeRateLimitKey() ends a rate limit early', async () => {
    const queue = harness.queue('submit');
    const options = { limiter: { max: 1_000, duration: 1_000 }, maximumRateLimitDelay: 200 };
    await harness.worker(queue, async () => 'ran', options);
    await queue.rateLimit(3_600_000);
    await queue.add('s', {}, { jobId: 's.1' });
    await queue.removeRateLimitKey();
    await waitForState(queue, 's.1', 'completed');
  });

  test('a counter gives at most perSecond units in a second', async () => {
    const { counters } = harness.engine();
    const key = harness.queue('poll').name;
    const answers = await Promise.all(Array.from({ length: 8 }, () => counters.take(key, 5)));
    expect(answers.filter((ms) => ms === 0)).toHaveLength(5);
    const refused = answers.filter((ms) => ms > 0);
    for (const ms of refused) expect(ms).toBeLessThanOrEqual(1_000);
    expect(await counters.take(`${key}-other`, 5)).toBe(0);
  });

  test('a blocked counter gives no unit, and a shorter block does not lift it', async () => {
    const { counters } = harness.engine();
    const key = harness.queue('poll').name;
    await counters.block(key, 30_000);
    await counters.block(key, 1_000);
    expect(await counters.take(key, 1_000_000)).toBeGreaterThan(25_000);
  });
}
