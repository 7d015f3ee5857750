import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import type { JobPlace } from '../../../src/engine/index.ts';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testObserving(harness: EngineHarness): void {
  test('progress and log lines are stored, and progress is sent as an event', async () => {
    const queue = harness.queue();
    const events = await harness.events(queue);
    const received = createCollector<unknown>();
    events.on('progress', ({ jobId, data }) => received.add([jobId, data]));
    await harness.worker(queue, async (job) => {
      await job.updateProgress({ step: 'poll', percent: 40 });
      await job.log('polled the provider');
      await job.log('polled again');
    });
    await queue.add('render', {}, { jobId: 'r.1' });
    const job = await waitForState(queue, 'r.1', 'completed');
    expect(job.progress).toEqual({ step: 'poll', percent: 40 });
    expect(await queue.getJobLogs('r.1')).toEqual({
      logs: ['polled the provider', 'polled again'],
      count: 2,
    });
    await received.atLeast(1);
    expect(received.all).toEqual([['r.1', { step: 'poll', percent: 40 }]]);
  });

  test('every change of a job is sent as an event', async () => {
    const queue = harness.queue();
    const events = await harness.events(queue);
    const received = createCollector<string>();
    events.on('added', ({ jobId }) => received.add(`added ${jobId}`));
    events.on('delayed', ({ jobId }) => received.add(`delayed ${jobId}`));
    events.on('active', ({ jobId }) => received.add(`active ${jobId}`));
    events.on('completed', ({ jobId, returnvalue }) =>
      received.add(`completed ${jobId} ${JSON.stringify(returnvalue)}`),
    );
    events.on('failed', ({ jobId, failedReason }) => received.add(`failed ${jobId} ${failedReason}`));
    await harness.worker(queue, async (job) => {
      if (job.id === 'bad') throw new Error('refused');
      return { key: 'images/1.png' };
    });
    await queue.add('render', {}, { jobId: 'good', delay: 50 });
    await queue.add('render', {}, { jobId: 'bad', attempts: 1 });
    await until(() => received.all.length >= 7, { what: '7 events' }).catch(() => undefined);
    expect(received.all.filter((line) => line.includes('good'))).toEqual([
      'added good',
      'delayed good',
      'active good',
      'completed good {"key":"images/1.png"}',
    ]);
    expect(received.all.filter((line) => line.includes('bad'))).toEqual([
      'added bad',
      'active bad',
      'failed bad refused',
    ]);
  });

  test('waitUntilFinished() resolves or rejects as the job ends', async () => {
    const queue = harness.queue();
    const events = await harness.events(queue);
    await harness.worker(queue, async (job) => {
      if (job.data.bad) throw new Error('refused');
      return 'image';
    });
    const good = await queue.add('render', {}, { jobId: 'good' });
    expect(await good.waitUntilFinished(events, 10_000)).toBe('image');
    const bad = await queue.add('render', { bad: true }, { jobId: 'bad', attempts: 1 });
    await expect(bad.waitUntilFinished(events, 10_000)).rejects.toThrow('refused');
  });

  test('a dashboard can count jobs and read them in pages', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async (job) => {
      if (job.data.bad) throw new Error('refused');
    });
    for (const id of ['c.1', 'c.2', 'c.3']) await queue.add('render', {}, { jobId: id });
    await queue.add('render', { bad: true }, { jobId: 'f.1', attempts: 1 });
    await queue.add('render', {}, { jobId: 'd.1', delay: 3_600_000 });
    await until(async () => {
      const counts = await queue.getJobCounts('completed', 'failed');
      return counts['completed'] === 3 && counts['failed'] === 1;
    });
    await queue.pause();
    await queue.add('render', {}, { jobId: 'w.1', priority: 3 });
    const counts = await queue.getJobCounts();
    expect(counts).toMatchObject({ active: 0, completed: 3, failed: 1, delayed: 1 });
    expect((counts['prioritized'] ?? 0) + (counts['paused'] ?? 0) + (counts['waiting'] ?? 0)).toBe(1);
    const newest = await queue.getJobs(['completed'], 0, 1, false);
    expect(newest.map((job) => job.id)).toEqual(['c.3', 'c.2']);
    const oldest = await queue.getJobs(['completed'], 0, 1, true);
    expect(oldest.map((job) => job.id)).toEqual(['c.1', 'c.2']);
    expect((await queue.getFailed()).map((job) => job.id)).toEqual(['f.1']);
    expect(await queue.getJobCountByTypes('completed', 'failed')).toBe(4);
    expect(await queue.count()).toBe(2);
  });

  test('finished jobs are removed above a count', async () => {
    const queue = harness.queue('kept', { defaultJobOptions: { removeOnComplete: { count: 2 } } });
    await harness.worker(queue, async () => 'ok');
    for (const id of ['j.1', 'j.2', 'j.3', 'j.4']) {
      await queue.add('render', {}, { jobId: id });
      await waitForState(queue, id, 'completed');
    }
    const kept = await queue.getJobs(['completed']);
    expect(new Set(kept.map((job) => job.id))).toEqual(new Set(['j.3', 'j.4']));
    expect(await queue.getJob('j.1')).toBeUndefined();
  });

  test('finished jobs above an age are removed when another job finishes', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async () => 'ok');
    const add = (jobId: string) => queue.add('r', {}, { jobId, removeOnComplete: { age: 1 } });
    await add('old');
    const old = await waitForState(queue, 'old', 'completed');
    await until(() => Date.now() > (old.finishedOn ?? 0) + 2_000, { timeout: 5_000 });
    await add('new');
    await waitForState(queue, 'new', 'completed');
    expect(await queue.getJob('old')).toBeUndefined();
    expect((await readJob(queue, 'new')).returnvalue).toBe('ok');
  });

  test('remove() also removes the logs of a job', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async (job) => job.log('line'));
    await queue.add('render', {}, { jobId: 'r.1' });
    await (await waitForState(queue, 'r.1', 'completed')).remove();
    expect(await queue.getJob('r.1')).toBeUndefined();
    expect((await queue.getJobLogs('r.1')).count).toBe(0);
    expect(await queue.getJobState('r.1')).toBe('unknown');
  });

  test('readJobTexts() returns the data of jobs as JSON in order, and undefined for absent jobs', async () => {
    const queue = harness.queue();
    const data = { from: 'first', quoted: '"from":"x"' };
    await queue.add('render', data, { jobId: 'a.1' });
    await (await queue.add('render', data, { jobId: 'a.2' })).updateData({ from: 'second' });
    const texts = await harness.engine().readJobTexts(queue.name, ['a.2', 'a.0', 'a.1']);
    expect(texts.map((text) => text && JSON.parse(text))).toEqual([{ from: 'second' }, undefined, data]);
    expect(texts[2]).toContain('"from":"first"');
  });

  test('readJobTimes() returns ranges of failed jobs with the time of their failure, in both orders', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async () => {
      throw new Error('refused');
    });
    const failedAt: number[] = [];
    for (const id of ['f.1', 'f.2', 'f.3']) {
      // Two failures in the same millisecond would be in the order of their ids.
      await until(() => Date.now() > (failedAt.at(-1) ?? 0));
      await queue.add('render', {}, { jobId: id, attempts: 1 });
      failedAt.push((await waitForState(queue, id, 'failed')).finishedOn ?? 0);
    }
    const [first, second, third] = failedAt.map((at, index) => ({ id: `f.${index + 1}`, at }));
    const { engine } = harness;
    const read = (from: number, to: number, latestFirst?: boolean) =>
      engine().readJobTimes(queue.name, 'failed', { from, to, ...(latestFirst ? { latestFirst } : {}) });
    expect(await read(0, 1)).toEqual([first, second]);
    expect(await read(2, 9)).toEqual([third]);
    expect(await read(3, 9)).toEqual([]);
    expect(await read(0, 1, true)).toEqual([third, second]);
  });

  test('readJobTimes() returns until when jobs are delayed, also after another delay', async () => {
    const queue = harness.queue();
    const before = Date.now();
    await queue.add('render', {}, { jobId: 'd.1', delay: 3_600_000 });
    await (await queue.add('render', {}, { jobId: 'd.2', delay: 1_000_000 })).changeDelay(7_200_000);
    const after = Date.now();
    const times = await harness
      .engine()
      .readJobTimes(queue.name, 'delayed', { from: 0, to: 9, latestFirst: true });
    expect(times.map(({ id }) => id)).toEqual(['d.2', 'd.1']);
    for (const [index, delay] of [7_200_000, 3_600_000].entries()) {
      expect(times[index]?.at).toBeGreaterThanOrEqual(before + delay);
      expect(times[index]?.at).toBeLessThanOrEqual(after + delay);
    }
  });

  test('countEnded() counts the jobs that ended in each span, and no job twice', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async () => 'image');
    const ended: number[] = [];
    for (const id of ['c.1', 'c.2', 'c.3']) {
      await until(() => Date.now() > (ended.at(-1) ?? 0));
      await queue.add('render', {}, { jobId: id });
      ended.push((await waitForState(queue, id, 'completed')).finishedOn ?? 0);
    }
    const [first = 0, second = 0, third = 0] = ended;
    const count = (times: number[]) => harness.engine().countEnded(queue.name, 'completed', times);
    expect(await count([first - 1_000, first, second, third])).toEqual([0, 1, 1, 1]);
    expect(await count([first - 1_000, third])).toEqual([2, 1]);
    expect(await count([third + 1])).toEqual([0]);
    expect(await harness.engine().countEnded(queue.name, 'failed', [first])).toEqual([0]);
  });

  test('readAddedJobs() returns the jobs of one priority in the order in which they run', async () => {
    const queue = harness.queue();
    for (const [jobId, priority] of [
      ['a.1', 10],
      ['a.2', 1],
      ['a.3', 10],
    ] as const)
      await queue.add('render', {}, { jobId, priority });
    await queue.add('render', {}, { jobId: 'a.4', priority: 10, delay: 60_000 });
    const read = async (priority: number) => (await harness.engine().readAddedJobs(queue.name, priority)).ids;
    expect([await read(1), await read(10), await read(2)]).toEqual([['a.2'], ['a.1', 'a.3'], []]);
  });

  test('readAddedJobs() after an earlier read returns every job that was added since, also after the queue was empty', async () => {
    const queue = harness.queue();
    let last: JobPlace | undefined;
    const add = (jobId: string) => queue.add('render', {}, { jobId, priority: 10 });
    const readAdded = async () => {
      const added = await harness.engine().readAddedJobs(queue.name, 10, last);
      last = added.last;
      return added.ids;
    };
    await Promise.all(['b.1', 'b.2'].map(add));
    expect((await readAdded()).sort()).toEqual(['b.1', 'b.2']);
    await add('b.3');
    expect(await readAdded()).toContain('b.3');
    const worker = await harness.worker(queue, async () => undefined);
    await waitForState(queue, 'b.3', 'completed');
    // The worker found no other job after it.
    await add('b.4');
    await waitForState(queue, 'b.4', 'completed');
    await worker.close();
    for (const id of ['b.5', 'b.6', 'b.7', 'b.8']) await add(id);
    expect(await readAdded()).toEqual(['b.5', 'b.6', 'b.7', 'b.8']);
  });

  test('findExistingJobs() returns the ids of jobs that exist, in any state', async () => {
    const queue = harness.queue();
    await queue.add('render', {}, { jobId: 'e.1' });
    await queue.add('render', {}, { jobId: 'e.2', delay: 60_000 });
    const found = await harness.engine().findExistingJobs(queue.name, ['e.0', 'e.1', 'e.2']);
    expect([...found].sort()).toEqual(['e.1', 'e.2']);
    expect((await harness.engine().findExistingJobs(queue.name, [])).size).toBe(0);
  });
}
