import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testObserving(bench: EngineHarness): void {
  test('progress and log lines are kept and told', async () => {
    const queue = bench.queue();
    const events = await bench.events(queue);
    const told = createCollector<unknown>();
    events.on('progress', ({ jobId, data }) => told.add([jobId, data]));
    await bench.worker(queue, async (job) => {
      await job.updateProgress({ step: 'poll', percent: 40 });
      await job.log('asked the provider');
      await job.log('asked again');
    });
    await queue.add('render', {}, { jobId: 'r.1' });
    const job = await waitForState(queue, 'r.1', 'completed');
    expect(job.progress).toEqual({ step: 'poll', percent: 40 });
    expect(await queue.getJobLogs('r.1')).toEqual({ logs: ['asked the provider', 'asked again'], count: 2 });
    await told.atLeast(1);
    expect(told.all).toEqual([['r.1', { step: 'poll', percent: 40 }]]);
  });

  test('what happens to a job is told', async () => {
    const queue = bench.queue();
    const events = await bench.events(queue);
    const told = createCollector<string>();
    events.on('added', ({ jobId }) => told.add(`added ${jobId}`));
    events.on('delayed', ({ jobId }) => told.add(`delayed ${jobId}`));
    events.on('active', ({ jobId }) => told.add(`active ${jobId}`));
    events.on('completed', ({ jobId, returnvalue }) =>
      told.add(`completed ${jobId} ${JSON.stringify(returnvalue)}`),
    );
    events.on('failed', ({ jobId, failedReason }) => told.add(`failed ${jobId} ${failedReason}`));
    await bench.worker(queue, async (job) => {
      if (job.id === 'bad') throw new Error('refused');
      return { key: 'images/1.png' };
    });
    await queue.add('render', {}, { jobId: 'good', delay: 50 });
    await queue.add('render', {}, { jobId: 'bad', attempts: 1 });
    await until(() => told.all.length >= 7, { what: '7 events' }).catch(() => undefined);
    expect(told.all.filter((line) => line.includes('good'))).toEqual([
      'added good',
      'delayed good',
      'active good',
      'completed good {"key":"images/1.png"}',
    ]);
    expect(told.all.filter((line) => line.includes('bad'))).toEqual([
      'added bad',
      'active bad',
      'failed bad refused',
    ]);
  });

  test('whoever adds a job can wait for its end', async () => {
    const queue = bench.queue();
    const events = await bench.events(queue);
    await bench.worker(queue, async (job) => {
      if (job.data.bad) throw new Error('refused');
      return 'image';
    });
    const good = await queue.add('render', {}, { jobId: 'good' });
    expect(await good.waitUntilFinished(events, 10_000)).toBe('image');
    const bad = await queue.add('render', { bad: true }, { jobId: 'bad', attempts: 1 });
    await expect(bad.waitUntilFinished(events, 10_000)).rejects.toThrow('refused');
  });

  test('a dashboard counts jobs and pages through them', async () => {
    const queue = bench.queue();
    await bench.worker(queue, async (job) => {
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

  test('finished jobs are kept up to a count', async () => {
    const queue = bench.queue('kept', { defaultJobOptions: { removeOnComplete: { count: 2 } } });
    await bench.worker(queue, async () => 'ok');
    for (const id of ['j.1', 'j.2', 'j.3', 'j.4']) {
      await queue.add('render', {}, { jobId: id });
      await waitForState(queue, id, 'completed');
    }
    const kept = await queue.getJobs(['completed']);
    expect(new Set(kept.map((job) => job.id))).toEqual(new Set(['j.3', 'j.4']));
    expect(await queue.getJob('j.1')).toBeUndefined();
  });

  test('finished jobs are kept up to an age, looked at when another finishes', async () => {
    const queue = bench.queue();
    await bench.worker(queue, async () => 'ok');
    const add = (jobId: string) => queue.add('r', {}, { jobId, removeOnComplete: { age: 1 } });
    await add('old');
    const old = await waitForState(queue, 'old', 'completed');
    await until(() => Date.now() > (old.finishedOn ?? 0) + 2_000, { timeout: 5_000 });
    await add('new');
    await waitForState(queue, 'new', 'completed');
    expect(await queue.getJob('old')).toBeUndefined();
    expect((await readJob(queue, 'new')).returnvalue).toBe('ok');
  });

  test('removed with its logs, a job leaves nothing', async () => {
    const queue = bench.queue();
    await bench.worker(queue, async (job) => job.log('line'));
    await queue.add('render', {}, { jobId: 'r.1' });
    await (await waitForState(queue, 'r.1', 'completed')).remove();
    expect(await queue.getJob('r.1')).toBeUndefined();
    expect((await queue.getJobLogs('r.1')).count).toBe(0);
    expect(await queue.getJobState('r.1')).toBe('unknown');
  });

  test('the data of many jobs is read as the JSON that it is, in order, and absent jobs are absent', async () => {
    const queue = bench.queue();
    const data = { from: 'first', quoted: '"from":"x"' };
    await queue.add('render', data, { jobId: 'a.1' });
    await (await queue.add('render', data, { jobId: 'a.2' })).updateData({ from: 'second' });
    const texts = await bench.engine().readJobTexts(queue.name, ['a.2', 'a.0', 'a.1']);
    expect(texts.map((text) => text && JSON.parse(text))).toEqual([{ from: 'second' }, undefined, data]);
    expect(texts[2]).toContain('"from":"first"');
  });
}
